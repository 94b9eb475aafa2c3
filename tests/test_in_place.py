"""The photo itself is replaced: whole, in its own format, or not at all; docs/editors.md says how to use that."""

import os
import re
from pathlib import Path

import pytest
from fakes import fake_stylizer
from PIL import Image
from typer.main import get_command

from arbitrary_nst import cli
from arbitrary_nst.errors import OptionError
from arbitrary_nst.files import directory
from arbitrary_nst.options import RefineOptions
from arbitrary_nst.refinement.record import Refined, Step


@pytest.fixture
def folder(tmp_path, monkeypatch):
    for name in ("a.jpg", "b.png", "c.gif", "style.png"):
        Image.new("RGB", (20, 10), (200, 100, 50)).save(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def replaced(*photos, style="style.png", **options):
    return list(fake_stylizer().stylize_many(photos, style, in_place=True, **options))


def test_each_photo_becomes_its_picture(folder):
    os.chmod("a.jpg", 0o640)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    results = replaced("a.jpg", "b.png")
    assert [(each.input, each.output, each.error) for each in results] == [
        ("a.jpg", "a.jpg", None),
        ("b.png", "b.png", None),
    ]
    after = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert {name for name in before if before[name] != after[name]} == {
        "a.jpg",
        "b.png",
    } and before.keys() == after.keys()
    for name, format in (("a.jpg", "JPEG"), ("b.png", "PNG")):
        with Image.open(name) as image:
            assert (image.format, image.size) == (format, (20, 10))
            image.load()
    if os.name != "nt":
        assert Path("a.jpg").stat().st_mode & 0o777 == 0o640


@pytest.mark.skipif(os.name == "nt", reason="links")
def test_what_a_link_leads_to_is_replaced(folder):
    os.symlink("a.jpg", "link.jpg")
    before = Path("a.jpg").read_bytes()
    assert replaced("link.jpg")[0].error is None
    assert Path("link.jpg").is_symlink() and Path("a.jpg").read_bytes() != before


def test_a_write_that_fails_leaves_the_photo(folder, monkeypatch):
    def full(self, *_):
        raise OSError(28, "No space left on device")

    before = Path("a.jpg").read_bytes()
    monkeypatch.setattr(directory.Directory, "replace", full)
    (result,) = replaced("a.jpg")
    assert "disk is full" in str(result.error)
    assert Path("a.jpg").read_bytes() == before and not list(folder.glob(".arbstyle*"))


def test_a_refinement_that_was_stopped_leaves_the_photo(folder):
    class Refiner:
        def refine(self, photo, style, start, on_step):
            step = Step(0, 20, 0.0, 1.0, 1.0, 1.0, 3.0, 2, 1.0)
            return Refined(photo, [step], "stopped")

    stylizer, before = fake_stylizer(), Path("a.jpg").read_bytes()
    stylizer.vgg19 = stylizer.refiner = lambda how: Refiner()
    (result,) = stylizer.stylize_many("a.jpg", "style.png", in_place=True, refine=RefineOptions())
    assert "left as it was" in str(result.error) and Path("a.jpg").read_bytes() == before


def test_a_kind_that_is_not_written_is_left(folder):
    os.rename("b.png", "named_wrongly.jpg")
    before = Path("c.gif").read_bytes()
    results = replaced("c.gif", "named_wrongly.jpg")
    assert all("in place it would become a png" in str(each.error) for each in results) and len(results) == 2
    assert Path("c.gif").read_bytes() == before


@pytest.mark.parametrize(
    ("photos", "options", "line"),
    [
        (["a.jpg"], {"output": "out"}, "no other output"),
        (["a.jpg"], {"format": "png"}, "keeps its own"),
        (["a.jpg"], {"existing": "skip"}, "nothing tells which are done"),
        (["a.jpg"], {"existing": "rename"}, "nothing tells which are done"),
        (["a.jpg"], {"style": ["style.png", "a.jpg"]}, "one style"),
        (["."], {}, "folder: cannot be replaced"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_line(folder, photos, options, line):
    with pytest.raises(OptionError, match=line):
        replaced(*photos, **options)
    assert sorted(path.name for path in folder.iterdir()) == ["a.jpg", "b.png", "c.gif", "style.png"]


def test_the_recipes_for_editors_name_options_that_there_are():
    page = (Path(__file__).resolve().parent.parent / "docs" / "editors.md").read_text(encoding="utf-8")
    flags = {flag for each in get_command(cli.app).commands["run"].params for flag in each.opts}
    lines = re.findall(r"arbstyle run .*", page)
    assert sum("--in-place" in line for line in lines) >= 3
    assert {flag for line in lines for flag in re.findall(r"(?<![\w-])--?[a-z][a-z-]*", line)} <= flags
