"""The sample pictures: there, large enough, and drawn by the script beside them."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

SCRIPTS = Path(__file__).resolve().parent.parent / "scripts" / "samples"
STYLES = ("brush_strokes", "stained_glass", "woodblock_waves")


def test_the_photo_and_three_styles_are_here():
    sizes = {}
    for path in SCRIPTS.glob("*.jpg"):
        with Image.open(path) as image:
            sizes[path.stem] = image.size
    assert sizes.keys() == {"landscape", *STYLES, "contact_sheet"}
    assert sizes["landscape"][0] >= 1200 and sizes["landscape"][1] >= 800
    assert all(min(sizes[name]) >= 512 for name in STYLES)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["stained_glass", "woodblock_waves"])  # the others take half a minute
def test_the_script_draws_what_is_committed(name, tmp_path):
    script = (
        f"import sys, pathlib; sys.path.insert(0, {str(SCRIPTS)!r}); import make_samples; "
        "make_samples.SAMPLES = pathlib.Path(sys.argv.pop(1)); make_samples.main()"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path), name], check=True, capture_output=True)
    drawn, kept = (np.asarray(Image.open(folder / f"{name}.jpg"), float) for folder in (tmp_path, SCRIPTS))
    assert np.abs(drawn - kept).mean() < 0.5  # of 255 levels: another NumPy's sine may round differently
