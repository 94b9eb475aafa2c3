"""The size at which the network sees a photo, and what comes of it."""

import numpy as np
import pytest
from fakes import fake_stylizer
from PIL import Image
from test_carry import smooth

from arbitrary_nst import DrawOptions, OptionError, images
from arbitrary_nst.drawing.strokes import completed, drawn_size, seen, seen_size
from arbitrary_nst.files.find import expand
from arbitrary_nst.files.settings import Settings
from arbitrary_nst.files.stream import stylize_many
from arbitrary_nst.images import Photo

STYLE = np.full((40, 40, 3), 0.3, np.float32)


@pytest.mark.parametrize("size", [(1, 1), (1024, 683), (1280, 960), (3000, 400)])
def test_auto_leaves_small_photos_as_they_are(size):
    assert seen_size(*size, "auto") == size[::-1]


@pytest.mark.parametrize("size", [(4000, 3000), (8660, 5774), (20_000, 500), (2000, 2000), (1930, 1300)])
def test_auto_shows_large_photos_alike(size):
    height, width = seen_size(*size, "auto")
    on_screen = 1024**2 * min(size) / max(size)
    assert height * width == pytest.approx(max(720_000, on_screen), rel=0.03)
    assert width / height == pytest.approx(size[0] / size[1], rel=0.03)


def test_auto_draws_no_two_photos_of_about_one_size_apart():
    """Strokes, as a share of the picture, from 0.9 to 3 MP, each side 2 % more: at most 4 % from one to the next."""
    sides = [round(950 * 1.02**step) for step in range(30)]
    shares = np.array([1 / seen_size(side, side, "auto")[0] for side in sides])
    assert np.abs(np.diff(np.log(shares))).max() < 0.04
    seen_pixels = [seen_size(side, side, "auto")[0] ** 2 for side in sides if side**2 > 1_260_000]
    assert max(np.diff(seen_pixels)) <= 0
    assert max(seen_pixels) > 1_200_000 and min(seen_pixels) == 1024**2


def test_a_number_is_the_longest_side_and_never_enlarges():
    assert seen_size(4000, 3000, 500) == (375, 500)
    assert seen_size(300, 400, 500) == (400, 300)
    assert seen_size(4000, 3000, "fine") == (3000, 4000)
    assert seen_size(5000, 3, 16) == (1, 16)


def test_max_size_comes_before_the_strokes():
    assert drawn_size(4000, 3000, DrawOptions(max_size=1000)) == (750, 1000)
    assert drawn_size(4000, 3000, DrawOptions(max_size=3000, strokes=600)) == (450, 600)


def test_what_is_seen_has_its_alpha():
    photo = Photo(smooth(1, 60, 90), np.linspace(0, 1, 5400, dtype=np.float32).reshape(60, 90))
    small = seen(photo, 30)
    assert small.size == (30, 20) and small.alpha.shape == (20, 30)
    assert seen(photo, "fine") is photo and seen(photo, "auto") is photo
    whole = completed(photo, small, 1 - small.pixels, 1)
    assert whole.size == photo.size and whole.alpha is photo.alpha


def test_fine_and_a_small_photo_give_the_engines_own_picture():
    stylizer, photo = fake_stylizer(), smooth(2, 60, 90)
    style = stylizer.style(STYLE)
    own = stylizer.engine.transform(photo[None], style.numbers[None])[0]
    for strokes in ("auto", "fine", 90, 5000):
        np.testing.assert_array_equal(stylizer.stylize(photo, style, strokes=strokes), own)
    assert not np.array_equal(stylizer.stylize(photo, style, strokes=45), own)


def test_edges_are_as_sharp_as_the_photos():
    """Steps in a photo eight times as large as what the network sees; the fake's picture has half their contrast, and
    yet is as steep there."""
    photo = np.full((800, 1600, 3), 0.1, np.float32)
    for step in range(8):  # each other than the last to the px of what is seen
        photo[100 * step : 100 * (step + 1), 800 + step :] = 0.9
    style = (stylizer := fake_stylizer()).style(STYLE)
    carried = stylizer.stylize(photo, style, strokes=200)
    assert stylizer.engine.photos == [(1, 100, 200, 3)]
    gradients = np.abs(np.diff(carried[50::100, 780:830, 0])).max(axis=1)
    assert np.median(gradients) == pytest.approx(0.8, rel=0.1)


