"""Refinement by several pictures and region by region, against NumPy's formulas, on a thin random VGG19."""

import numpy as np
import numpy_nst
import pytest
from test_refine_cli import fake, folder  # noqa: F401
from test_refinement import PHOTO, START, STYLE, VGG, refiner, smooth

from arbitrary_nst import DrawOptions, images
from arbitrary_nst.drawing.sought import Sought, sought
from arbitrary_nst.images.colours import recoloured
from arbitrary_nst.images.masks import Mask
from arbitrary_nst.refinement.recipes import get
from arbitrary_nst.stylizer import Stylizer

OTHER = smooth(5, 93, 70)
LEFT = np.zeros(PHOTO.shape[:2], np.float32)
LEFT[:, :32] = 1


def first_style_term(recipe, seeking, picture=START):
    """The weighted style term of the start."""
    return refiner(recipe, scales=1, steps=1, margin=0).refine(PHOTO, seeking, picture).history[0].style


def by_formula(recipe, pictures_of, weights_of):
    """Sum over layers and regions of area * style loss, Grams of maps weighted by the guide, in NumPy and float64."""
    chosen, total = get(recipe), 0.0
    maps = numpy_nst.maps(START if chosen.init == "stylized" else PHOTO, VGG, chosen.pooling)
    for name, weight in chosen.style_layers.items():
        f = maps[name]
        for pictures, weights in zip(pictures_of, weights_of, strict=True):
            here = images.resize(weights[..., np.newaxis], f.shape[:2]).astype(np.float64)
            area = here.mean()
            flat = (f * np.sqrt(here / area)).reshape(-1, f.shape[2])
            m, n = flat.shape
            target = 0.0
            for picture, share in pictures:
                s = numpy_nst.maps(images.resize(picture, size_beside(picture)), VGG, chosen.pooling)[name]
                target = target + share * numpy_nst.gram(s) / (s.shape[0] * s.shape[1])
            g = flat.T @ flat
            if chosen.gram_norm == "none":
                loss = ((g - target * m) ** 2).sum() / (4 * n**2 * m**2)  # Gatys 2016 Eq. 4
            else:
                loss = ((g / m - target) ** 2).sum() / (target**2).sum()
            total += weight * area * loss
    return chosen.style_weight * total


def size_beside(picture):
    share = max(PHOTO.shape[:2]) / max(picture.shape[:2])
    return tuple(max(1, round(side * share)) for side in picture.shape[:2])


@pytest.mark.slow
@pytest.mark.parametrize("recipe", ["arbstyle", "gatys"])
def test_one_picture_everywhere_is_the_plain_refinement(recipe):
    plain = refiner(recipe).refine(PHOTO, STYLE, START)
    as_region = refiner(recipe).refine(PHOTO, [Sought([(STYLE, 1.0)])], START)
    assert (plain.pixels == as_region.pixels).all()


@pytest.mark.slow
@pytest.mark.parametrize("recipe", ["arbstyle", "gatys"])
def test_grams_are_mixed_by_their_shares(recipe):
    pictures, everywhere = [(STYLE, 0.7), (OTHER, 0.3)], np.ones_like(LEFT)
    found = first_style_term(recipe, [Sought(pictures)])
    assert found == pytest.approx(by_formula(recipe, [pictures], [everywhere]), rel=2e-3)  # f32 sums


@pytest.mark.slow
@pytest.mark.parametrize("recipe", ["arbstyle", "gatys"])
def test_each_region_is_compared_with_its_style(recipe):
    pictures_of, weights_of = [[(STYLE, 1.0)], [(OTHER, 1.0)]], [1 - LEFT, LEFT]
    seeking = [Sought(*each) for each in zip(pictures_of, weights_of, strict=True)]
    assert first_style_term(recipe, seeking) == pytest.approx(by_formula(recipe, pictures_of, weights_of), rel=2e-3)


@pytest.mark.slow
def test_regions_of_one_style_seek_about_what_one_region_does():
    both = first_style_term("arbstyle", [Sought([(STYLE, 1.0)], 1 - LEFT), Sought([(STYLE, 1.0)], LEFT)])
    assert both == pytest.approx(first_style_term("arbstyle", STYLE), rel=0.3)
    almost = np.full_like(LEFT, 1e-9)  # a region that no scale shows
    with_nothing = first_style_term("arbstyle", [Sought([(STYLE, 1.0)], 1 - almost), Sought([(OTHER, 1.0)], almost)])
    assert with_nothing == pytest.approx(first_style_term("arbstyle", STYLE), rel=1e-4)


