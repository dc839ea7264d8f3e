#!/bin/sh
# Resolves every dependency for Python 3.11 and 3.12 and pins it by hash in requirements/*.txt.
#
# No address goes into these files: they install from whichever index the machine is set up for. uv.lock, which holds
# addresses, stays where it was made and is ignored by git.
set -eu
cd "$(dirname "$0")/.."

uv=.tools/bin/uv
uv_options="--quiet --no-header --no-annotate --no-emit-workspace --format requirements-txt --frozen"

echo "lock: resolving"
"$uv" lock --quiet "$@"

write() { # file, what it is for, what to export…
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


# What each image installs: a service, its built-in engine, and nothing of the others.
mkdir -p requirements/images
image() { # package, extras…
    name=${1#tertulia-}
    write "requirements/images/$name.txt" "What the image of $name installs." --no-default-groups --package "$@"
}
image tertulia-gateway --extra supabase
image tertulia-stt --extra pocketsphinx
image tertulia-llm --extra supabase
image tertulia-tts --extra espeak --extra openai
image tertulia-cli --extra access --extra supabase-keys
write requirements/images/build.txt "What builds Tertulia's own packages in an image." --only-group build
{
    echo "# CUDA 12's cuBLAS, for the stt image with realtimestt. Written by \`make lock\`; do not edit."
    "$uv" pip compile --quiet --no-header --no-annotate --generate-hashes --universal --python-version 3.11 \
        "$@" requirements/images/cuda12.in
} >requirements/images/cuda12.txt.new
mv requirements/images/cuda12.txt.new requirements/images/cuda12.txt
echo "lock: requirements/images/cuda12.txt, $(grep -c '==' requirements/images/cuda12.txt) packages"

# The environment of the stt engine `realtimestt`. Left out are what it names and does not need here (see scripts/stt.sh),
# and PyTorch with its CUDA packages, which are the machine's choice.
{
    echo "# What the stt engine realtimestt needs, but for PyTorch. Written by \`make lock\`; do not edit."
    "$uv" pip compile --quiet --no-header --no-annotate --generate-hashes --universal --python-version 3.11 \
        "$@" requirements/stt.in |
        awk '/^[a-z]/ { skip = /^(torch|torchaudio|triton|pyaudio|cuda-[a-z]+|nvidia-[a-z0-9-]+)==/ } !skip'
} >requirements/stt.txt.new
mv requirements/stt.txt.new requirements/stt.txt
echo "lock: requirements/stt.txt, $(grep -c '==' requirements/stt.txt) packages"

# The environment of the tts engine `higgs`: a transformers of its own. Left out are what boson-multimodal names and never
# imports where it serves, and PyTorch with its CUDA packages, which are the machine's choice (see scripts/higgs.sh).
left_out="torchvision boto3 s3fs ruff langid jieba json-repair pydub"
overrides=$(mktemp)
trap 'rm -f "$overrides"' EXIT
# shellcheck disable=SC2086 # the names are words
printf "%s; sys_platform == 'never'\n" $left_out >"$overrides"
echo "protobuf>=6" >>"$overrides" # descript-audiotools holds it at 3.19 for no use of its own
{
    echo "# What the tts engine higgs needs, but for PyTorch. Written by \`make lock\`; do not edit."
    "$uv" pip compile --quiet --no-header --no-annotate --generate-hashes --universal --python-version 3.11 \
        --override "$overrides" "$@" requirements/higgs.in |
        awk '/^[a-z]/ { skip = /^(torch|triton|cuda-|nvidia-)/ && !/^torch(audio|-)/ } !skip'
} >requirements/higgs.txt.new
mv requirements/higgs.txt.new requirements/higgs.txt
echo "lock: requirements/higgs.txt, $(grep -c '==' requirements/higgs.txt) packages"
