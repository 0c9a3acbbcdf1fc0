#!/usr/bin/env bash
# avro/benches/java/compare.sh [ROUNDS [PASSES [WARM-UP]]]: our pairs a second beside Java Avro's (JDK 17, mvn).
#
# Both parse the reader and the writer of every recorded pair from their text, as Java does by default, and check them,
# on one thread; `parse` is the part without the check. No pair is left out. Each round starts both programs anew, one
# after the other. Java is still getting faster after 40 passes, so it warms up for longer; ours needs none. On a busy
# machine the fastest pass tells more than the median. The goal is a `check` ratio of at least 5.
set -euo pipefail

rounds=${1:-3}
passes=${2:-30}
warm_up=${3:-100}
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
pairs=$root/avro/tests/vectors/pairs.jsonl.gz
build=${CARGO_TARGET_DIR:-$root/target}/corpus-java
results=$(mktemp)
trap 'rm -f "$results"' EXIT

ours() {
  (cd "$root" && cargo bench --quiet --package avow-avro --bench corpus -- "$@")
}

java_avro() {
  java -Dslf4j.internal.verbosity=ERROR -cp "$build/classes:$build/lib/*" Corpus "$@"
}

# The middle of a column of one program's results.
median() {
  awk -v who="$1" -v work="$2" -v column="$3" '$1 == who && $2 == work { print $column }' "$results" |
    sort -n | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }'
}

mvn --quiet --batch-mode --file "$here/pom.xml" dependency:copy-dependencies -DoutputDirectory="$build/lib" >&2
javac -cp "$build/lib/*" -d "$build/classes" "$here/Corpus.java"
ours "$pairs" 0 1 >/dev/null

for round in $(seq "$rounds"); do
  echo "round $round of $rounds" >&2
  ours "$pairs" 3 "$passes" | sed 's/^/avow /' >>"$results"
  java_avro "$pairs" "$warm_up" "$passes" | sed 's/^/java /' >>"$results"
done

printf '%-8s%-14s%10s%10s%8s\n' work passes avow java ratio
for work in check parse; do
  for column in 3 4; do
    avow=$(median avow $work $column)
    java=$(median java $work $column)
    awk -v work=$work -v kind="$([ $column = 3 ] && echo median || echo fastest)" -v avow="$avow" -v java="$java" \
      'BEGIN { printf "%-8s%-14s%10d%10d%8.1f\n", work, kind, avow, java, avow / java }'
  done
done
# h-1914 differs: Java's verdict depends on the order of its fields.
echo "compatible pairs: avow $(median avow check 5), java $(median java check 5)"
