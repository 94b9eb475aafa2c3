#!/bin/sh
# Set up .venv and stylize the bundled sample photo with a bundled style. Arguments go to `arbstyle run`.
set -eu
cd "$(dirname "$0")/.."
. scripts/setup_venv.sh
setup_venv heic
out="demo_out"
mkdir -p "$out"
.venv/bin/arbstyle run scripts/samples/landscape.jpg --style scripts/samples/brush_strokes.jpg \
    -o "$out/landscape__brush_strokes.jpg" --existing overwrite "$@"
echo "The picture: $(pwd)/$out/landscape__brush_strokes.jpg"
