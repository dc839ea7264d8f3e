#!/bin/sh
# Installs a set of packages into .venv: `run`, or `dev` (`run` and the tests' packages). Takes milliseconds if the files
# that determine the packages have not changed since the last call.
#
# PYTHON=/path/to/python3.12 chooses the Python; the default is the first suitable one of python3.12, python3.11 and
# python3.
set -eu
cd "$(dirname "$0")/.."

want=${1:?"usage: scripts/setup.sh run|dev"}
requirements=requirements/$want.txt
[ -f "$requirements" ] || { echo "setup: no such set: $want (run or dev)" >&2; exit 2; }

fits() { # a pyenv shim exists and answers "command not found": only running it tells
    "$1" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))' >/dev/null 2>&1
}

find_python() {
    if [ -n "${PYTHON:-}" ]; then
        fits "$PYTHON" && { echo "$PYTHON"; return; }
        echo "setup: PYTHON=$PYTHON is not a Python 3.11 or 3.12 with venv." >&2
        return 1
    fi
    for python in python3.12 python3.11 python3; do
        fits "$python" && { echo "$python"; return; }
    done
    echo "setup: no Python 3.11 or 3.12 (with venv) found. Install one, for example: apt-get install python3 python3-venv" >&2
    echo "setup: if it is there under another name, say so: make ${MAKE_TARGET:-run} PYTHON=/path/to/python3.12" >&2
    return 1
}

fingerprint() { # of all files that determine what is installed
    cat "$1" requirements/tools.txt scripts/setup.sh shared/pyproject.toml cli/pyproject.toml services/*/pyproject.toml \
        shared/src/tertulia_shared/version.py |
        cksum
    echo "${PYTHON:-}"
    pwd
}

up_to_date() { # a folder that was moved has dead scripts, hence the pwd; `dev` includes `run`
    [ -x .venv/bin/python ] && [ -f ".venv/$1.stamp" ] &&
        [ "$(cat ".venv/$1.stamp")" = "$(fingerprint "requirements/$1.txt")" ]
}

if up_to_date "$want" || { [ "$want" = run ] && up_to_date dev; }; then
    exit 0
fi

if [ -f .venv/dev.stamp ]; then # what tests need stays where it once was installed
    want=dev requirements=requirements/dev.txt
fi

python=$(find_python)
version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
tools_stamp="$(cksum <requirements/tools.txt) $version"
if [ "$(cat .tools/stamp 2>/dev/null)" != "$tools_stamp" ] || ! .tools/bin/uv --version >/dev/null 2>&1; then
    echo "setup: uv, into .tools (Python $version)"
    "$python" -m venv --clear .tools
    .tools/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: \
        --requirement requirements/tools.txt
    echo "$tools_stamp" >.tools/stamp
fi

export UV_PYTHON_DOWNLOADS=never
if [ "$(.venv/bin/python -c 'import sys; print("%d.%d" % sys.version_info[:2], sys.prefix)' 2>/dev/null)" != "$version $(pwd -P)/.venv" ]; then
    echo "setup: .venv (Python $version)"
    .tools/bin/uv venv --quiet --clear --python "$python" .venv
fi
rm -f .venv/run.stamp .venv/dev.stamp
echo "setup: $(grep -c == "$requirements") packages from $requirements"
.tools/bin/uv pip sync --quiet --python .venv --require-hashes --only-binary :all: "$requirements"
echo "setup: Tertulia's own packages"
set --
for package in shared cli services/*/; do
    set -- "$@" --editable "./${package%/}"
done
.tools/bin/uv pip install --quiet --python .venv --no-deps --no-build-isolation "$@"
fingerprint "$requirements" >".venv/$want.stamp"
