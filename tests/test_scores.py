"""Scores: values that are known beforehand, of pictures made for it; and a photo against itself."""

import dataclasses

import numpy as np
import numpy_nst
import pytest
from scipy.ndimage import distance_transform_edt, gaussian_filter

from arbitrary_nst import images, score
from arbitrary_nst.errors import PhotoError
from arbitrary_nst.scores import judge as judging
from arbitrary_nst.scores.edges import sharpness
from arbitrary_nst.scores.halo import background, halo
from arbitrary_nst.scores.judge import Judge
from arbitrary_nst.scores.rings import rings

VGG = numpy_nst.thin_vgg19()


def grey(levels):
    """(H, W) in levels of 8 bits -> (H, W, 3) in [0, 1]."""
    return np.repeat(np.asarray(levels, np.float32)[..., None] / np.float32(255), 3, axis=2)


def random(seed, height=70, width=93):
    rng = np.random.default_rng(seed)
    layers = [images.resize(rng.random((n, n, 3)).astype(np.float32), (height, width)) for n in (3, 9, 30)]
    return np.clip(np.mean(layers, axis=0), 0, 1)


PHOTO, STYLE, PICTURE = random(1), random(2, 60, 110), random(3)


# --- closeness


def test_a_photo_against_itself_has_gone_nowhere_and_the_style_all_the_way():
    judge = Judge(VGG)
    itself = judge.score(PHOTO, STYLE, PHOTO)
    assert (itself.closed, itself.closed_256, itself.content, itself.content_256) == (0, 0, 0, 0)
    assert itself.edges == 1 and (itself.shift or 0) == 0
    arrived = judge.score(PHOTO, PICTURE, PICTURE)
    assert arrived.closed == pytest.approx(1) and arrived.closed_256 == pytest.approx(1)
    assert judge.score(PHOTO, PHOTO, PICTURE).closed == 0  # no way to go


def test_closeness_is_as_defined():
    """closed and C against the formulas in NumPy, in f64."""
    layers = [f"block{block}_conv1" for block in range(1, 6)]
    seen = [numpy_nst.maps(picture, VGG) for picture in (PHOTO, STYLE, PICTURE)]
    photo, style, picture = ([numpy_nst.gram(maps[name]) / maps[name][..., 0].size for name in layers] for maps in seen)

    def distance(grams):
        return np.mean([((g - a) ** 2).sum() / (a**2).sum() for g, a in zip(grams, style, strict=True)])

    scored = Judge(VGG).score(PHOTO, STYLE, PICTURE)
    assert scored.closed == pytest.approx(1 - distance(picture) / distance(photo), rel=1e-3)
    content = np.mean((seen[2]["block4_conv2"] - seen[0]["block4_conv2"]) ** 2)
    assert scored.content == pytest.approx(content, rel=1e-3)


def test_a_large_picture_is_seen_at_screen_size_and_photo_and_style_only_once(monkeypatch):
    monkeypatch.setattr(judging, "SCREEN", 64)
    monkeypatch.setattr(judging, "STYLE", 32)
    sizes, judge = [], Judge(VGG)
    see = Judge._see
    monkeypatch.setattr(Judge, "_see", lambda self, picture: (sizes.append(picture.shape[:2]), see(self, picture))[1])
    first = judge.score(PHOTO, STYLE, PICTURE)
    assert sizes == [*[(256, 256)] * 3, (48, 64), (17, 32), (48, 64)]
    assert judge.score(PHOTO, STYLE, PICTURE) == first
    assert sizes[6:] == [(256, 256), (48, 64)]


def test_a_smaller_picture_is_compared_with_the_photo_at_its_size():
    small = images.resize(PHOTO, (35, 47))
    scored = Judge(VGG).score(PHOTO, STYLE, small)
    assert (scored.closed, scored.content, scored.edges) == (0, 0, 1)


@pytest.mark.parametrize(
    ("picture", "what"),
    [(random(3, 93, 70), "x.jpg: 70x93, not the shape of its photo, 93x70"), (random(3, 12, 16), "x.jpg: too small")],
)
def test_what_cannot_be_judged_is_told(picture, what):
    with pytest.raises(PhotoError) as caught:
        Judge(VGG).score(PHOTO, STYLE, picture, name="x.jpg")
    assert caught.value.what.startswith(what)


# --- edges


@pytest.mark.parametrize("share", [0.5, 1, 1.5])
def test_sharpness_is_the_share_of_the_gradient(share):
    step = np.where(np.arange(60) < 30, 80.0, 160.0) * np.ones((50, 1))
    assert sharpness(grey(step), grey(step * share)) == pytest.approx(share, rel=1e-5)


