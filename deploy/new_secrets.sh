#!/bin/sh
# new_secrets.sh FOLDER: the secrets of compose.yml and kubernetes/, one a file; those that are there stay as they are.
# As root, so that only root and the containers' group (10001) can read them.
set -eu
folder=${1:?usage: new_secrets.sh FOLDER [address of PostgreSQL, default postgres:5432]}
address=${2:-postgres:5432}
umask 077
mkdir -p "$folder"
random() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }
make() { [ -s "$folder/$1" ] || printf '%s\n' "$2" > "$folder/$1"; }
make POSTGRES_PASSWORD "$(random)"
for name in BATON_SHOP_TOKEN BATON_BOT_TOKEN BATON_IDENTITY_SECRET; do make "$name" "$(random)"; done
password=$(cat "$folder/POSTGRES_PASSWORD")
make BATON_DESK_DATABASE_URL "postgresql://baton:$password@$address/desk"
make BATON_TRACKER_DATABASE_URL "postgresql://baton:$password@$address/tracker"
make BATON_SHOP_DATABASE_URL "postgresql://baton:$password@$address/shop"
chmod 750 "$folder"
chmod 640 "$folder"/*
if [ "$(id -u)" = 0 ]; then chgrp -R 10001 "$folder"; else echo "new_secrets: not root: chgrp -R 10001 $folder" >&2; fi
