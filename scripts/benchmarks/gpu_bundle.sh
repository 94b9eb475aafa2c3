#!/usr/bin/env bash
# Gather what gpu.py needs on a machine with a GPU, PyTorch and JAX, but no network, into one folder under 60 MB.
#
#   scripts/benchmarks/gpu_bundle.sh FOLDER          # then copy FOLDER there, and: bash FOLDER/run.sh
#
# PYTHON is that machine's version (3.12). MODELS is a folder with lite, magenta and vgg19, where they are at hand;
# of magenta only the shapes travel, since random weights cost the same arithmetic. ONLY_OURS=1 leaves the wheels out.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
out=${1:?usage: gpu_bundle.sh FOLDER}
models=${MODELS:-${ARBSTYLE_SHARED:-$root/../shared}/models}
python=${HOST_PYTHON:-$root/.venv/bin/python}

[ ! -e "$out" ] || { echo "$out: is there already" >&2; exit 2; }
mkdir -p "$out/site" "$out/programs" "$out/pictures" "$out/vgg19"
cp -r "$root/arbitrary_nst" "$out/site/"
find "$out/site" -name __pycache__ -prune -exec rm -rf {} +
mkdir "$out/site/arbitrary_nst/models"
cp "$root"/models/*.toml "$out/site/arbitrary_nst/models/"
rm -rf "$out/site/arbitrary_nst/images/library"/{*.webp,learnt}
cp "$root"/scripts/benchmarks/gpu{,_rows,_passes,_steps}.py "$out/"
cp "$root/scripts/samples/landscape.jpg" "$out/pictures/photo.jpg"
cp "$root/scripts/samples/woodblock_waves.jpg" "$out/pictures/style.jpg"
cp "$models"/vgg19/*.h5 "$out/vgg19/" 2>/dev/null || echo "no VGG19 at hand: random weights of its shape" >&2

PYTHONPATH=$root "$python" - "$out/programs" "$models" <<'PYTHON'
import sys
from pathlib import Path

import numpy as np

from arbitrary_nst import model_zoo
from arbitrary_nst.engines.openvino.reading import halves_of, photo_program
from arbitrary_nst.engines.program import Program
from arbitrary_nst.errors import NSTError

out, models = map(Path, sys.argv[1:])
for name in ("mini", "lite", "magenta"):
    try:
        program = photo_program(halves_of(model_zoo.resolve(name, model_dir=models, offline=True, trust=True))[1])
    except NSTError as exc:
        print(f"{name}: left out ({exc})", file=sys.stderr)
        continue
    if name == "magenta":  # 25 MB: only the shapes of its kernels
        hollow = {key: array * 0 if array.ndim >= 4 and array.size > 1000 else array for key, array in program.constants.items()}
        program = Program(program.inputs, program.output, program.steps, hollow)
    program.save(out / f"{name}.npz")
PYTHON

if [ -z "${ONLY_OURS:-}" ]; then
    "$python" -m pip download -q --no-deps --only-binary=:all: --python-version "${PYTHON:-3.12}" --implementation cp \
        --platform manylinux_2_28_x86_64 --platform manylinux_2_27_x86_64 --platform manylinux_2_17_x86_64 \
        --platform manylinux2014_x86_64 -d "$out/wheels" \
        keras namex optree h5py pillow absl-py rich markdown-it-py mdurl pygments platformdirs psutil filelock packaging
fi

cat > "$out/run.sh" <<'RUN'
#!/usr/bin/env bash
# Measure: the table goes to stdout and, after each part, to table.md (or $1).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
unset PYTHONDONTWRITEBYTECODE PYTHONPYCACHEPREFIX
[ ! -d "$here/wheels" ] || [ -d "$here/deps" ] ||
    python3 -m pip install -q --no-index --no-deps --no-compile --target "$here/deps" "$here"/wheels/*.whl
python3 -m compileall -q -j 0 "$here" || true  # a process compiles in seconds what it finds as source alone
PYTHONPATH=$here/site:$here/deps python3 "$here/gpu.py" --bundle "$here" --output "${1:-$here/table.md}" "${@:2}"
RUN
size=$(du -sm "$out" | cut -f1)
echo "$out: $size MB" >&2
[ "$size" -lt 60 ] || { echo "$out: too large to travel" >&2; exit 1; }
