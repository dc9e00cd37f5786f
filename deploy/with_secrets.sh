#!/bin/sh
# Every file /run/secrets/BATON_… becomes the variable of its name; then the command takes this process's place.
set -eu
for file in /run/secrets/BATON_* /run/secrets/baton/BATON_*; do
    [ -f "$file" ] || continue
    if [ -n "$(find -L "$file" -perm /007)" ]; then
        echo "with-secrets: $file may be read by everybody: chmod 640, group 10001" >&2
        exit 1
    fi
    value=$(cat "$file")
    [ -n "$value" ] || { echo "with-secrets: $file is empty" >&2; exit 1; }
    export "$(basename "$file")=$value"
done
exec "$@"
