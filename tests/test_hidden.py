"""Hidden pixels: filled from their visible neighbours, so that what is seen does not depend on them."""

from dataclasses import replace

import numpy as np
import pytest
from fakes import fake_stylizer

from arbitrary_nst import Stylizer, images
from arbitrary_nst.images import Photo, filled
from arbitrary_nst.images.hidden import NOTHING, SEEN, opaque_part
from arbitrary_nst.refinement.record import Refined


def scene(height=96, width=131):
    y, x = np.mgrid[0:height, 0:width] / np.float32(width)
    return np.stack([x, 0.5 + 0.4 * np.sin(40 * x) * np.cos(31 * y), y], -1).astype(np.float32)


def disc(height=96, width=131):
    """Opaque in the middle, hidden outside, with a soft edge of a few px."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    return np.clip((0.4 * height - np.hypot(y - height / 2, x - width / 2)) / 3, 0, 1).astype(np.float32)


def fillings():
    """One photo four times over; only what alpha 0 hides differs."""
    own, alpha = scene(), disc()
    noise = np.random.default_rng(0).random(own.shape, np.float32)
    hidden = (alpha == 0)[..., None]
    return [Photo(np.where(hidden, other, own), alpha) for other in (own, np.zeros_like(own), np.ones_like(own), noise)]


def all_alike(pictures):
    return all(np.array_equal(pictures[0], other) for other in pictures[1:])


def test_hidden_pixels_have_no_influence_and_visible_ones_stay():
    photos = fillings()
    assert not all_alike([photo.pixels for photo in photos])
    assert all_alike([filled(photo).pixels for photo in photos])
    seen = disc() >= SEEN
    np.testing.assert_array_equal(filled(photos[0]).pixels[seen], scene()[seen])


def test_one_colour_fills_all_with_itself():
    colour = np.array([0.2, 0.4, 0.8], np.float32)
    pixels = np.where((disc() > 0)[..., None], colour, 0).astype(np.float32)
    np.testing.assert_allclose(filled(Photo(pixels, disc())).pixels, np.broadcast_to(colour, pixels.shape), atol=1e-5)


def test_the_nearest_colour_fills():
    pixels, alpha = np.zeros((40, 64, 3), np.float32), np.zeros((40, 64), np.float32)
    pixels[:, :8], pixels[:, -8:] = (1, 0, 0), (0, 0, 1)
    alpha[:, :8] = alpha[:, -8:] = 1
    red, _, blue = filled(Photo(pixels, alpha)).pixels[20].T
    assert red[10] > 0.9 and blue[53] > 0.9 and (np.diff(red[8:56]) <= 1e-6).all()


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (5, 3), (64, 2)])
def test_every_size_also_with_nothing_visible(size):
    nothing = Photo(np.random.default_rng(1).random((*size, 3), np.float32), np.zeros(size, np.float32))
    np.testing.assert_array_equal(filled(nothing).pixels, np.full((*size, 3), NOTHING, np.float32))


def test_what_hides_nothing_is_not_copied():
    photo = Photo(scene())
    translucent = replace(photo, alpha=np.full(photo.pixels.shape[:2], 0.5, np.float32))
    assert filled(photo) is photo and filled(translucent) is translucent


@pytest.mark.slow
@pytest.mark.parametrize("wanted", [{}, {"max_size": 70}], ids=["own size", "reduced"])
def test_four_fillings_give_one_picture(wanted):
    stylizer = Stylizer("mini", offline=True)
    style = stylizer.style((scene(64, 64) * 255).astype(np.uint8))
    arrays = [np.dstack([photo.pixels, photo.alpha]) for photo in fillings()]
    assert all_alike([stylizer.stylize(array, style, **wanted) for array in arrays])


def test_four_fillings_give_one_refinement():
    stylizer, given = fake_stylizer(), []

    class Refiner:
        def refine(self, photo, style, start, on_step=None):
            given.append(np.concatenate([photo, start]))
            return Refined(photo, [], "steps")

    stylizer.refiner = lambda how: Refiner()
    for photo in fillings():
        stylizer.refine(photo=np.dstack([photo.pixels, photo.alpha]), style_image=scene())
    assert len(given) == 4 and all_alike(given)


def test_a_style_is_what_of_it_is_opaque():
    style = fillings()[1]
    part = opaque_part(style)
    opaque = np.argwhere(disc() >= 0.5)
    assert part.size == tuple(np.ptp(opaque, axis=0)[::-1] + 1)
    assert part.pixels.mean() == pytest.approx(scene()[disc() == 1].mean(), abs=0.03)  # with black around it 0.2 less
    assert all_alike([fake_stylizer().style(each).numbers for each in fillings()])


def test_the_style_of_a_hidden_picture_is_what_it_was_told_to_be():
    hidden = Photo(scene(), np.zeros((96, 131), np.float32))
    assert images.style_picture(hidden).pixels.shape == (96, 131, 3)
