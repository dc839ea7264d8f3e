#!/bin/bash
# A container's health check: `tertulia-healthcheck PORT` exits with 0 if http://127.0.0.1:PORT/healthz answers 200,
# else with 1 and the reason. bash opens the connection itself, because a Python for each check would cost 0.1 to 0.3 s
# of CPU, and the images have no curl.
set -u
port=$1
patience_s=4

if ! exec 3<>"/dev/tcp/127.0.0.1/$port"; then
    echo "port $port does not accept connections"
    exit 1
fi 2>/dev/null
printf 'GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:%s\r\nConnection: close\r\n\r\n' "$port" >&3
if ! read -r -t "$patience_s" _ status rest <&3; then
    echo "port $port does not answer within $patience_s s"
    exit 1
fi
[ "$status" = 200 ] && exit 0
echo "port $port answers $status ${rest%$'\r'}"
while read -r -t "$patience_s" line && [ "${line%$'\r'}" ]; do :; done <&3
read -r -t "$patience_s" -N 500 body <&3 || true
echo "${body:-}"
exit 1
