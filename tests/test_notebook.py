"""What a notebook shows, and its page's code."""

import ast
import re
from pathlib import Path

import numpy as np
from fakes import fake_stylizer

from arbitrary_nst import Stylizer
from arbitrary_nst.styles import Style


def test_a_style_shows_its_name_harmlessly():
    shown = Style(np.zeros(100, np.float32), "digest", "<script>")._repr_html_()
    assert "&lt;script&gt;" in shown and "100 numbers" in shown and "<script>" not in shown


def test_a_stylizer_shows_model_and_engine_and_loads_nothing():
    stylizer = Stylizer("mini", engine="openvino")
    assert stylizer._repr_html_() == "<b>Stylizer</b>: model mini, not loaded yet; engine openvino"
    assert not {"model", "engine"} & vars(stylizer).keys()
    assert fake_stylizer()._repr_html_() == "<b>Stylizer</b>: model lite; engine fake, f32"


def test_the_pages_code_can_be_compiled():
    page = (Path(__file__).resolve().parent.parent / "docs" / "notebook.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    ast.parse(block)
