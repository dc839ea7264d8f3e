#!/bin/sh
# Starts redis-server with the given options when the job `access` has written the files in /access that they name.
for option in "$@"; do
    case $option in
        /access/*)
            [ -r "$option" ] || echo "waiting for $option from the job access"
            until [ -r "$option" ]; do sleep 0.2; done
            ;;
    esac
done
exec docker-entrypoint.sh "$@"
