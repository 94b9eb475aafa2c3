"""`arbstyle style`, `.style` files and built-in names where a style picture is taken."""

import json
import os
import re
from pathlib import Path

import numpy as np
import pytest
from fakes import fake_stylizer
from PIL import Image
from test_cli import invoke

from arbitrary_nst.errors import OptionError, PhotoError
from arbitrary_nst.files.given import style_pictures
from arbitrary_nst.images import library
from arbitrary_nst.images.contact_sheet import GAP, gallery
from arbitrary_nst.styles import Style


@pytest.fixture
def folder(tmp_path, monkeypatch):
    for name, colour in (("photo.png", "red"), ("green.png", "#00ff00"), ("blue.png", "#0000ff")):
        Image.new("RGB", (90, 60), colour).save(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    made = []
    monkeypatch.setattr(
        "arbitrary_nst.stylizer.Stylizer", lambda *model, **options: made.append(fake_stylizer()) or made[-1]
    )
    monkeypatch.setattr("arbitrary_nst.model_zoo.resolve_vgg19", lambda file, **options: file)
    return made


def pixels(path):
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB")).astype(int)


def run(monkeypatch, *words):
    return invoke(*words, monkeypatch=monkeypatch)


def test_a_saved_style_draws_what_its_picture_does(folder, monkeypatch, capsys):
    assert run(monkeypatch, "style", "save", "green.png", "-o", "made/moss.style") == 0
    assert re.match(r"made.moss\.style  \d+ bytes, 100 numbers of lite\n", capsys.readouterr().out)
    assert run(monkeypatch, "run", "photo.png", "-s", "green.png", "-o", "a.png") == 0
    assert run(monkeypatch, "run", "photo.png", "-s", "made/moss.style", "-o", "b.png") == 0
    np.testing.assert_array_equal(pixels("b.png"), pixels("a.png"))
    assert folder[-1].engine.styles == 0
    assert run(monkeypatch, "run", "photo.png", "-s", "made/moss.style") == 0
    assert Path("photo__moss.png").is_file()


def test_shares_are_blended(folder, monkeypatch):
    assert run(monkeypatch, "style", "save", "green.png:3", "blue.png:1", "-o", "x.style", "--name", "sea") == 0
    style = Style.load("x.style")
    np.testing.assert_allclose(style.numbers[:3], [0, 0.75, 0.25], atol=0.01)
    assert (style.name, style.source) == ("sea", "green, blue")


def test_a_file_that_is_there_stays_unless_asked_for(folder, monkeypatch, capsys):
    assert run(monkeypatch, "style", "save", "green.png", "-o", "x.style") == 0
    before = Path("x.style").read_bytes()
    assert run(monkeypatch, "style", "save", "blue.png", "-o", "x.style") == 2
    assert "exists already" in capsys.readouterr().err and Path("x.style").read_bytes() == before
    assert run(monkeypatch, "style", "save", "blue.png", "-o", "x.style", "--existing", "overwrite") == 0
    assert Path("x.style").read_bytes() != before
    assert run(monkeypatch, "style", "save", "blue.png", "-o", "x.png") == 2
    assert "-o x.style" in capsys.readouterr().err


@pytest.mark.parametrize("share", ["-1", "nan", "inf", "green.png:1e999", "much", ""])
def test_shares_that_make_no_sense(folder, monkeypatch, capsys, share):
    word = share if ":" in share else f"green.png:{share}"
    assert run(monkeypatch, "style", "save", "-o", "x.style", "--", word) == 2
    assert "share" in capsys.readouterr().err and not folder


def test_no_share_at_all(folder, monkeypatch, capsys):
    assert run(monkeypatch, "style", "save", "green.png:0", "blue.png:0", "-o", "x.style") == 2
    assert "not all can be 0" in capsys.readouterr().err and not folder


def test_show_and_list(folder, monkeypatch, capsys):
    run(monkeypatch, "style", "save", "green.png", "-o", "moss.style")
    run(monkeypatch, "style", "save", "blue.png", "-o", "sea.style")
    Path("torn.style").write_bytes(Path("sea.style").read_bytes()[:-5])
    capsys.readouterr()
    assert run(monkeypatch, "style", "show", "moss.style") == 0
    shown = capsys.readouterr().out
    assert all(word in shown for word in ("moss.style:", "name            moss", "lite", "made of         green"))
    assert run(monkeypatch, "style", "show", "--json", "moss.style") == 0
    assert json.loads(capsys.readouterr().out)["numbers"] == 100
    assert run(monkeypatch, "style", "list", ".") == 3
    out, err = capsys.readouterr()
    assert [line.split()[0] for line in out.splitlines()] == ["NAME", "moss", "sea"]
    assert err.startswith("arbstyle: torn.style: no style that can be read") and err.count("\n") == 1
    assert run(monkeypatch, "style", "show", "torn.style") == 2
    assert run(monkeypatch, "style", "list") == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()[1:]] == list(library.style_names())
    assert not folder[2:]  # a list loads nothing


