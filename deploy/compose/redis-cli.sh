#!/bin/sh
# In the redis container: redis-cli, logged in as the user who may only read.
#   docker compose exec redis tertulia-redis-cli XLEN tertulia:work:tts
# The password goes by the environment: what stands on a command line, everybody on the machine can see.
login=$(sed 's|^[a-z]*://||; s|@.*||' /run/secrets/TERTULIA_REDIS_URL)
REDISCLI_AUTH=${login#*:}
export REDISCLI_AUTH
exec redis-cli --no-auth-warning --user "${login%%:*}" "$@"
