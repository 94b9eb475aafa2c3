"""The built-in styles: named, described, there, unlike one another, and drawn by the script that is committed."""

import re
import subprocess
import sys
import tomllib
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from arbitrary_nst import model_zoo
from arbitrary_nst.errors import OptionError
from arbitrary_nst.images import decode
from arbitrary_nst.images.library import FOLDER, LEARNT, description, style_names, style_picture
from arbitrary_nst.model_zoo import store
from arbitrary_nst.model_zoo.card import cards
from arbitrary_nst.styles import Style

ROOT = Path(__file__).resolve().parent.parent
SCRIPTS = ROOT / "scripts" / "samples"
LIMIT, LIMIT_LEARNT = 1_500_000, 1_400_000  # bytes, all pictures, and all learnt styles: they travel in the wheel


def test_at_least_24_styles_have_names_that_a_command_line_can_take():
    assert len(style_names()) >= 24
    assert all(re.fullmatch("[a-z]+(-[a-z]+)*", name) for name in style_names())
    assert {"brush-strokes", "stained-glass", "woodblock-waves"} <= set(style_names())


def test_every_style_is_described_in_one_line_of_its_own():
    told = [description(name) for name in style_names()]
    assert len(set(told)) == len(told)
    assert all(10 < len(line) <= 80 and line == line.strip() and line[-1] != "." for line in told)


def test_the_folder_holds_exactly_the_pictures_of_the_table():
    assert {path.stem for path in FOLDER.glob("*.webp")} == set(style_names())
    assert sum(path.stat().st_size for path in FOLDER.glob("*.webp")) < LIMIT


def test_every_learnt_style_is_a_picture_s_and_of_the_model_as_it_is():
    files = sorted((FOLDER / LEARNT / "mini").iterdir())
    assert {path.stem for path in files} <= set(style_names()) and len(files) >= 20
    assert sum(path.stat().st_size for path in files) < LIMIT_LEARNT
    card = cards()["mini"]
    digest = store.digest(store.hash_files(card, model_zoo.find("mini")))
    for path in files:
        style = Style.load(path)
        assert (style.model, style.model_name, style.name) == (digest, "mini", path.stem), path.stem
        assert style.learnt, path.stem


@pytest.mark.parametrize("name", style_names())
def test_a_picture_is_square_opaque_rgb_and_has_contrast(name):
    with Image.open(style_picture(name)) as image:
        assert (image.format, image.mode, image.size) == ("WEBP", "RGB", (384, 384))
        assert not image.getexif() and "icc_profile" not in image.info
        assert np.asarray(image.convert("L")).std() > 25  # of 255 levels: a dull picture teaches nothing


def test_a_picture_is_read_as_any_photo_is():
    path = style_picture("mosaic")
    photo = decode(path.read_bytes(), name=path.name)
    assert photo.pixels.shape == (384, 384, 3)
    assert photo.alpha is None


def test_no_two_pictures_are_alike():
    small = {name: np.asarray(Image.open(style_picture(name)).resize((24, 24)), float) for name in style_names()}
    near = min(combinations(small, 2), key=lambda pair: np.abs(small[pair[0]] - small[pair[1]]).mean())
    assert np.abs(small[near[0]] - small[near[1]]).mean() > 20, near


@pytest.mark.parametrize("ask", [description, style_picture])
def test_an_unknown_name_is_told_with_those_that_are_near(ask):
    with pytest.raises(OptionError, match="no built-in style is called 'mosiac'") as caught:
        ask("mosiac")
    assert "mosaic" in caught.value.hint and "neon" not in caught.value.hint
    with pytest.raises(OptionError) as caught:
        ask("../x")
    assert all(name in caught.value.hint for name in style_names())


def test_the_wheel_takes_what_lies_in_the_package():
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]["targets"]
    assert wheel["wheel"]["packages"] == ["arbitrary_nst"] and "exclude" not in wheel["wheel"]
    assert style_picture("mosaic").is_relative_to(ROOT / "arbitrary_nst")


def draw(names, folder):
    script = (
        f"import sys, pathlib; sys.path.insert(0, {str(SCRIPTS)!r}); import make_styles; "
        "make_styles.FOLDER = pathlib.Path(sys.argv.pop(1)); make_styles.main()"
    )
    subprocess.run([sys.executable, "-c", script, str(folder), *names], check=True, capture_output=True)


def assert_as_kept(name, folder):
    drawn, kept = (np.asarray(Image.open(place / f"{name}.webp"), float) for place in (folder, FOLDER))
    assert np.abs(drawn - kept).mean() < 2  # of 255 levels: another NumPy's sine, another WebP encoder


@pytest.mark.slow
def test_the_script_draws_what_is_kept(tmp_path):
    draw(["woven"], tmp_path)
    assert_as_kept("woven", tmp_path)


@pytest.mark.slow
def test_the_script_draws_every_style_of_the_table(tmp_path):
    draw([], tmp_path)
    assert {path.stem for path in tmp_path.glob("*.webp")} == set(style_names())
    for name in style_names():
        assert_as_kept(name, tmp_path)


def test_the_docs_list_every_style_as_the_table_does():
    rows = re.findall(r"^\| `([a-z-]+)` \| (.+) \|$", (ROOT / "docs" / "styles.md").read_text(encoding="utf-8"), re.M)
    assert {(name, description(name)) for name in style_names()} <= set(rows)