def test_a_sheet_of_the_styles_of_a_folder(folder, monkeypatch, capsys):
    run(monkeypatch, "style", "save", "green.png", "-o", "moss.style")
    run(monkeypatch, "style", "save", "blue.png", "-o", "sea.style")
    Style(np.zeros(3, np.float32), "other", "alien", model_name="mini").save("alien.style")
    capsys.readouterr()
    assert run(monkeypatch, "style", "list", ".", "--on", "photo.png", "-o", "sheet.png", "--cell", 64) == 3
    out, err = capsys.readouterr()
    assert "sheet.png  " in out and "alien.style: made with mini, and lite is in use" in err
    image = pixels("sheet.png")
    for expected in ([0, 255, 128], [0, 128, 255]):
        assert (np.abs(image - expected).max(axis=2) <= 2).sum() > 2000, expected
    assert run(monkeypatch, "style", "list", ".", "--on", "photo.png") == 2
    assert "--on photo.jpg -o sheet.png" in capsys.readouterr().err


def test_a_gallery_is_wider_than_high():
    image = gallery([(str(number), np.full((40, 64, 3), number / 10, np.float32)) for number in range(7)], 64)
    assert image.width == GAP + 4 * (64 + GAP) and image.height < image.width
    shades = np.asarray(image)
    assert all((shades == round(number / 10 * 255)).all(axis=2).sum() >= 40 * 64 * 0.9 for number in range(7))


def test_a_style_file_cannot_be_refined_by(folder, monkeypatch, capsys):
    run(monkeypatch, "style", "save", "green.png", "-o", "moss.style")
    capsys.readouterr()
    for command in (("run", "photo.png", "--refine"), ("grid", "photo.png", "--kind", "ratio")):
        assert run(monkeypatch, *command, "-s", "moss.style", "-o", "x.png") == 2
        err = capsys.readouterr().err
        assert "moss.style: refinement needs the picture itself" in err and err.count("\n") == 1
    with pytest.raises(OptionError, match="needs the picture itself"):
        fake_stylizer().refine(photo="photo.png", style_image="moss.style")


def test_a_damaged_or_foreign_style_ends_a_run_before_an_engine_is_loaded(folder, monkeypatch, capsys):
    Path("torn.style").write_bytes(b"\0" * 40)
    assert run(monkeypatch, "run", "photo.png", "-s", "torn.style", "-o", "x.png") == 2
    err = capsys.readouterr().err
    assert err.startswith("arbstyle: torn.style: no style") and err.count("\n") == 1
    assert not any(each.engine.styles or each.engine.photos for each in folder)
    Style(np.zeros(896, np.float32), "other", "alien", model_name="mini").save("alien.style")
    assert run(monkeypatch, "run", "photo.png", "-s", "alien.style", "-o", "x.png") == 2
    err = capsys.readouterr().err
    assert err == "arbstyle: alien.style: made with mini, and lite is in use. Try: --model mini, or its picture\n"


def test_many_take_style_files_and_folders_of_them(folder, tmp_path):
    stylizer = fake_stylizer()
    for name in ("green", "blue"):
        (tmp_path / "styles").mkdir(exist_ok=True)
        stylizer.style(f"{name}.png").save(f"styles/{name}.style")
    results = list(stylizer.stylize_many("photo.png", ["styles", "mosaic"], output="out"))
    assert [result.error for result in results] == [None] * 3
    assert sorted(os.listdir("out"))[-3:] == ["photo__blue.png", "photo__green.png", "photo__mosaic.png"]
    with pytest.raises(PhotoError, match=r"gone\.style: no such file"):
        stylizer.stylize_many("photo.png", "gone.style", output="out")


# --- built-in styles


def test_a_built_in_name_is_its_picture_unless_a_file_has_it(folder, tmp_path):
    assert style_pictures([Path("mosaic")]) == [library.style_picture("mosaic")]
    stylizer = fake_stylizer()
    style = stylizer.style("mosaic")
    assert style.name == "mosaic" and style.source == "mosaic"
    Image.new("RGB", (40, 40), "red").save("mosaic", "PNG")
    assert style_pictures([Path("mosaic")]) == [Path("mosaic")]
    assert stylizer.style("mosaic").numbers[0] == pytest.approx(1)


def test_an_unknown_name_lists_near_ones(folder, monkeypatch, capsys):
    assert run(monkeypatch, "run", "photo.png", "-s", "mosiac", "-o", "x.png") == 2
    err = capsys.readouterr().err
    assert "mosiac: no such file, and no built-in style" in err and err.endswith("Try: mosaic\n")
    with pytest.raises(OptionError, match="one of `arbstyle style list`"):
        style_pictures([Path("qqqqqqqqqq")])
    for word in ("mosaic.jpg", "C:5", "my painting"):
        with pytest.raises(PhotoError, match="no such file"):
            style_pictures([Path(word)])


def test_what_the_model_has_learnt_is_preferred_to_the_picture(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(library, "FOLDER", tmp_path)
    Image.new("RGB", (40, 40), "red").save(tmp_path / "mosaic.webp")
    monkeypatch.setattr(library, "style_picture", lambda name: tmp_path / f"{name}.webp")
    learnt = tmp_path / "learnt" / "lite"
    learnt.mkdir(parents=True)
    stylizer = fake_stylizer()
    numbers = np.full(100, 0.25, np.float32)
    Style(numbers, "digest", "mosaic", learnt="200 steps").save(learnt / "mosaic.style")
    np.testing.assert_array_equal(stylizer.style("mosaic").numbers, numbers)
    assert stylizer.style("mosaic", style_crop="none").numbers[0] == pytest.approx(
        1
    )  # asked for otherwise: of the picture
    list(stylizer.stylize_many("photo.png", "mosaic", output="out"))
    assert stylizer.engine.styles == 1
    Style(numbers, "another version", "mosaic").save(learnt / "mosaic.style")
    assert stylizer.style("mosaic").numbers[0] == pytest.approx(1)
