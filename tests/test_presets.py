"""Presets: every one makes sense, its options are those of the groups, and what is given counts more."""

import dataclasses
import sys
from pathlib import Path
from typing import get_args

import pytest
from fakes import fake_stylizer
from PIL import Image
from test_cli import invoke

from arbitrary_nst import DrawOptions, Stylizer, presets
from arbitrary_nst.cli.styling import PresetName
from arbitrary_nst.errors import OptionError
from arbitrary_nst.options import declared, differing


@pytest.mark.parametrize("name", presets.PRESETS)
def test_a_preset_is_options_that_differ(name):
    chosen = presets.options(name)
    assert differing(DrawOptions(**chosen)) == chosen and presets.PRESETS[name].about
    assert fake_stylizer().stylize(Image.new("RGB", (30, 20)), Image.new("RGB", (30, 20), "red"), **chosen)


@pytest.mark.slow
def test_a_built_in_style_that_was_learnt_is_drawn_by_every_preset():
    stylizer, photo = Stylizer("mini"), Image.new("RGB", (40, 30), "teal")
    style = stylizer.style("watercolour")
    assert style.learnt
    for name in presets.PRESETS:
        assert stylizer.stylize(photo, style, **presets.options(name))
    drawn = stylizer.stylize(photo, {"watercolour": 1, "fresco": 1}, colors="match")
    assert drawn.size == (40, 30)


def test_names():
    assert get_args(PresetName) == tuple(presets.PRESETS)
    with pytest.raises(OptionError, match="Try: portrait"):
        presets.options("portrit")
    presets.options("bold")["strength"] = 0
    assert presets.options("bold")["strength"] != 0


def seen_by_run(monkeypatch, *words):
    """The drawing options that a command line means."""
    told = []
    monkeypatch.setattr(
        "arbitrary_nst.files.settings.Settings.of", lambda output, draw, *groups, **options: told.append(draw) or 1 / 0
    )
    assert invoke("run", "a.png", "-s", "a.png", *words, monkeypatch=monkeypatch) == 1
    return told[0]


def test_what_is_given_counts_more(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (30, 20)).save("a.png")
    assert seen_by_run(monkeypatch) == DrawOptions()
    for name in presets.PRESETS:
        chosen = presets.options(name)
        assert seen_by_run(monkeypatch, "--preset", name) == DrawOptions(**chosen)
        given = dataclasses.replace(DrawOptions(**chosen), strength=1.0)
        assert seen_by_run(monkeypatch, "--strength", "1", "--preset", name) == given


def test_they_are_listed(monkeypatch, capsys):
    assert invoke("presets", monkeypatch=monkeypatch) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines[::2]] == list(presets.PRESETS)
    flags = {f"--{option.name.replace('_', '-')}" for option in declared(DrawOptions)}
    for line in lines[1::2]:
        assert {word for word in line.split() if word.startswith("--")} <= flags


def test_the_page_says_what_the_table_does(monkeypatch, capsys):
    page = (Path(__file__).resolve().parent.parent / "docs" / "dials.md").read_text(encoding="utf-8")
    assert invoke("presets", monkeypatch=monkeypatch) == 0
    lines = capsys.readouterr().out.splitlines()
    for name, flags in zip(lines[::2], lines[1::2], strict=True):
        assert f"| `{name.split(':')[0]}` | `{flags.strip()}` |" in page


def test_listing_them_loads_nothing():
    import subprocess

    script = "from arbitrary_nst.cli import main; import sys; sys.argv = ['arbstyle', 'presets']\n"
    script += "try: main()\nexcept SystemExit: pass\nprint('numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=Path.cwd())
    assert done.stdout.splitlines()[-1] == "False"