@pytest.mark.slow
def test_regions_go_downhill_at_every_scale():
    seeking = [Sought([(STYLE, 1.0)], 1 - LEFT), Sought([(OTHER, 1.0)], LEFT)]
    refined = refiner(scales=2, steps=60).refine(PHOTO, seeking, START)
    last = [step for step in refined.history if step.scale == 93]
    assert last[-1].total < last[0].total and np.isfinite(refined.pixels).all()


# --- what is sought for a photo


def mask(weights):
    return Mask(weights, "mask.png")


def test_what_is_sought_follows_the_dials():
    photo = images.from_array(PHOTO)
    (plain,) = sought(photo, [(STYLE, 1.0)], [], DrawOptions())
    assert plain.pictures == [(STYLE, 1.0)] and plain.weights is None
    (half,) = sought(photo, [(STYLE, 0.5), (OTHER, 0.5)], [], DrawOptions(strength=0.5))
    assert [share for _, share in half.pictures] == [0.5, 0.25, 0.25] and half.pictures[0][0] is photo.pixels
    (beyond,) = sought(photo, [(STYLE, 1.0)], [], DrawOptions(strength=1.5))
    assert [share for _, share in beyond.pictures] == [-0.5, 1.5]
    (matched,) = sought(photo, [(STYLE, 1.0)], [], DrawOptions(colors="match"))
    assert (matched.pictures[0][0] == recoloured(STYLE, PHOTO)).all()


def test_the_regions_parts_add_up_to_the_picture():
    rng = np.random.default_rng(0)
    regions = [(mask(rng.random(LEFT.shape, np.float32)), [(OTHER, 1.0)]), (mask(LEFT), [(STYLE, 1.0)])]
    base, first, last = sought(images.from_array(PHOTO), [(STYLE, 1.0)], regions, DrawOptions())
    np.testing.assert_allclose(base.weights + first.weights + last.weights, 1, atol=1e-6)
    assert (last.weights == LEFT).all() and first.weights[:, :32].max() == 0


# --- over files


def refined(folder, fake, monkeypatch, *options):  # noqa: F811
    from test_cli import invoke

    call = ("run", "a.jpg", "-s", "style.png", "-o", "out.png", "--refine", "--steps", 4, "--existing", "overwrite")
    assert invoke(*call, *options, monkeypatch=monkeypatch) == 0
    return images.decode((folder / "out.png").read_bytes(), name="out").pixels


@pytest.mark.slow
def test_every_dial_changes_a_refinement(folder, fake, monkeypatch):  # noqa: F811
    from PIL import Image

    weights = np.zeros((50, 65), np.uint8)
    weights[:, :30] = 255
    Image.fromarray(weights).save("left.png")
    photo = images.decode((folder / "a.jpg").read_bytes(), name="a").pixels
    plain = refined(folder, fake, monkeypatch)
    for options in (
        ("-s", "b.png:0.5", "--blend"),
        ("--strength", "0.5"),
        ("--colors", "match"),
        ("--colors", "photo"),
        ("--region", "left.png=b.png"),
        ("--preset", "portrait"),
        ("--init", "photo", "--recipe", "gatys", "-s", "b.png", "--blend"),
    ):
        assert np.abs(refined(folder, fake, monkeypatch, *options) - plain).mean() > 0.004, options
    masked = refined(folder, fake, monkeypatch, "--mask", "left.png")
    assert np.abs(masked[:, 32:] - photo[:, 32:]).max() < 0.003  # of 8 bits
    assert (masked[:, :28] == plain[:, :28]).all()
    assert np.abs(refined(folder, fake, monkeypatch, "--strength", "0") - photo).max() < 0.003


def test_refine_of_several_from_python(folder, fake):  # noqa: F811
    from fakes import fake_stylizer

    stylizer: Stylizer = fake_stylizer()
    options = {"photo": "a.jpg", "steps": 3}
    one, both = (
        np.asarray(stylizer.refine(style_image=image, **options))
        for image in ("style.png", {"style.png": 0.7, "b.png": 0.3})
    )
    assert one.shape == both.shape and (one != both).any()
