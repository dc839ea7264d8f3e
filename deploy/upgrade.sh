#!/usr/bin/env bash
# Upgrades the containers while they are in use: builds the images, then replaces one container at a time. A worker is
# stopped only when its successor is healthy, so a reply that is being spoken continues. Run it in the folder of
# docker-compose.yml:
#   deploy/upgrade.sh                                                       (with COMPOSE_FILE from .env, if it is set)
#   deploy/upgrade.sh -f docker-compose.yml -f deploy/compose/gpu.yml       with the options that you give to `up`
#   TERTULIA_VERSION=X.Y.Z deploy/upgrade.sh --no-build                     uses the images of that release: the way back
# A service with a GPU or with a published port cannot run twice, so it is stopped before its successor starts.
set -euo pipefail
cd "$(dirname "$0")/.."
builds=yes
if [ "${1:-}" = --no-build ]; then
    builds=no
    shift
fi
options=("$@")
rolled=(stt llm tts gateway) # in this order: new workers understand old gateways, and the reverse
poll_s=0.5

compose() { docker compose "${options[@]+"${options[@]}"}" "$@"; }

say() { echo "upgrade: $*"; }

fail() {
    echo "upgrade: $*" >&2
    exit 1
}

is_rolled() {
    local each
    for each in "${rolled[@]}"; do
        [ "$each" = "$1" ] && return
    done
    return 1
}

# Everything but the gateway and the workers: the users of Redis, the models, servers of overlays. `up` replaces only
# those whose image or configuration has changed, which Redis' rarely has. No call has --no-deps: Compose would note
# another configuration in the new containers, and replace all of them at the next `up`.
replace_others() {
    local others=() service id
    for service in $(compose config --services); do
        is_rolled "$service" || others+=("$service")
    done
    compose up --detach --no-build "${others[@]}"
    for id in $(compose ps --all --quiet "${others[@]}"); do
        case $(docker inspect --format '{{.HostConfig.RestartPolicy.Name}}' "$id") in
            no | "") [ "$(docker wait "$id")" = 0 ] || fail "$(name_of "$id") failed: docker logs $(name_of "$id")" ;;
        esac
    done
}

name_of() { docker inspect --format '{{slice .Name 1}}' "$1"; }

can_run_twice() {
    local held='{{len .HostConfig.PortBindings}}{{len .HostConfig.DeviceRequests}}'
    [ "$(docker inspect --format "$held" "$1")" = 00 ]
}

# Waits until a container is healthy. Fails if it stops or becomes unhealthy.
until_healthy() {
    local state
    while :; do
        state=$(docker inspect --format '{{.RestartCount}} {{.State.Status}} {{.State.Health.Status}}' "$1")
        case $state in
            "0 running healthy") return 0 ;;
            "0 running starting") sleep "$poll_s" ;;
            *) return 1 ;;
        esac
    done
}

# Starts a container beside the others of its service; prints its id. Removes it if it does not become healthy.
start_beside() {
    local service=$1 before new
    before=$(compose ps --all --quiet "$service")
    compose up --detach --no-build --no-recreate --scale "$service=$(($(wc -w <<<"$before") + 1))" "$service" >&2
    new=$(compose ps --all --quiet "$service" | grep --invert-match --line-regexp --fixed-strings "$before")
    if ! until_healthy "$new"; then
        docker logs --tail 20 "$new" >&2
        docker rm --force --volumes "$new" >/dev/null
        fail "the new container of $service did not become healthy (its log is above); the old ones still run"
    fi
    echo "$new"
}

roll() {
    local service=$1 old id new
    old=$(compose ps --all --quiet "$service")
    if [ -z "$old" ]; then
        say "$service: starts"
        compose up --detach --no-build "$service"
        return
    fi
    for id in $old; do
        if ! can_run_twice "$id"; then
            say "$service: is replaced in place"
            compose up --detach --no-build "$service"
            return
        fi
    done
    for id in $old; do
        new=$(start_beside "$service")
        say "$service: $(name_of "$new") takes over from $(name_of "$id")"
        # SIGTERM lets a worker finish or requeue its work; Docker knows the grace period of the compose file
        docker stop "$id" >/dev/null
        docker rm --volumes "$id" >/dev/null
    done
}

# Checks only the images that are built here; `up` fetches the missing ones of others.
require_images() {
    local image missing=()
    for image in $(compose config --images | sort --unique); do
        case $image in
            *-access:* | *-gateway:* | *-stt:* | *-llm:* | *-tts:*)
                docker image inspect "$image" >/dev/null 2>&1 || missing+=("$image")
                ;;
        esac
    done
    [ "${#missing[@]}" = 0 ] || fail "nothing was replaced, because these images are not here: ${missing[*]}. \`docker images\` lists" \
        "those that are. To build them, check that release out and run the script without --no-build"
}

if [ "$builds" = yes ]; then compose build; else require_images; fi
replace_others
for service in "${rolled[@]}"; do
    roll "$service"
done
say "done"
