"""The scripts that draw sheets to look at: each one's smallest run, with a painter that is no network."""

import io
import json
import sys
from pathlib import Path

import numpy as np
import numpy_nst
import pytest
from fakes import fake_stylizer
from PIL import Image

from arbitrary_nst.errors import ModelError
from arbitrary_nst.images import resize

SCRIPTS = Path(__file__).resolve().parent.parent / "scripts" / "look"


@pytest.fixture
def look(monkeypatch):
    """The scripts' modules by name; imported anew, as their names are not the package's."""
    monkeypatch.syspath_prepend(SCRIPTS)
    yield lambda name: __import__(name)
    for name in ("make_sheets", "sheets", "material", "weather", "scenes", "photos", "draw"):
        sys.modules.pop(name, None)


@pytest.mark.parametrize("name", ["night", "fog", "flat"])
def test_scenes_are_the_same_at_every_size(name, look):
    draw = getattr(look("weather"), name)
    large, small = draw(120, 180), draw(40, 60)
    assert large.shape == (120, 180, 3) and large.dtype == np.float32
    assert large.min() >= 0 and large.max() <= 1
    np.testing.assert_array_equal(large, draw(120, 180))
    assert np.abs(resize(large, (40, 60)) - small).mean() < 0.03  # a window of two pixels has no exact place


def test_what_makes_a_scene_hard(look):
    weather = look("weather")
    assert np.ptp(weather.flat(20, 30), axis=(0, 1)).max() == 0
    assert np.median(weather.night(120, 180)) < 0.1 and weather.night(120, 180).max() > 0.8
    fog = weather.fog(240, 360)
    assert np.ptp(fog) < 0.65 and fog.min() > 0.2


def test_every_photo_is_as_large_as_asked(look):
    material = look("material")
    for name in material.OWN_PHOTOS:
        height, width, _ = material.photo(name, 0.1).shape
        assert height * width == pytest.approx(1e5, rel=0.02) and width > height, name
    assert len(material.ALL_PHOTOS) == 12 and len(material.ALL_STYLES) == 6 and len(material.OWN_STYLES) == 3


class Painter:
    """Before: the photo's negative; after: as it is."""

    drawn = 0

    def __init__(self, checkout, options):
        self._options = options

    def draw(self, model, photo, style, out):
        Painter.drawn += 1
        pixels = np.load(photo)
        return (255 - pixels if self._options else pixels), 0.5

    def close(self):
        pass


@pytest.fixture
def make_sheets(look, tmp_path, monkeypatch):
    module = look("make_sheets")
    monkeypatch.setattr(module, "Painter", Painter)
    monkeypatch.setattr(module.model_zoo, "resolve", lambda name, **options: name)
    monkeypatch.setattr("arbitrary_nst.model_zoo.resolve_vgg19", lambda file, **options: file)
    monkeypatch.setattr("arbitrary_nst.refinement.losses.read_vgg19", lambda path: numpy_nst.thin_vgg19())
    return module


@pytest.mark.slow
def test_sheets_and_tables_and_what_is_kept(make_sheets, tmp_path):
    words = [str(tmp_path / "out"), "--photos", "product", "flat", "--styles", "stained_glass", "--models", "mini"]
    words += ["--megapixels", "0.06", "--before-options", '{"max_size": 20}']
    Painter.drawn = 0
    make_sheets.main(words)
    assert Painter.drawn == 4
    made = {path.name for path in (tmp_path / "out").iterdir()}
    assert made == {
        "product.jpg",
        "product.crops.jpg",
        "flat.jpg",
        "flat.crops.jpg",
        "scores.md",
        "scores.json",
        "work",
    }
    rows = json.loads((tmp_path / "out" / "scores.json").read_text())
    assert [(row["photo"], row["when"]) for row in rows[:2]] == [("product", "before"), ("product", "after")]
    assert rows[1]["closed"] == 0 and rows[1]["edges"] == 1 and rows[0]["content"] > 0
    table = (tmp_path / "out" / "scores.md").read_text().splitlines()
    assert table[0].startswith("| photo | model | | closed |") and [line.split(" | ")[0] for line in table[2:]] == [
        "| flat", "| flat", "| product", "| product", "| all", "| all"]  # fmt: skip
    make_sheets.main(words)
    assert Painter.drawn == 4  # nothing anew
    make_sheets.main([*words[:-1], '{"max_size": 30}'])
    assert Painter.drawn == 6


@pytest.mark.slow
def test_sheets_for_documentation_are_small_and_show_only_what_is_ours(make_sheets, tmp_path):
    args = make_sheets.arguments([str(tmp_path), "--own", "--no-scores"])
    assert args.photos == make_sheets.material.OWN_PHOTOS and args.models == ["mini"]
    assert all(str(make_sheets.style_file(name)).startswith(str(SCRIPTS.parent)) for name in args.styles)
    words = [str(tmp_path / "out"), "--own", "--no-scores", "--photos", "landscape", "--styles", "brush_strokes"]
    make_sheets.main([*words, "--megapixels", "0.3", "--work", str(tmp_path / "work")])
    for path in (tmp_path / "out").glob("*.jpg"):
        assert path.stat().st_size < 75_000
    with Image.open(tmp_path / "out" / "landscape.crops.jpg") as image:
        assert image.height > 272  # at 100 %: not reduced


def test_a_model_without_published_weights_is_left_out(look, monkeypatch, capsys):
    module = look("make_sheets")

    def resolve(name, **options):
        if name == "magenta":
            raise ModelError("magenta: these are other weights")

    monkeypatch.setattr(module.model_zoo, "resolve", resolve)
    args = module.arguments(["out", "--models", "mini", "magenta"])
    assert args.models == ["mini"] and args.absent == ["magenta"]
    assert capsys.readouterr().err == "magenta: left out (magenta: these are other weights)\n"


def test_a_sheet_says_which_models_are_absent(look, tmp_path):
    picture = tmp_path / "picture.png"
    Image.new("RGB", (60, 40), "grey").save(picture)
    row = {"model": "mini", "when": "after", "style": "waves", "view": picture, "crop": picture}
    heights = []
    for absent in ((), ("magenta",)):
        look("sheets").write(tmp_path, "fog", [row, row], small=False, absent=absent)
        with Image.open(tmp_path / "fog.jpg") as image:
            heights.append(image.height)
            below = np.asarray(image.convert("L"))[heights[0] :]
    assert heights[1] > heights[0] and below.min() < 100


def test_the_painters_process_answers_line_by_line(look, tmp_path, monkeypatch, capsys):
    draw = look("draw")
    monkeypatch.setattr(draw, "Stylizer", lambda model, **options: fake_stylizer())
    photo = np.full((20, 30, 3), 100, np.uint8)
    np.save(tmp_path / "photo.npy", photo)
    Image.fromarray(photo).save(tmp_path / "style.png")
    files = {"photo": str(tmp_path / "photo.npy"), "out": str(tmp_path / "out.npy")}
    tasks = [
        {"model": "mini", **files, "style": str(tmp_path / "style.png"), "options": {"max_size": 15}},
        {"model": "mini", **files, "style": str(tmp_path / "gone.png")},
    ]
    monkeypatch.setattr(sys, "argv", ["draw.py"])
    monkeypatch.setattr(sys, "stdin", io.StringIO("".join(json.dumps(task) + "\n" for task in tasks)))
    draw.main()
    done, failed = map(json.loads, capsys.readouterr().out.splitlines())
    assert done["seconds"] >= 0 and np.load(tmp_path / "out.npy").shape == (10, 15, 3)
    assert "gone.png" in failed["error"]
