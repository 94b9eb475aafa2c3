"""Halos on plain backgrounds."""

import numpy as np

from arbitrary_nst.images.halos import REACH, _whole, without_halos

HEIGHT, WIDTH = 240, 320
THING = slice(90, 150), slice(120, 200)


def photo(thing=THING):
    """A dark thing on white."""
    pixels = np.full((HEIGHT, WIDTH, 3), 0.98, np.float32)
    pixels[thing] = 0.1
    return pixels


def drawn(thing=THING, halo=20):
    """Waves for the white, a halo around the thing, the thing in a colour of its own."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    pixels = np.repeat((0.4 + 0.2 * np.sin(x / 2) * np.sin(y / 3))[..., np.newaxis], 3, axis=2)
    rows, columns = thing
    pixels[rows.start - halo : rows.stop + halo, columns.start - halo : columns.stop + halo] = 1
    pixels[thing] = (0.7, 0.1, 0.2)
    return pixels.astype(np.float32)


def test_a_halo_becomes_background_with_its_texture():
    before = drawn()
    after = without_halos(photo(), before)
    np.testing.assert_array_equal(after[THING], before[THING])
    for rows, columns in ((slice(72, 88), slice(130, 190)), (slice(100, 140), slice(102, 118))):  # above, and beside
        assert before[rows, columns].min() == 1
        around = after[rows, columns]
        assert abs(around.mean() - 0.4) < 0.05 and 0.05 < around.std() < 0.15  # as the waves: 0.4, 0.1
    np.testing.assert_array_equal(after[: 90 - REACH - 2], before[: 90 - REACH - 2])


def test_lines_and_letters_keep_what_surrounds_them():
    line = slice(118, 122), slice(60, 260)
    before = drawn(line)
    assert without_halos(photo(line), before) is before


def test_without_a_background_nothing_is_done():
    textured = np.random.default_rng(1).random((HEIGHT, WIDTH, 3)).astype(np.float32)
    assert without_halos(textured, before := drawn()) is before
    flat = np.full_like(textured, 0.5)
    assert without_halos(flat, before) is before


def test_another_colours_background_is_not_folded_over():
    """Left of the thing white, right of it grey: each keeps to its own side."""
    two = photo()
    two[:, 160:][two[:, 160:, 0] > 0.5] = 0.5
    before = drawn()
    before[:, 160:][two[:, 160:, 0] == 0.5] *= np.array([1, 0, 0], np.float32)
    after = without_halos(two, before)
    assert (after[100:140, 202:218, 1] < 0.02).all() and (after[100:140, 102:118, 1] > 0.1).all()


def test_every_size():
    for size in ((1, 1), (3, 200), (40, 41)):
        pixels = np.full((*size, 3), 0.9, np.float32)
        pixels[: size[0] // 2, : size[1] // 2] = 0
        assert without_halos(pixels, 1 - pixels).shape == pixels.shape


def test_a_glow_with_a_soft_border_keeps_what_is_drawn_around_it():
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    glow = np.clip(np.hypot(y - 120, x - 160)[..., np.newaxis] / 160 - 0.1, 0, 0.6)
    grain = np.random.default_rng(2).normal(0, 0.5 / 255, (HEIGHT, WIDTH, 1))
    soft = np.repeat(glow + grain + 0.05, 3, axis=2).astype(np.float32)
    before = drawn()
    changed = (without_halos(soft, before) != before).any(axis=2).mean()
    assert changed < 0.01 < (without_halos(photo(), before) != before).any(axis=2).mean()


def test_a_halo_that_stays_has_no_scraps_of_background_in_it():
    """A wall close to the thing leaves a few places of the halo between them that can be folded: too few."""
    alone = np.zeros((2, 40), np.int64)
    alone[0], alone[1] = 100, np.arange(40)
    assert not _whole(*alone, np.ones(40, bool), (HEIGHT, WIDTH)).any()
    rows, columns = (each.ravel() for each in np.mgrid[20:100, 30:130])
    found = columns < 90
    whole = _whole(rows, columns, found, (HEIGHT, WIDTH)).reshape(80, 100)
    assert (whole[:, :54] == 1).all() and not whole[:, 60:].any()
    assert (np.diff(whole[40, 53:61]) <= 0).all() and 0 < whole[40, 57] < 1
