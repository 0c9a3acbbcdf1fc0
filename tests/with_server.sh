# Sourced by the scripts that test the release binary from outside: `start_server` runs one on a port of its own and
# a fresh database ($url), `venv NAME PACKAGE…` makes a virtual environment ($work/NAME); both are gone at exit, with
# every process in $to_stop.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
work=$(mktemp -d)
to_stop=()
finish() {
    local process
    for process in "${to_stop[@]}"; do
        kill "$process" 2>/dev/null || true
    done
    for process in "${to_stop[@]}"; do
        wait "$process" 2>/dev/null || true
    done
    rm -rf "$work"
}
trap finish EXIT

venv() {
    local name=$1
    shift
    python3 -m venv "$work/$name"
    "$work/$name/bin/pip" install --quiet --disable-pip-version-check "$@"
}

# The binary to test: $AVOW, if somebody has one at hand.
avow=${AVOW:-$root/target/release/avow}
build_server() {
    [ -n "${AVOW-}" ] || cargo build --quiet --release --locked --manifest-path "$root/Cargo.toml"
}

start_server() {
    build_server
    : >"$work/log"
    "$avow" serve --listen 127.0.0.1:0 --database-url "sqlite://$work/avow.db" 2>"$work/log" &
    to_stop+=($!)
    # The banner names the port; it is printed once the server answers.
    until url=$(grep -o -m 1 'http://[0-9.:]*' "$work/log"); do
        kill -0 "${to_stop[-1]}" || { cat "$work/log" >&2; exit 1; }
        sleep 0.05
    done
}
