#!/bin/sh
# Fails if another program of this machine uses a port that this project would publish.
#   port-is-free.sh HOST [PORT]
# It runs in the network of the machine. A gateway that answers is taken for the one of this project.
host=$1
port=${2:-}

answer() {
    if command -v wget >/dev/null; then
        wget -q -T 3 -O - "http://$host:$port/healthz"
    else # an image that is not built on Alpine
        timeout 3 bash -c 'exec 3<>"/dev/tcp/$0/$1"
            printf "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n" >&3
            cat <&3' "$host" "$port"
    fi 2>/dev/null
}

case $host in
    0.0.0.0) host=127.0.0.1 ;;
    *:*) exit 0 ;; # IPv6: not checked
esac
# redis-cli, because the image has no other program that tells a refused connection from an answer that is no HTTP
if [ -z "$port" ] || timeout 3 redis-cli -h "$host" -p "$port" ping 2>&1 | grep -q 'Could not connect'; then
    exit 0
fi
if answer | grep -q '"status":"up"'; then
    exit 0
fi
echo "Port $port of this machine is in use. Name another one: TERTULIA_PORT=8001 docker compose up" >&2
exit 1
