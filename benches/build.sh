#!/bin/bash
# What a build costs and what comes out of it: seconds of a fresh `cargo build --release --bin avow`, the size of the `dist` binary,
# and its resident memory once it is started and idle on an empty SQLite database. Uses a target folder of its own, which it
# removes. Run it on a quiet machine; the registry cache must be warm (`cargo fetch`).
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d)
server=
finish() {
    [ -z "$server" ] || { kill "$server" 2>/dev/null && wait "$server" 2>/dev/null; } || true
    rm -rf "$work"
}
trap finish EXIT
export CARGO_TARGET_DIR=$work/target CARGO_INCREMENTAL=0 CARGO_TERM_COLOR=never

cargo fetch --locked --quiet
TIMEFORMAT='release build, fresh: %0R s (%0U s of CPU)'
time cargo build --quiet --locked --release --bin avow
TIMEFORMAT='dist build, fresh: %0R s (%0U s of CPU)'
time cargo build --quiet --locked --profile dist --bin avow

binary=$CARGO_TARGET_DIR/dist/avow
printf 'dist binary: %d KiB\n' $(($(stat --format=%s "$binary") / 1024))

"$binary" serve --listen 127.0.0.1:0 --database-url "sqlite://$work/avow.db" 2>"$work/log" &
server=$!
until url=$(grep -o -m 1 'http://[0-9.:]*' "$work/log"); do
    kill -0 "$server" || { cat "$work/log" >&2; exit 1; }
    sleep 0.1
done
curl -fsS -o "$work/answer" "$url/subjects"
sleep 5
printf 'idle: %d KiB resident\n' "$(awk '/^VmRSS/ { print $2 }' "/proc/$server/status")"
