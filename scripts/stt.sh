#!/bin/sh
# Brings .venv-stt up to what the stt engine `realtimestt` needs; done in milliseconds when it already is.
#
# PyTorch comes by pip, as the machine's index has it: with CUDA where that is set up so, else for the CPU. The rest is
# pinned by hash. PyAudio and torchaudio, which RealtimeSTT names, are left out: they are for microphones and sound files
# of its own, and PyAudio needs a C compiler and PortAudio.
# PYTHON=/path/to/python3.12 chooses the Python; else that of .venv.
set -eu
cd "$(dirname "$0")/.."

venv=.venv-stt
requirements=requirements/stt.txt
stamp=$venv/stt.stamp

fingerprint() { # of all that decides what is installed; a folder that was moved has dead scripts, hence the pwd
    cat "$requirements" scripts/stt.sh shared/pyproject.toml services/stt/pyproject.toml | cksum
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
echo "stt: Tertulia's own packages"
.tools/bin/uv pip install --quiet --python "$venv" --no-deps --no-build-isolation --editable ./shared --editable ./services/stt
"$venv/bin/python" -c 'import RealtimeSTT, faster_whisper, silero_vad, torch' >/dev/null
fingerprint >"$stamp"
