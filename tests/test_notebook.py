"""What a notebook shows, and its page's code."""

import re
import sys
import types
from pathlib import Path

import numpy as np
from fakes import fake_stylizer
from PIL import Image

import arbitrary_nst
from arbitrary_nst import Stylizer
from arbitrary_nst.styles import Style


def test_a_style_shows_its_name_harmlessly():
    shown = Style(np.zeros(100, np.float32), "digest", "<script>")._repr_html_()
    assert "&lt;script&gt;" in shown and "100 numbers" in shown and "<script>" not in shown


def test_a_style_is_a_line_in_a_log():
    assert repr(Style(np.zeros(100, np.float32), "digest", "wave")) == "Style('wave', 100 numbers of digest)"


def test_a_stylizer_shows_model_and_engine_and_loads_nothing():
    stylizer = Stylizer("mini", engine="openvino")
    assert stylizer._repr_html_() == "<b>Stylizer</b>: model mini, not loaded yet; engine openvino"
    assert not {"model", "engine"} & vars(stylizer).keys()
    assert fake_stylizer()._repr_html_() == "<b>Stylizer</b>: model lite; engine fake, f32"


def test_a_style_of_a_picture_shows_its_thumbnail():
    shown = fake_stylizer().style(Image.new("RGB", (40, 40), "red"), name="red")._repr_html_()
    assert shown.startswith('<img src="data:image/jpeg;base64,') and "<b>red</b>" in shown


def test_the_pages_code_runs(tmp_path, monkeypatch):
    def interact(**widgets):
        def show_all(function):
            first, last, step = widgets["strokes"]
            for style in widgets["style"].values():
                drawn.extend(function(style, strokes=strokes) for strokes in range(first, last + 1, step))
            return function

        return show_all

    drawn = []
    page = (Path(__file__).resolve().parent.parent / "docs" / "notebook.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    monkeypatch.chdir(tmp_path)
    for name in ("photo", "starry_night", "great_wave"):
        Image.new("RGB", (40, 30), "red").save(f"{name}.jpg")
    monkeypatch.setitem(sys.modules, "ipywidgets", types.SimpleNamespace(interact=interact))
    monkeypatch.setattr(arbitrary_nst, "Stylizer", fake_stylizer, raising=False)
    exec(block, {})
    assert len(drawn) == 26 and {each.size for each in drawn} == {(40, 30)}
