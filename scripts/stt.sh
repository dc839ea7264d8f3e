#!/bin/sh
# Installs the packages of the stt engine `realtimestt` into .venv-stt. Takes milliseconds if they are installed.
#
# pip installs PyTorch in the variant that the machine's package index offers: with CUDA, or for the CPU. All other
# packages are pinned by hash. RealtimeSTT also requires PyAudio and torchaudio, for local microphones and sound files.
# They are not used here and not installed: PyAudio needs a C compiler and PortAudio.
# PYTHON=/path/to/python3.12 chooses the Python; the default is the one of .venv.
set -eu
cd "$(dirname "$0")/.."

venv=.venv-stt
requirements=requirements/stt.txt
turn_model=requirements/turn-model.txt
stamp=$venv/stt.stamp

fingerprint() { # of all files that determine what is installed; a folder that was moved has dead scripts, hence the pwd
    cat "$requirements" "$turn_model" scripts/stt.sh shared/pyproject.toml services/stt/pyproject.toml | cksum
    echo "${PYTHON:-}"
    pwd
}

if [ -x "$venv/bin/python" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$(fingerprint)" ]; then
    exit 0
fi

python=${PYTHON:-$(.venv/bin/python -c 'import sys; print(sys._base_executable)')}
echo "stt: $venv ($("$python" --version))"
"$python" -m venv --clear "$venv"
torch=$(sed -n 's/^torch==\([0-9.]*\)$/\1/p' requirements/stt.in)
echo "stt: PyTorch $torch (200 MB; up to 3 GB where it brings CUDA)"
"$venv/bin/python" -m pip --quiet --disable-pip-version-check install "torch==$torch" 2>&1 |
    { grep -v '^WARNING: Location' || true; }
echo "stt: $(grep -c == "$requirements") packages from $requirements"
.tools/bin/uv pip install --no-config --quiet --python "$venv" --no-deps --require-hashes --requirement "$requirements"
.tools/bin/uv pip install --no-config --quiet --python "$venv" --no-deps --require-hashes --only-binary :all: \
    --requirement "$turn_model"
echo "stt: Tertulia's own packages"
.tools/bin/uv pip install --quiet --python "$venv" --no-deps --no-build-isolation --editable ./shared --editable ./services/stt
"$venv/bin/python" -c 'import RealtimeSTT, faster_whisper, silero_vad, torch' >/dev/null
fingerprint >"$stamp"
