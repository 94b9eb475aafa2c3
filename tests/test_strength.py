"""Strength, colours, masks and regions of drawn pictures, with the fake engine and with `mini`."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fakes import FakeEngine, fake_stylizer
from PIL import Image

from arbitrary_nst import DrawOptions, Stylizer, images
from arbitrary_nst.drawing.strength import HAND_OVER, share
from arbitrary_nst.engines import fitting
from arbitrary_nst.errors import EngineMemoryError, OptionError, PhotoError
from arbitrary_nst.styles import Style, blend

SAMPLES = Path(__file__).resolve().parent.parent / "scripts" / "samples"


@pytest.fixture(scope="module")
def mini():
    return Stylizer("mini", precision="f32")


@pytest.fixture(scope="module")
def photo(mini):
    return images.resize_longest(mini.read(SAMPLES / "landscape.jpg"), 160)


def random_photo(seed=0, height=40, width=60):
    return images.from_array(np.random.default_rng(seed).random((height, width, 3), np.float32))


def flat(*colour):
    return images.from_array(np.broadcast_to(np.array(colour, np.float32), (16, 16, 3)).copy())


def save(path, array):
    Image.fromarray((np.asarray(array) * 255).astype(np.uint8)).save(path)
    return path


# --- strength


def test_1_is_the_plain_picture_and_no_work():
    stylizer = fake_stylizer()
    style = stylizer.style(flat(0.2, 0.4, 0.6))
    before = stylizer.engine.styles
    plain, given = (
        stylizer.draw([random_photo()], style, options)[0] for options in (DrawOptions(), DrawOptions(strength=1))
    )
    assert (plain.pixels == given.pixels).all() and stylizer.engine.styles == before


def test_0_is_the_photo_exactly_and_draws_nothing():
    stylizer, photo = fake_stylizer(), random_photo()
    (picture,) = stylizer.draw([photo], stylizer.style(flat(1, 0, 0)), DrawOptions(strength=0, colors="photo"))
    assert (picture.pixels == photo.pixels).all() and not stylizer.engine.photos


def test_numbers_are_mixed_and_pixels_near_0():
    stylizer, photo = fake_stylizer(), flat(0.8, 0.6, 0.2)
    style = stylizer.style(flat(0.2, 0.4, 1.0))
    own = photo.pixels[0, 0]
    for strength in (0.1, 0.25, 0.5, 1.5):
        (picture,) = stylizer.draw([photo], style, DrawOptions(strength=strength))
        mixed = own + strength * (np.array([0.2, 0.4, 1.0]) - own)
        drawn = (1 - own) / 2 + mixed / 2
        expected = own + share(strength) * (drawn - own)
        np.testing.assert_allclose(picture.pixels.mean((0, 1)), expected, atol=5e-3)  # a flat photo gets grain


def test_pixels_hand_over_to_numbers_smoothly():
    values = np.array([share(strength) for strength in np.linspace(0, 1, 1001)])
    assert values[0] == 0 and (np.diff(values) >= 0).all()
    assert all(share(strength) == 1 for strength in (HAND_OVER, 0.5, 1, 2))
    assert np.abs(np.diff(values, 2)).max() < 5e-5  # no bend at the hand-over


@pytest.mark.slow
@pytest.mark.parametrize("name", ["brush_strokes", "stained_glass", "woodblock_waves"])
def test_the_distance_to_the_photo_grows(mini, photo, name):
    style = mini.style(SAMPLES / f"{name}.jpg")
    away = []
    for strength in (0, 0.01, 0.05, 0.1, 0.15, 0.2, 0.24, 0.25, 0.3, 0.4, 0.5, 0.7, 0.85, 1, 1.2, 1.5, 1.75, 2):
        (picture,) = mini.draw([photo], style, DrawOptions(strength=strength))
        assert picture.pixels.min() >= 0 and picture.pixels.max() <= 1
        away.append(255 * np.abs(picture.pixels - photo.pixels).mean())
    assert away[0] == 0 and (np.diff(away) > 0).all(), away
    assert away[1] < 3  # levels: it begins at the photo


@pytest.mark.slow
def test_several_photos_have_numbers_of_their_own(mini):
    photos = [random_photo(seed) for seed in range(3)]
    style = mini.style(SAMPLES / "brush_strokes.jpg")
    options = DrawOptions(strength=0.5, colors="match")
    together = mini.draw(photos, style, options)
    for photo, picture in zip(photos, together, strict=True):
        alone = mini.draw([photo], style, options)[0]
        np.testing.assert_allclose(picture.pixels, alone.pixels, atol=2e-3)  # f32 order of sums


def test_little_memory_parts_photos_and_their_numbers():
    class Small(FakeEngine):
        def transform(self, photo, numbers):
            if len(photo) > 1:
                raise EngineMemoryError("too many")
            return super().transform(photo, numbers)

    photos = [random_photo(seed).pixels for seed in range(3)]
    rows = np.zeros((3, 100), np.float32)
    rows[:, 0] = 0.1, 0.5, 0.9
    drawn = fitting.draw(Small(), photos, rows, None)
    for photo, picture, row in zip(photos, drawn, rows, strict=True):
        np.testing.assert_allclose(picture, (1 - photo) / 2 + row[:3] / 2, atol=1e-6)


# --- colours


def test_colors_photo_takes_the_lightness_only():
    stylizer, photo = fake_stylizer(), random_photo()
    style = stylizer.style(flat(0.2, 0.4, 0.6))
    plain, kept = (stylizer.draw([photo], style, DrawOptions(colors=colors))[0] for colors in ("style", "photo"))
    expected = images.colours.with_chroma_of(photo.pixels, plain.pixels)
    assert (kept.pixels == expected).all() and np.abs(kept.pixels - plain.pixels).max() > 0.1


def test_colors_match_embeds_the_style_in_the_photos_colours():
    stylizer, photo = fake_stylizer(), random_photo()
    (picture,) = stylizer.draw([photo], stylizer.style(random_photo(7)), DrawOptions(colors="match"))
    tint = 2 * (picture.pixels - (1 - photo.pixels) / 2)  # the fake's numbers are the style's mean colour
    np.testing.assert_allclose(tint.mean((0, 1)), photo.pixels.mean((0, 1)), atol=0.02)  # some colours are clipped


def test_colors_match_of_a_blend_is_the_blend_of_the_matches(mini, photo):
    one, two = (mini.style(SAMPLES / f"{name}.jpg") for name in ("brush_strokes", "stained_glass"))
    both = mini.style({one: 3, two: 1})
    assert [share for _, share in both.seen] == [0.75, 0.25]
    pictures = [mini.draw([photo], style, DrawOptions(colors="match"))[0].pixels for style in (one, two, both)]
    assert all(np.abs(pictures[2] - each).mean() > 0.005 for each in pictures[:2])


def test_colors_match_needs_the_picture():
    stylizer = fake_stylizer()
    style = replace(stylizer.style(flat(1, 0, 0)), seen=())
    with pytest.raises(OptionError, match="numbers only"):
        stylizer.draw([random_photo()], style, DrawOptions(colors="match"))


# --- masks and regions


def test_where_the_mask_is_black_is_the_photo_exactly(tmp_path):
    stylizer, photo = fake_stylizer(), random_photo()
    style, left = stylizer.style(flat(1, 0, 0)), np.zeros((20, 30))
    left[:, :15] = 1
    mask = save(tmp_path / "left.png", left)
    plain, masked = (stylizer.draw([photo], style, options)[0] for options in (DrawOptions(), DrawOptions(mask=mask)))
    assert (masked.pixels[:, 34:] == photo.pixels[:, 34:]).all()
    assert (masked.pixels[:, :26] == plain.pixels[:, :26]).all()


def test_a_mask_of_another_shape_is_that_photos_fault(tmp_path):
    stylizer, mask = fake_stylizer(), save(tmp_path / "square.png", np.ones((9, 9)))
    style = stylizer.style(flat(1, 0, 0))
    with pytest.raises(PhotoError, match="a mask of 9x9 for a photo of 60x40"):
        stylizer.draw([random_photo()], style, DrawOptions(mask=mask))


def test_each_region_has_its_style_and_the_last_lies_on_top(tmp_path):
    stylizer, photo = fake_stylizer(), random_photo()
    left, top = np.zeros((40, 60)), np.zeros((40, 60))
    left[:, :30], top[:20] = 1, 1
    regions = {
        save(tmp_path / "left.png", left): save(tmp_path / "red.png", flat(1, 0, 0).pixels),
        save(tmp_path / "top.png", top): save(tmp_path / "green.png", flat(0, 1, 0).pixels),
    }
    base = stylizer.style(flat(0, 0, 1))
    for _ in range(2):
        (picture,) = stylizer.draw([photo], base, DrawOptions(regions=regions))
    assert stylizer.engine.styles == 3  # each embedded once
    tint = np.rint(2 * (picture.pixels - (1 - photo.pixels) / 2)).astype(int)
    assert (tint[:20] == [0, 1, 0]).all() and (tint[20:, :30] == [1, 0, 0]).all()
    assert (tint[20:, 30:] == [0, 0, 1]).all()


@pytest.mark.slow
def test_all_of_it_is_repeatable(mini, photo, tmp_path):
    mask = save(tmp_path / "mask.png", np.tri(30, 45))
    photo = images.from_array(images.resize(photo.pixels, (60, 90)))
    options = DrawOptions(
        strength=0.6, colors="match", mask=mask, feather=4, regions={mask: SAMPLES / "stained_glass.jpg"}
    )
    first, second = (
        each.draw([photo], each.style(SAMPLES / "brush_strokes.jpg"), options)[0].pixels
        for each in (mini, Stylizer("mini", precision="f32"))
    )
    assert (first == second).all()


# --- blends


def test_a_style_of_several():
    stylizer = fake_stylizer()
    red, blue = stylizer.style(flat(1, 0, 0), name="r"), stylizer.style(flat(0, 0, 1), name="b")
    mixed = stylizer.style({red: 3, blue: 1})
    np.testing.assert_allclose(mixed.numbers[:3], [0.75, 0, 0.25], atol=1e-6)
    assert mixed.name == "r-75+b-25" and stylizer.style({red: 1, blue: 1}, name="both").name == "both"
    assert blend({red: 0.75, blue: 0.25}).origin == mixed.origin != stylizer.style({red: 1, blue: 3}).origin


@pytest.mark.parametrize("shares", [(-1, 2), (0, 0), ("half", 1), (float("nan"), 1), (float("inf"), 1), (True, 1)])
def test_shares_that_make_no_sense(shares):
    styles = [Style(np.zeros(3, np.float32), "m", name) for name in "ab"]
    with pytest.raises(OptionError, match="Try: "):
        fake_stylizer().style(dict(zip(styles, shares, strict=True)))
    with pytest.raises(OptionError, match="Try: "):
        fake_stylizer().style({})
