"""Masks: of which pictures, for which photos, and exactly the photo where they are black."""

import numpy as np
import pytest
from PIL import Image

from arbitrary_nst.errors import PhotoError
from arbitrary_nst.images import masks


@pytest.fixture
def half(tmp_path):
    """White on the left, black on the right, 30x20."""
    pixels = np.zeros((20, 30), np.uint8)
    pixels[:, :15] = 255
    Image.fromarray(pixels).save(tmp_path / "half.png")
    return tmp_path / "half.png"


def test_white_is_here(half):
    mask = masks.read(half)
    assert (mask.weights[:, :15] == 1).all() and (mask.weights[:, 15:] == 0).all()
    assert mask.at((30, 20)) is not None and (mask.at((30, 20)) == mask.weights).all()


def test_any_size_of_the_same_shape(half):
    mask = masks.read(half)
    for size in ((30, 20), (300, 200), (15, 10), (1500, 1003), (31, 20)):
        weights = mask.at(size)
        assert weights.shape == size[::-1]
        assert weights[:, : size[0] // 3].min() > 0.98 and weights[:, 2 * size[0] // 3 :].max() < 0.02
    for size in ((20, 30), (300, 210), (300, 300)):
        with pytest.raises(PhotoError, match=r"half.png: a mask of 30x20 for a photo of \d+x\d+\. Try: "):
            mask.at(size)


def test_feather_blurs_the_edge_and_no_more(half):
    hard, soft = masks.read(half).at((300, 200)), masks.read(half).at((300, 200), 20)
    between = ((soft > 0.05) & (soft < 0.95)).mean(axis=0) > 0.5
    assert 15 <= between.sum() <= 45 and ((hard > 0.05) & (hard < 0.95)).mean(axis=0).sum() < 10
    assert soft[:, 0].min() == 1 and soft[:, -1].max() == 0
    assert soft.mean() == pytest.approx(0.5, abs=0.01)


def test_where_a_picture_is_transparent_its_opacity_counts(tmp_path):
    pixels = np.zeros((8, 8, 4), np.uint8)
    pixels[:4] = (10, 20, 30, 255)
    Image.fromarray(pixels).save(tmp_path / "cut_out.png")
    weights = masks.read(tmp_path / "cut_out.png").weights
    assert weights[:4].min() == 1 and weights[4:].max() == 0
    opaque = np.full((8, 8, 4), 255, np.uint8)
    opaque[4:, :, :3] = 0
    Image.fromarray(opaque).save(tmp_path / "opaque.png")
    assert masks.read(tmp_path / "opaque.png").weights[4:].max() == 0


@pytest.mark.parametrize("mode", ["L", "RGB", "P", "1", "I;16", "LA"])
def test_every_kind_of_picture(mode, tmp_path):
    grey = Image.new("L", (12, 8), 255)
    picture = Image.new("I;16", (12, 8), 65535) if mode == "I;16" else grey.convert(mode)
    picture.save(tmp_path / "mask.png")
    assert masks.read(tmp_path / "mask.png").weights.min() == 1


def test_what_is_no_mask(tmp_path):
    Image.new("L", (8, 8)).save(tmp_path / "black.png")
    (tmp_path / "text.png").write_text("no picture")
    for name, reason in (
        ("black.png", "a mask that is black all over"),
        ("text.png", "not a"),
        ("none.png", "no such file"),
        (".", "no file"),
    ):
        with pytest.raises(PhotoError, match=reason):
            masks.read(tmp_path / name)


def test_a_mask_that_changes_is_read_again(half):
    assert masks.read(half) is masks.read(half)
    before = masks.digest(half)
    Image.new("L", (30, 20), 255).save(half)
    assert masks.read(half).weights.min() == 1 and masks.digest(half) != before


def test_both_ends_are_exact():
    rng = np.random.default_rng(0)
    below, above = rng.random((2, 6, 6, 3), np.float32)
    weights = np.zeros((6, 6), np.float32)
    weights[:3], weights[0, 0] = 1, 0.25
    mixed = masks.composed(below, above, weights)
    assert (mixed[3:] == below[3:]).all() and (mixed[1:3] == above[1:3]).all()
    np.testing.assert_allclose(mixed[0, 0], 0.75 * below[0, 0] + 0.25 * above[0, 0], atol=1e-6)
