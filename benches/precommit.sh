#!/usr/bin/env bash
# What `avow check --against git:HEAD` costs on a hundred files, as a multiple of `git status` of the same tree.
# Both run in turn, so that what else the machine does hits both. Usage: benches/precommit.sh [AVOW] [ROUNDS]
set -euo pipefail
avow=$(realpath "${1:-$(dirname "$0")/../target/release/avow}")
rounds=${2:-51}
# A program that does not start is quick.
"$avow" --version > /dev/null || { echo "no program at $avow; build it: cargo build --release" >&2; exit 1; }
export HOME=$(mktemp -d)
trap 'rm -rf "$HOME"' EXIT
cd "$HOME"

schema() { # number, type of the last field
    printf '{\n  "type": "record",\n  "name": "Record%s",\n  "namespace": "com.acme",\n  "fields": [\n' "$1"
    for field in $(seq 1 20); do
        printf '    {"name": "field_%s", "type": ["null", "string"], "default": null},\n' "$field"
    done
    printf '    {"name": "status", "type": {"type": "enum", "name": "Status%s", "symbols": ["NEW", "PAID"]}},\n' "$1"
    printf '    {"name": "last", "type": "%s"}\n  ]\n}\n' "$2"
}

git init --quiet .
git config user.name bench
git config user.email bench@example.com
mkdir schemas
for number in $(seq 1 100); do schema "$number" int > "schemas/record-$number.avsc"; done
git add --all
git commit --quiet --message one

took() { # microseconds of a command
    local from to
    from=$(date +%s%N)
    local code=0
    "$@" > /dev/null 2>&1 || code=$?
    to=$(date +%s%N)
    # 1 is what a check ends with that found something.
    [ "$code" -le 1 ] || { echo "$* ended with $code" >&2; exit 1; }
    echo $(((to - from) / 1000))
}
median() { sort -n | sed -n "$(((rounds + 1) / 2))p"; }

measure() {
    local status check
    status=$(mktemp) check=$(mktemp)
    for _ in $(seq 1 "$rounds"); do
        took git status >> "$status"
        took "$avow" check --against git:HEAD schemas >> "$check"
    done
    status=$(median < "$status") check=$(median < "$check")
    awk -v what="$1" -v s="$status" -v c="$check" \
        'BEGIN { printf "%-24s git status %6.1f ms, avow check %6.1f ms: %.2f times\n", what, s / 1000, c / 1000, c / s }'
}

measure "nothing changed:"
for number in $(seq 1 5); do schema "$number" long > "schemas/record-$number.avsc"; done
measure "5 of 100 changed:"
for number in $(seq 1 100); do schema "$number" long > "schemas/record-$number.avsc"; done
measure "all changed, compatible:"
for number in $(seq 1 100); do schema "$number" string > "schemas/record-$number.avsc"; done
measure "all changed, broken:"
