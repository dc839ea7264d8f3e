#!/bin/sh
# In the redis container: redis-cli, logged in as the user who may only read; with --operator first, as the one who may
# write and ask Redis whom it refused.
#   docker compose exec redis tertulia-redis-cli XLEN tertulia:work:tts
#   docker compose exec redis tertulia-redis-cli --operator ACL LOG
# The password goes by the environment: what stands on a command line, everybody on the machine can see.
secrets=/run/secrets
if [ "${1:-}" = --operator ]; then
    secrets=/run/operator
    shift
fi
login=$(sed 's|^[a-z]*://||; s|@.*||' "$secrets/TERTULIA_REDIS_URL")
REDISCLI_AUTH=${login#*:}
export REDISCLI_AUTH
exec redis-cli --no-auth-warning --user "${login%%:*}" "$@"
