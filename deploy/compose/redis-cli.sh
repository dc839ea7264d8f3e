#!/bin/sh
# Runs redis-cli in the redis container, logged in as the user that may only read; with --operator as the first
# argument, as the user that may also write, and read the log of refused commands.
#   docker compose exec redis tertulia-redis-cli XLEN tertulia:work:tts
#   docker compose exec redis tertulia-redis-cli --operator ACL LOG
# The password is passed in the environment, because every user of the machine can see a command line.
secrets=/run/secrets
if [ "${1:-}" = --operator ]; then
    secrets=/run/operator
    shift
fi
login=$(sed 's|^[a-z]*://||; s|@.*||' "$secrets/TERTULIA_REDIS_URL")
REDISCLI_AUTH=${login#*:}
export REDISCLI_AUTH
exec redis-cli --no-auth-warning --user "${login%%:*}" "$@"
