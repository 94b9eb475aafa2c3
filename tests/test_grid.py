"""`arbstyle grid` and the sheet it draws."""

import numpy as np
import pytest
from PIL import Image
from test_cli import invoke

from arbitrary_nst.errors import OptionError
from arbitrary_nst.images.contact_sheet import GAP, sheet
from arbitrary_nst.styles import Style, blend


@pytest.fixture
def folder(tmp_path, monkeypatch, fake, thin):
    for name, colour in (("a.png", "red"), ("b.png", "green"), ("one.png", "blue"), ("two.png", "yellow")):
        Image.new("RGB", (90, 60), colour).save(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def pixels(path):
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def test_sheet_puts_cells_in_rows_and_columns():
    colours = [np.full((20, 40, 3), shade, np.float32) for shade in (0.1, 0.2, 0.3, 0.4, 0.5, 0.6)]
    image = np.asarray(sheet(["r", "s"], ["x", "y", "z"], iter(colours), 64))
    found = [shade for shade in range(256) if (image == shade).all(axis=2).sum() >= 40 * 20 * 0.9]
    assert found == sorted({round(c * 255) for c in (0.1, 0.2, 0.3, 0.4, 0.5, 0.6)} | {255})
    # medians: a few pixels of the letters have one of these greys too
    first, second, last = (
        np.median(np.argwhere((image == round(c * 255)).all(axis=2)), axis=0) for c in (0.1, 0.2, 0.6)
    )
    assert second - first == pytest.approx([0, 64 + GAP], abs=2)
    assert last - second == pytest.approx([20 + GAP, 64 + GAP], abs=2)


def test_a_label_too_long_is_cut():
    cells = [np.zeros((64, 64, 3), np.float32)]
    assert sheet(["a very long name of a photo " * 20], ["x" * 300], iter(cells), 64).width <= 3 * 64 + 2 * GAP


def test_styles_down_photos_across(folder, monkeypatch, capsys):
    call = ("grid", "a.png", "b.png", "-s", "one.png", "-s", "two.png", "-o", "sheet.png", "--cell", 64)
    assert invoke(*call, monkeypatch=monkeypatch) == 0
    assert capsys.readouterr().out.startswith("sheet.png  ")
    image = pixels("sheet.png")
    # the fake engine's picture: half the photo's negative, half the style's colour
    for expected in ([0, 128, 255], [128, 64, 255], [128, 255, 128], [255, 191, 128]):
        assert (np.abs(image.astype(int) - expected).max(axis=2) <= 2).sum() > 2000, expected


def test_strength_goes_from_the_photo_itself(folder, monkeypatch):
    assert invoke("grid", "a.png", "-s", "one.png", "-o", "s.png", "--kind", "strength", monkeypatch=monkeypatch) == 0
    image = pixels("s.png").astype(int)
    photo, style = [255, 0, 0], [0, 128, 255]  # red itself, and red's negative with blue
    for expected in (photo, style):
        assert (np.abs(image - expected).max(axis=2) <= 2).sum() > 1000


@pytest.mark.slow
def test_ratio_has_a_row_for_each_layer(folder, monkeypatch, capsys):
    call = ("grid", "a.png", "-s", "one.png", "-o", "r.jpg", "--kind", "ratio", "--steps", 1, "--cell", 64)
    assert invoke(*call, "--recipe", "gatys", monkeypatch=monkeypatch) == 0
    with Image.open("r.jpg") as image:
        assert image.height >= 5 * 42 and image.width >= 4 * 64
    assert invoke("grid", "a.png", "b.png", *call[2:], "--existing", "overwrite", monkeypatch=monkeypatch) == 2
    assert "one photo and one style" in capsys.readouterr().err


def test_a_sheet_of_no_format(folder, monkeypatch, capsys):
    assert invoke("grid", "a.png", "-s", "one.png", "-o", "s.gif", monkeypatch=monkeypatch) == 2
    assert "a sheet is no .gif" in capsys.readouterr().err


def test_a_sheet_replaces_nothing_unasked(folder, monkeypatch, capsys):
    before = (folder / "one.png").read_bytes(), (folder / "two.png").read_bytes()
    wrong = (("./one.png", "one of the pictures given"), ("two.png", "exists already"), ("-", "goes to a file"))
    for output, reason in wrong:
        assert invoke("grid", "a.png", "-s", "one.png", "-o", output, monkeypatch=monkeypatch) == 2
        assert reason in capsys.readouterr().err
    assert before == ((folder / "one.png").read_bytes(), (folder / "two.png").read_bytes())
    assert invoke("grid", "a.png", "-s", "one.png", "-o", "s.png", "--steps", 5, monkeypatch=monkeypatch) == 2
    assert "--kind ratio" in capsys.readouterr().err


def test_blend():
    one, two = (Style(np.full(3, value, np.float32), "m", name) for value, name in ((1, "a"), (3, "b")))
    mixed = blend({one: 0.25, two: 0.75})
    np.testing.assert_allclose(mixed.numbers, 2.5)
    assert mixed.model == "m" and mixed.name == "a-25+b-75" and blend({one: 1, two: 1}).name == "a+b"
    with pytest.raises(OptionError, match="one model"):
        blend({one: 0.5, Style(two.numbers, "other"): 0.5})
    with pytest.raises(OptionError):
        blend({})
