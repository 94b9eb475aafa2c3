"""What a type checker knows of the public API, in a program of its own."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = """
from pathlib import Path
from typing import Any, assert_type

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from arbitrary_nst import NSTError, RefineOptions, Score, Style, Stylizer, blend, refine, score

stylizer = Stylizer("mini", device="cpu", notify=print, model_dir="models")
array = np.zeros((2, 2, 3), np.uint8)
style = assert_type(stylizer.style({"a.jpg": 0.5, "b.jpg": 0.5}), Style)
for given in (style, "mosaic", b"bytes", Path("a.jpg"), array, {style: 0.5, "b.jpg": 0.5}):
    assert_type(stylizer.stylize("photo.jpg", given), Image.Image)
assert_type(stylizer.stylize(array, "mosaic", mask="m.png", regions={"a": Path("b")}), NDArray[Any])
for result in stylizer.stylize_many(Path("x"), ["mosaic", {"a.jpg": 1.0}], refine=RefineOptions(steps=3), score=True):
    assert_type(result.error, NSTError | None)
    assert_type(result.score, Score | None)
refined = stylizer.refine(photo=b"photo", style_image=array, steps=3, on_step=lambda step, picture: step.step > 3)
assert_type(refined, Image.Image)
assert_type(stylizer.refine(photo=array, style_image="b.jpg", recipe="gatys", preset="bold"), NDArray[Any])
assert_type(refine("a.jpg", {"b.jpg": 1}, steps=3), Image.Image)
assert_type(refine(array, "b.jpg"), NDArray[Any])
assert_type(blend({stylizer.learn("mosaic", minutes=0.1, on_step=lambda step, draw: None): 0.5}), Style)
assert_type(score("a", "b", "c"), Score)
stylizer.stylize("a.jpg", "mosaic", strenght=1)  # wrong
stylizer.stylize("a.jpg", "mosaic", colors="blue")  # wrong
stylizer.refine(photo="a.jpg", style_image="mosaic", minutes=1)  # wrong
"""


@pytest.mark.slow
def test_a_program_is_told_what_comes_back_and_which_keyword_is_wrong(tmp_path):
    (tmp_path / "program.py").write_text(PROGRAM)
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "program.py"]
    env = {"PATH": "", "MYPYPATH": str(ROOT)}
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True)
    told = {int(line) for line in re.findall(r"^program\.py:(\d+): error: ", done.stdout, re.MULTILINE)}
    wrong = {number for number, line in enumerate(PROGRAM.splitlines(), 1) if line.endswith("# wrong")}
    assert told == wrong, done.stdout + done.stderr
