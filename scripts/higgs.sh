#!/bin/sh
# Installs the packages of the tts engine `higgs` into .venv-higgs: `env` for use, `test` with the tests' packages.
# Takes milliseconds if they are already installed.
#
# The engine has its own environment, because boson-multimodal needs an old version of transformers. pip installs
# PyTorch in the variant that the machine's package index offers: with CUDA, or for the CPU.
# PYTHON=/path/to/python3.12 chooses the Python; the default is the one of .venv.
set -eu
cd "$(dirname "$0")/.."

venv=.venv-higgs
requirements=requirements/higgs.txt
stamp=$venv/higgs.stamp

fingerprint() { # of all files that determine what is installed
    cat "$requirements" scripts/higgs.sh shared/pyproject.toml services/tts/pyproject.toml | cksum
    pwd
}

if [ -x "$venv/bin/python" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$(fingerprint)" ]; then
    exit 0
fi

python=${PYTHON:-$(.venv/bin/python -c 'import sys; print(sys._base_executable)')}
echo "higgs: $venv ($("$python" --version))"
"$python" -m venv --clear "$venv"
pip="$venv/bin/python -m pip --quiet --disable-pip-version-check install"
torch=$(sed -n 's/^torch==\([0-9.]*\)$/\1/p' requirements/higgs.in)

echo "higgs: PyTorch $torch (up to 3 GB where it brings CUDA)"
$pip "torch==$torch" 2>&1 | { grep -v '^WARNING: Location' || true; }
echo "higgs: $(grep -c == "$requirements") packages from $requirements"
.tools/bin/uv pip install --no-config --quiet --python "$venv" --no-deps --require-hashes --requirement "$requirements"

site=$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
# descript-audio-codec installs a package named `tests`, which would hide this project's tests.
rm -rf "$site/tests"
if ! "$venv/bin/python" -c 'import sys, torch; sys.exit(torch.version.cuda is None)'; then
    # torchaudio's compiled parts need CUDA's libraries and are not used; without them it can be imported.
    rm -f "$site"/torchaudio/lib/*.so
fi
echo "higgs: Tertulia's own packages"
.tools/bin/uv pip install --quiet --python "$venv" --no-deps --no-build-isolation --editable ./shared --editable ./services/tts
"$venv/bin/python" -c 'import boson_multimodal.serve.serve_engine' 2>/dev/null || {
    echo "higgs: boson-multimodal does not import:" >&2
    exec "$venv/bin/python" -c 'import boson_multimodal.serve.serve_engine'
}
fingerprint >"$stamp"
