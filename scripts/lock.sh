#!/bin/sh
# Resolves every dependency for Python 3.11 and 3.12 and pins it by hash in requirements/*.txt.
#
# These files contain no addresses: packages come from the index that the machine is configured for. uv.lock contains
# addresses, so git ignores it.
set -eu
cd "$(dirname "$0")/.."

uv=.tools/bin/uv
uv_options="--quiet --no-header --no-annotate --no-emit-workspace --format requirements-txt --frozen"

echo "lock: resolving"
"$uv" lock --quiet "$@"

write() { # file, purpose, export options…
    file=$1 purpose=$2
    shift 2
    {
        echo "# $purpose Written by \`make lock\`; do not edit."
        # shellcheck disable=SC2086 # the options are words
        "$uv" export $uv_options "$@"
    } >"$file.new"
    mv "$file.new" "$file"
    echo "lock: $file, $(grep -c '==' "$file") packages"
}

write requirements/run.txt "What runs." --no-default-groups --group build
write requirements/dev.txt "What runs, and what tests and checks it." --no-default-groups --group build --group dev
write requirements/tools.txt "uv, which installs the rest; pip installs it." --only-group tools
write requirements/node.txt "Node.js with npm, for a machine that has none." --only-group node


# The packages of each image: a service and its built-in engine, nothing of other services.
mkdir -p requirements/images
image() { # package, extras…
    name=${1#tertulia-}
    write "requirements/images/$name.txt" "What the image of $name installs." --no-default-groups --package "$@"
}
image tertulia-gateway --extra supabase
image tertulia-stt --extra openai --extra pocketsphinx --extra whisper
image tertulia-llm --extra supabase
image tertulia-tts --extra espeak --extra kokoro --extra openai
image tertulia-cli --extra access --extra lan --extra supabase-keys
write requirements/images/build.txt "What builds Tertulia's own packages in an image." --only-group build

# Environments beside the workspace. They skip PyTorch with its CUDA packages, which the machine chooses, and packages
# that are named but not needed here. Existing pins stay, unless --upgrade is given.
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
compile() { # file, purpose, skipped packages (names, |), options…
    file=$1 purpose=$2 left_out=$3
    shift 3
    [ -f "$file" ] && cp "$file" "$work/pins.txt" || rm -f "$work/pins.txt"
    "$uv" pip compile --quiet --no-header --no-annotate --generate-hashes --universal --python-version 3.11 \
        --output-file "$work/pins.txt" "$@" >/dev/null
    {
        echo "# $purpose Written by \`make lock\`; do not edit."
        awk -v left_out="^($left_out)==" '/^[a-z]/ { skip = $0 ~ left_out } !skip && !/^#/' "$work/pins.txt"
    } >"$file.new"
    mv "$file.new" "$file"
    echo "lock: $file, $(grep -c '==' "$file") packages"
}

compile requirements/images/cuda12.txt "CUDA 12's cuBLAS, for the stt image with realtimestt." none \
    "$@" requirements/images/cuda12.in

compile requirements/stt.txt "What the stt engine realtimestt needs, but for PyTorch." \
    "torch|torchaudio|triton|pyaudio|cuda-[a-z]+|nvidia-[a-z0-9-]+" "$@" requirements/stt.in

# boson-multimodal requires these, but its serving code never imports them.
printf "%s; sys_platform == 'never'\n" torchvision boto3 s3fs ruff langid jieba json-repair pydub >"$work/overrides.txt"
echo "protobuf>=6" >>"$work/overrides.txt" # descript-audiotools pins it at 3.19 without using it
compile requirements/higgs.txt "What the tts engine higgs needs, but for PyTorch." \
    "torch|torchvision|triton|cuda-[a-z]+|nvidia-[a-z0-9-]+" --override "$work/overrides.txt" "$@" requirements/higgs.in