def test_a_folder_of_mixed_sizes(tmp_path, monkeypatch):
    """Photos that the network sees in one size share a call, whatever their own; each keeps its own."""
    monkeypatch.setattr("arbitrary_nst.drawing.strokes.AS_IT_IS", 2000)
    monkeypatch.setattr("arbitrary_nst.drawing.strokes.SEEN", 1500)
    monkeypatch.setattr("arbitrary_nst.drawing.strokes.SCREEN", 1)
    stylizer = fake_stylizer()
    stylizer.engine.together = 4
    sizes = [(300, 200), (150, 100), (600, 400), (45, 30), (100, 300)]
    (tmp_path / "photos").mkdir()
    for number, size in enumerate(sizes):
        Image.fromarray(np.rint(smooth(number, *size[::-1]) * 255).astype(np.uint8)).save(
            tmp_path / "photos" / f"{number}.png"
        )
    photos = expand([tmp_path / "photos"], output=tmp_path / "out")
    results = list(stylize_many(stylizer, photos, [stylizer.style(STYLE)], Settings(tmp_path / "out")))
    assert [(result.width, result.height) for result in results] == sizes
    seen_together = [shape for shape in stylizer.engine.photos if shape[1:3] == (32, 47)]
    assert seen_together == [(3, 32, 47, 3)]
    assert sorted(shape[1:3] for shape in stylizer.engine.photos) == [(30, 45), (32, 47), (67, 22)]


def test_strips_are_asked_for_by_what_is_drawn():
    stylizer = fake_stylizer(max_memory=400_000_000)  # the fake takes 400 bytes a pixel whole
    assert not stylizer.needs_strips(3000, 4000)
    assert stylizer.needs_strips(3000, 4000, DrawOptions(strokes=1500))
    assert not stylizer.needs_strips(3000, 4000, DrawOptions(strokes=1500, max_size=1000))


def refining(seen_sizes):
    """A stylizer whose refiner makes the photo's negative, and notes the sizes of it and of the start."""

    class Refiner:
        def refine(self, photo, style, start, on_step):
            seen_sizes.append((photo.shape, None if start is None else start.shape))
            return type("Refined", (), {"pixels": 1 - photo, "history": [], "ended": "steps", "notes": ()})

    stylizer = fake_stylizer()
    stylizer.refiner = lambda how: Refiner()
    return stylizer


def test_a_refinement_is_as_large_as_the_strokes():
    pytest.importorskip("keras")
    photo, seen_sizes = images.resize(smooth(4, 60, 90), (240, 360)), []
    stylizer = refining(seen_sizes)
    picture = stylizer.refine(photo=photo, style_image=STYLE, strokes=90)
    again = stylizer.refine(picture, photo=photo, style_image=STYLE, strokes=90)
    assert picture.shape == again.shape == photo.shape
    assert seen_sizes == [((60, 90, 3), (60, 90, 3))] * 2


def test_a_refinement_has_the_dials_and_presets_of_a_drawing(tmp_path):
    pytest.importorskip("keras")
    photo, stylizer = smooth(4, 60, 90), refining([])
    mask = tmp_path / "mask.png"
    Image.fromarray(np.repeat(np.uint8([[0] * 45 + [255] * 45]), 60, axis=0)).save(mask)
    masked = stylizer.refine(photo=photo, style_image=STYLE, mask=mask)
    np.testing.assert_allclose(masked[:, :45], photo[:, :45], atol=1e-6)
    np.testing.assert_allclose(masked[:, 45:], 1 - photo[:, 45:], atol=1e-6)
    assert stylizer.refine(photo=photo, style_image=STYLE, max_size=45).shape == (30, 45, 3)
    np.testing.assert_array_equal(stylizer.refine(photo=photo, style_image=STYLE, strength=0), photo)
    by_name = stylizer.refine(photo=photo, style_image=STYLE, preset="subtle")
    by_hand = stylizer.refine(photo=photo, style_image=STYLE, strength=0.35, colors="photo")
    np.testing.assert_array_equal(by_name, by_hand)
    assert not np.array_equal(by_name, stylizer.refine(photo=photo, style_image=STYLE))


def test_a_preset_is_its_options_but_those_given():
    stylizer, photo = fake_stylizer(), smooth(2, 60, 90)
    style = stylizer.style(STYLE)
    by_name = stylizer.stylize(photo, style, preset="subtle", strength=0.7)
    np.testing.assert_array_equal(by_name, stylizer.stylize(photo, style, colors="photo", strength=0.7))
    with pytest.raises(OptionError, match="preset"):
        stylizer.stylize(photo, style, preset="subtel")
