#!/bin/sh
# Install the package into the folder $1 with the lowest version of each dependency that pyproject.toml allows, and
# draw one picture with them. Takes some minutes and 3 GB.
set -eu
cd "$(dirname "$0")/.."
place=$1
"${PYTHON:-python3}" -m venv "$place/venv"
python="$place/venv/bin/python"
"$python" - > "$place/lowest.txt" <<'PYTHON'
import re, tomllib
with open("pyproject.toml", "rb") as file:
    for line in tomllib.load(file)["project"]["dependencies"]:
        name, version = re.match(r"([\w.-]+)>=([\w.]+)", line).groups()
        print(f"{name}=={version}")
PYTHON
"$python" -m pip install --quiet --disable-pip-version-check --no-cache-dir . --constraint "$place/lowest.txt"
"$python" -m pip check
export ARBSTYLE_CACHE_DIR="$place/cache" ARBSTYLE_OFFLINE=1
photo=$(find "$PWD/scripts/samples" -name '*.jpg' | sort | head -1)
cd "$place"
"$place/venv/bin/arbstyle" run "$photo" --style "$photo" --model mini --max-size 128 --output lowest.png
"$python" -c 'import kagglehub, keras, tensorflow; from arbitrary_nst import Stylizer'
echo "drawn with the lowest versions allowed: $place/lowest.png"
