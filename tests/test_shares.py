"""`--style` words with shares, blends in files, and bad ones told before anything is loaded."""

import json
from pathlib import Path

import numpy as np
import pytest
from fakes import fake_stylizer
from PIL import Image
from test_cli import invoke

from arbitrary_nst.cli import app
from arbitrary_nst.errors import OptionError, PhotoError
from arbitrary_nst.files import shares
from arbitrary_nst.styles import Style


@pytest.fixture
def folder(tmp_path, monkeypatch):
    for name, colour in (("a.png", "red"), ("b.png", "blue"), ("photo.png", "green"), ("C:d:0.5.png", "black")):
        Image.new("RGB", (60, 40), colour).save(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def nothing_loads(monkeypatch):
    """Whatever loads a model fails."""

    def refuse(*arguments, **options):
        raise AssertionError("a model is loaded")

    monkeypatch.setattr("arbitrary_nst.model_zoo.resolve", refuse)
    monkeypatch.setattr("arbitrary_nst.engines.loaded.load_engine", refuse)


def given(*words, blend=True):
    return shares.styles_given([Path(word) for word in words], blend=blend)


def test_shares_add_up_to_1(folder):
    assert given("a.png:3", "b.png:1") == [{Path("a.png"): 0.75, Path("b.png"): 0.25}]
    assert given("a.png", "b.png") == [{Path("a.png"): 0.5, Path("b.png"): 0.5}]
    assert given("a.png:0.5", "b.png") == [{Path("a.png"): 0.5 / 1.5, Path("b.png"): 1 / 1.5}]
    assert given("a.png", "a.png", "b.png:2") == [{Path("a.png"): 0.5, Path("b.png"): 0.5}]
    assert given("a.png:0", "b.png") == [{Path("a.png"): 0, Path("b.png"): 1}]
    assert given("a.png", "b.png", blend=False) == [Path("a.png"), Path("b.png")]


def test_what_is_there_under_the_whole_name_has_no_share(folder):
    for name in ("C:d:0.5.png", "a.png:0.7", "x:1"):
        (folder / name).write_bytes((folder / "a.png").read_bytes())
        assert given(name, blend=False) == [Path(name)]
    assert given("C:d:0.5.png:3", "b.png:1") == [{Path("C:d:0.5.png"): 0.75, Path("b.png"): 0.25}]


@pytest.mark.parametrize("word", [r"C:\styles\a.png", "C:5"])
def test_a_drives_letter_is_no_picture(folder, word):
    with pytest.raises(PhotoError, match="no such file") as caught:
        given(word)
    assert word in caught.value.what
    Path("C:\\a.png").write_bytes((folder / "a.png").read_bytes())
    assert given("C:\\a.png:0.7") == [{Path("C:\\a.png"): 1}]


def test_a_folder_divides_its_share(folder):
    (folder / "styles").mkdir()
    for name in ("a.png", "b.png"):
        (folder / name).rename(folder / "styles" / name)
    found = given("styles:1", "photo.png:1")
    assert found == [{Path("styles/a.png"): 0.25, Path("styles/b.png"): 0.25, Path("photo.png"): 0.5}]
    assert shares.pictures_of(found) == [Path("styles/a.png"), Path("styles/b.png"), Path("photo.png")]


def test_what_python_gives(folder):
    style = fake_stylizer().style("a.png")
    assert shares.from_python("a.png") == [Path("a.png")] and shares.from_python(style) == [style]
    assert shares.from_python({style: 1, "b.png": 3}) == [{style: 0.25, Path("b.png"): 0.75}]
    assert shares.from_python(["a.png", {"b.png": 1}]) == [Path("a.png"), {Path("b.png"): 1}]
    for wrong in (-1, "1"):
        with pytest.raises(OptionError):
            shares.from_python({"a.png": wrong})


def test_from_python_a_folder_divides_its_share_too(folder):
    (folder / "styles").mkdir()
    for name in ("a.png", "b.png"):
        (folder / name).rename(folder / "styles" / name)
    halves = {Path("styles/a.png"): 0.25, Path("styles/b.png"): 0.25, Path("photo.png"): 0.5}
    assert shares.from_python({"styles": 1, "photo.png": 1}) == [halves]
    assert shares.from_python({"photo.png": 1, Path("photo.png"): 3}) == [{Path("photo.png"): 1}]


WRONG = [
    (("-s", "a.png:-1", "--blend"), "a share is 0 or more"),
    (("-s", "a.png:nan", "--blend"), "a share is 0 or more"),
    (("-s", "a.png:inf", "--blend"), "a share is 0 or more"),
    (("-s", "a.png:0", "-s", "b.png:0", "--blend"), "not all can be 0"),
    (("-s", "a.png:half", "--blend"), "half is no share"),
    (("-s", "a.png:", "--blend"), "nothing is no share"),
    (("-s", "a.png:0.7"), "a share without a blend"),
    (("-s", "none.png:0.7", "--blend"), "none.png: no such file"),
    (("-s", "a.png", "--mask", "none.png"), "none.png: no such file"),
    (("-s", "a.png", "--mask", "black.png"), "black all over"),
    (("-s", "a.png", "--mask", "square.png"), "a mask of 40x40 for a photo of 60x40"),
    (("-s", "a.png", "--mask", "text.txt"), "text.txt: not a"),
    (("-s", "a.png", "--mask", "."), "no file"),
    (("-s", "a.png", "--region", "square.png=b.png"), "a mask of 40x40"),
    (("-s", "a.png", "--region", "a.png=text.txt"), "text.txt: not a"),
    (("-s", "a.png", "--region", "a.png=none.png"), "none.png: no such file"),
    (("-s", "a.png", "--region", "a.png"), "no two paths"),
    (("-s", "a.png", "--strength", "3"), "out of range"),
    (("-s", "a.png", "--strength", "strong"), "no number"),
    (("-s", "a.png", "--colors", "fotos"), "unknown. Try: photo"),
    (("-s", "a.png", "--feather", "-1"), "out of range"),
    (("-s", "a.png", "--preset", "portait"), "unknown. Try: portrait"),
]


@pytest.mark.parametrize(("options", "reason"), WRONG, ids=[" ".join(options[2:] or options) for options, _ in WRONG])
def test_bad_input_is_one_line_before_a_model_is_loaded(options, reason, folder, nothing_loads, monkeypatch, capsys):
    Image.new("L", (60, 40)).save("black.png")
    Image.new("L", (40, 40), 255).save("square.png")
    Path("text.txt").write_text("no picture")
    for command in (("run", "photo.png"), ("run", "photo.png", "--dry-run"), ("grid", "photo.png", "-o", "sheet.png")):
        assert invoke(*command, *options, monkeypatch=monkeypatch) == 2
        out, err = capsys.readouterr()
        assert out == "" and len(err.splitlines()) == 1 and reason in err and "Try: " in err


def test_a_blend_is_one_style_with_a_name(folder, fake, monkeypatch, capsys):
    assert invoke("run", "photo.png", "-s", "a.png:3", "-s", "b.png:1", "--blend", monkeypatch=monkeypatch) == 0
    assert capsys.readouterr().out.startswith("photo.png -> photo__a-75+b-25.png")
    with Image.open("photo__a-75+b-25.png") as image:
        pixel = image.getpixel((5, 5))
    assert pixel == pytest.approx(
        (127.5 + 0.75 * 127.5, (255 - 128) / 2, 127.5 + 0.25 * 127.5), abs=4
    )  # a flat photo gets grain
    assert invoke("run", "photo.png", "-s", "a.png", "-s", "b.png", "--blend", monkeypatch=monkeypatch) == 0
    assert Path("photo__a+b.png").exists()


def test_shares_are_in_the_manifest(folder, fake, monkeypatch, capsys):
    call = ("run", "photo.png", "-o", "out/", "--existing", "skip", "--blend", "--json")
    for words, skipped in (
        (("a.png:0.7", "b.png:0.3"), False),
        (("a.png:7", "b.png:3"), True),
        (("a.png:0.6999", "b.png:0.3001"), False),
    ):
        styles = [word for name in words for word in ("-s", name)]
        assert invoke(*call[:2], *styles, *call[2:], monkeypatch=monkeypatch) == 0
        result = json.loads(capsys.readouterr().out)
        assert result.get("skipped", False) == skipped, words


def test_a_changed_mask_makes_the_picture_again(folder, fake, monkeypatch, capsys):
    call = ("run", "photo.png", "-s", "a.png", "-o", "out/", "--existing", "skip", "--json")
    for colour, name, skipped in ((255, "m.png", False), (255, "moved.png", True), (128, "m.png", False)):
        Image.new("L", (60, 40), colour).save(name)
        assert invoke(*call, "--mask", name, monkeypatch=monkeypatch) == 0
        assert json.loads(capsys.readouterr().out).get("skipped", False) == skipped
    Path("m.png").unlink()


def test_one_mask_for_a_folder_is_a_fault_of_photos_of_another_shape(folder, fake, monkeypatch, capsys):
    Image.new("RGB", (40, 60), "white").save("tall.png")
    Image.new("L", (30, 20), 255).save("mask.png")
    call = ("run", "photo.png", "tall.png", "-s", "a.png", "-o", "out", "--mask", "mask.png")
    assert invoke(*call, monkeypatch=monkeypatch) == 3
    out, err = capsys.readouterr()
    assert "photo.png -> " in out and "tall.png: " in err and "a mask of 30x20 for a photo of 40x60" in err


def test_dials_reach_the_picture(folder, fake, monkeypatch):
    pixels = np.zeros((40, 60), np.uint8)
    pixels[:, :30] = 255
    Image.fromarray(pixels).save("left.png")
    for command in ("run", "grid"):
        call = (command, "photo.png", "-s", "a.png", "-o", f"{command}.png", "--region", "left.png=b.png")
        assert invoke(*call, monkeypatch=monkeypatch) == 0
    with Image.open("run.png") as image:
        left, right = image.getpixel((5, 5)), image.getpixel((55, 5))
    assert left == pytest.approx((127.5, 63.5, 255), abs=4) and right == pytest.approx((255, 63.5, 127.5), abs=4)


def test_masks_in_the_folder_are_no_photos(folder, fake, monkeypatch, capsys):
    (folder / "photos").mkdir()
    for name in ("photo.png", "a.png", "b.png"):
        (folder / name).rename(folder / "photos" / name)
    Image.new("L", (60, 40), 255).save("photos/mask.png")
    Image.new("L", (60, 40), 255).save("photos/sky.png")
    dials = ("--mask", "photos/mask.png", "--region", "photos/sky.png=photos/b.png")
    call = ("run", "photos", "-s", "photos/a.png", "-o", "out", *dials)
    assert invoke(*call, monkeypatch=monkeypatch) == 0
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == 1 and "2 files, a style picture" in err and "2 files, a mask" in err


class Named(Exception):
    """Which model was asked for, before any is loaded."""


@pytest.fixture
def asked(monkeypatch):
    def stop(model, **options):
        raise Named(model)

    monkeypatch.setattr("arbitrary_nst.stylizer.Stylizer", stop)


def a_style_file(path, model="mini"):
    Style(np.zeros(896, np.float32), "digest", path.stem, model_name=model).save(path)


COMMANDS = (
    ("run", "photo.png", "-o", "out.png"),
    ("watch", ".", "-o", "out"),
    ("grid", "photo.png", "-o", "sheet.png"),
)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
@pytest.mark.parametrize(
    ("styles", "model"),
    [
        (["x.style"], "mini"),
        (["x.style", "a.png"], "mini"),
        (["mosaic"], "mini"),  # built in, and learnt
        (["mosaic", "stained-glass"], "mini"),
        (["mosaic", "a.png"], "auto"),
        (["a.png"], "auto"),
        (["x.style", "lite.style"], "auto"),  # the second is refused when it is read
    ],
    ids=" ".join,
)
def test_auto_is_the_model_whose_styles_they_are(folder, asked, command, styles, model):
    a_style_file(folder / "x.style")
    a_style_file(folder / "lite.style", "lite")
    with pytest.raises(Named, match=f"^{model}$"):
        invoke_raw(*command, *(word for style in styles for word in ("-s", style)))


def test_a_model_that_is_named_stays(folder, asked):
    a_style_file(folder / "x.style")
    with pytest.raises(Named, match=r"^lite$"):
        invoke_raw("run", "photo.png", "-s", "x.style", "-m", "lite")


def test_a_style_of_styles_is_their_model_s(folder, asked):
    a_style_file(folder / "x.style")
    with pytest.raises(Named, match=r"^mini$"):
        invoke_raw("style", "save", "x.style:0.5", "-o", "half.style")


def invoke_raw(*arguments):
    """The command, whose exceptions come through."""
    app(list(arguments), standalone_mode=False)
