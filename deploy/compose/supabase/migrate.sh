#!/bin/bash
# Creates the roles that Supabase has before any migration, then applies each of /migrations. May be run again.
set -euo pipefail
PGPASSWORD=$(cat /run/secrets/postgres)
AUTHENTICATOR_PASSWORD=$(cat /run/secrets/authenticator)
export PGHOST=postgres PGUSER=postgres PGPASSWORD PGOPTIONS='--client-min-messages=warning' AUTHENTICATOR_PASSWORD
sql() { psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 "$@"; }

sql --file /deploy/roles.sql
for migration in /migrations/*.sql; do
    echo "migrate: ${migration##*/}"
    sql --single-transaction --file "$migration"
done
sql --command "notify pgrst, 'reload schema'"
