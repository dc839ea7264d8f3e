#!/bin/sh
# In the redis container: redis-cli, logged in as the user who may only read.
#   docker compose exec redis tertulia-redis-cli XLEN tertulia:work:tts
exec redis-cli --no-auth-warning -u "$(cat /run/secrets/TERTULIA_REDIS_URL)" "$@"
