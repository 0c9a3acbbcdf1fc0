#!/usr/bin/env bash
# Puts one version of avow into a folder: the release file of a tag, if it has the checksum given, else built from source.
#
#   ci/install.sh FOLDER
#
# AVOW_ACTION_REPOSITORY  the address of the repository, whose releases are under /releases/download
# AVOW_ACTION_VERSION     the tag, as in v0.1.0
# AVOW_ACTION_SHA256      the SHA-256 of that tag's avow-x86_64-unknown-linux-gnu.tar.gz; without it, it is built
set -euo pipefail

folder=${1:?usage: ci/install.sh FOLDER}
repository=${AVOW_ACTION_REPOSITORY:?} version=${AVOW_ACTION_VERSION:?} checksum=${AVOW_ACTION_SHA256:-}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$folder"

download() {
    [ -n "$checksum" ] && [ "$(uname -sm)" = "Linux x86_64" ] || return 1
    curl --fail --silent --show-error --location --proto '=https,file' --retry 3 --output "$work/avow.tar.gz" \
        "$repository/releases/download/$version/avow-x86_64-unknown-linux-gnu.tar.gz"
}

if download; then
    # Another file than the one that was pinned is no reason to try something else.
    echo "$checksum  $work/avow.tar.gz" | sha256sum --check --quiet
    tar -xzf "$work/avow.tar.gz" -C "$folder" avow
else
    cargo install --locked --git "$repository" --tag "$version" --root "$work" --bin avow avow-registry
    cp "$work/bin/avow" "$folder/avow"
fi