def test_a_blurred_edge_is_less_sharp_and_a_photo_without_edges_tells_nothing():
    step = np.where(np.arange(60) < 30, 80.0, 160.0) * np.ones((50, 1))
    blurred = gaussian_filter(step, (0, 2))
    # a step of 80 has a central difference of 40; blurred by 2 px, of 80 * (erf at half a px either side)
    expected = (blurred[0, 30] - blurred[0, 28]) / 2 / 40
    assert sharpness(grey(step), grey(blurred)) == pytest.approx(expected, rel=0.02)
    assert sharpness(grey(np.full((50, 60), 90.0)), grey(step)) is None


# --- rings


def slope(angle, per_px=0.25, height=160, width=200):
    y, x = np.mgrid[0:height, 0:width]
    return 60 + per_px * (np.sin(angle) * y + np.cos(angle) * x)


@pytest.mark.parametrize("angle", [0, 0.6, np.pi / 2, 2.2])
def test_rings_along_the_iso_lines_have_their_amplitude(angle):
    sky = slope(angle)
    wave = 10 * np.sin(2 * np.pi * sky / 2.5)  # 10 px from one to the next
    assert rings(grey(np.round(sky)), grey(sky + wave)) == pytest.approx(10 / np.sqrt(2), rel=0.12)  # lines of whole px
    across = 10 * np.sin(2 * np.pi * slope(angle + np.pi / 2) / 2.5)
    assert rings(grey(np.round(sky)), grey(sky + across)) == 0


def test_dabs_and_the_photo_itself_have_no_rings():
    sky = slope(0.6)
    dabs = gaussian_filter(np.random.default_rng(0).normal(0, 60, sky.shape), 3)
    assert rings(grey(np.round(sky)), grey(sky + dabs)) < 0.2 * dabs.std()
    assert rings(grey(np.round(sky)), grey(np.round(sky))) <= 1 / np.sqrt(12)  # the steps themselves


@pytest.mark.parametrize("photo", [np.full((160, 200), 90.0), np.random.default_rng(0).uniform(0, 255, (160, 200))])
def test_without_a_smooth_gradient_there_is_nothing_to_follow(photo):
    assert rings(grey(photo), grey(photo)) is None


# --- halo and background


def product(size=400, half=60):
    """A dark uneven square on white, and how far each pixel of the white is from it."""
    photo = np.full((size, size), 250.0)
    middle = slice(size // 2 - half, size // 2 + half)
    photo[middle, middle] = np.random.default_rng(0).uniform(20, 60, (2 * half, 2 * half))
    return photo, distance_transform_edt(photo > 100)


@pytest.mark.parametrize(("change", "width"), [(-30, 20), (-60, 36), (12, 28)])
def test_a_halo_has_its_change_and_width(change, width):
    photo, away = product()
    picture = photo - 15 + change * ((away > 0) & (away < width))
    found = halo(grey(photo), grey(picture))
    assert found.change == pytest.approx(abs(change), rel=0.05) and found.width == pytest.approx(width, abs=4)


def test_without_a_halo_there_is_none_whatever_the_texture():
    photo, _ = product()
    assert halo(grey(photo), grey(photo)) == (0, 0)
    texture = gaussian_filter(np.random.default_rng(0).normal(0, 60, photo.shape), 2)
    assert halo(grey(photo), grey(photo * 0.8 + texture)).change < 0.5 * texture.std()


def test_a_plain_background_has_its_shift_and_spread():
    photo, _ = product()
    assert background(grey(photo), grey(photo)) == (0, 0)
    waves = 6 * np.sin(2 * np.pi * np.arange(400) / 3)  # three waves in each window of 9 px
    found = background(grey(photo), grey(photo - 20 + waves))
    assert found.shift == pytest.approx(20, rel=0.02) and found.spread == pytest.approx(6 / np.sqrt(2), rel=0.02)


def test_without_a_plain_background_there_is_nothing_to_tell():
    busy = np.random.default_rng(0).uniform(0, 255, (200, 200))
    assert halo(grey(busy), grey(busy)) is None and background(grey(busy), grey(busy)) is None
    plain = np.full((200, 200), 250.0)
    assert halo(grey(plain), grey(plain)) is None and background(grey(plain), grey(plain)) == (0, 0)


# --- from Python


def test_score_takes_pictures_of_every_kind(tmp_path, monkeypatch):
    monkeypatch.setattr("arbitrary_nst.model_zoo.resolve_vgg19", lambda file, **options: file)
    monkeypatch.setattr("arbitrary_nst.refinement.losses.read_vgg19", lambda path: VGG)
    path = tmp_path / "photo.png"
    images.to_pil(images.from_array(PHOTO)).save(path)
    scored = score(path, STYLE, images.to_pil(images.from_array(PICTURE)))
    assert dataclasses.asdict(scored).keys() >= {"closed", "content", "stripe", "mesh", "rings", "halo", "edges"}
    assert score(path, STYLE, path.read_bytes()).closed == 0
