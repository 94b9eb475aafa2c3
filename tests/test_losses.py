"""Losses: analytic values, and values and gradients against the NumPy implementation beside this file."""

import dataclasses
import logging
from typing import get_args

import keras
import numpy as np
import numpy_nst
import pytest
from keras import ops

from arbitrary_nst import model_zoo
from arbitrary_nst.refinement import losses
from arbitrary_nst.refinement.gradients import value_and_gradient
from arbitrary_nst.refinement.recipes import RECIPES, ContentLoss, GramNorm, StyleLoss

VGG = numpy_nst.thin_vgg19()


def pictures(seed=1):
    """A picture, a photo of its size and a style of another, all odd-sided."""
    rng = np.random.default_rng(seed)
    sizes = ((37, 45, 3), (37, 45, 3), (51, 40, 3))
    return [rng.random(size).astype(np.float32) for size in sizes]


def tensor(array):
    return ops.convert_to_tensor(np.asarray(array, np.float32)[None])


def number(value):
    return float(ops.convert_to_numpy(value))


# --- analytic values


def test_total_variation_of_a_checkerboard():
    board = np.indices((6, 8)).sum(0)[..., None].repeat(3, 2) % 2
    pairs = 3 * (5 * 8 + 6 * 7)  # every neighbour differs by 1
    assert number(losses.total_variation(tensor(board))) == pairs
    assert number(losses.total_variation(tensor(board * 0.5), 2)) == pairs * 0.25
    assert number(losses.total_variation(tensor(board * 0 + 0.3))) == 0


@pytest.mark.parametrize(("norm", "value"), [("none", 6 * 20), ("hw", 6), ("chw", 3)])
def test_gram_of_a_constant(norm, value):
    constant = np.broadcast_to(np.array([2.0, 3.0]), (4, 5, 2))
    gram = ops.convert_to_numpy(losses.gram(tensor(constant), norm))[0]
    np.testing.assert_allclose(gram[0, 1], value, rtol=1e-6)
    np.testing.assert_allclose(gram, gram.T)


@pytest.mark.parametrize(("kind", "value"), [("half_sum", 6 * 0.5 * 4), ("mean", 4), ("rms", 2), ("relative", 4)])
def test_content_of_a_constant_difference(kind, value):
    one = np.ones((2, 3, 1))
    assert number(losses.content_loss(tensor(3 * one), tensor(one), kind)) == pytest.approx(value)


@pytest.mark.parametrize("kind", ["gatys", "sum", "mean", "relative"])
def test_style_of_the_style_itself_is_nothing(kind):
    maps = tensor(np.random.default_rng(0).random((9, 7, 5)))
    target = losses.style_target(maps, "hw")
    assert number(losses.style_loss(maps, target, kind, "hw")) == pytest.approx(0, abs=1e-5)


# --- against NumPy


@pytest.mark.parametrize("pooling", ["max", "average"])
def test_features(pooling):
    picture = pictures()[0]
    found = losses.features(tensor(picture), VGG, numpy_nst.NAMES, pooling=pooling)
    expected = numpy_nst.maps(picture, VGG, pooling)
    assert list(found) == numpy_nst.NAMES
    for name in numpy_nst.NAMES:
        scale = np.abs(expected[name]).max()
        np.testing.assert_allclose(found[name][0], expected[name], atol=1e-5 * scale, err_msg=name)  # sums in f32


def test_vgg19_runs_no_deeper_than_asked():
    shallow = {name: VGG[name] for name in ("block1_conv1", "block1_conv2", "block2_conv1")}
    assert set(losses.features(tensor(pictures()[0]), shallow, ["block2_conv1"])) == {"block2_conv1"}


STYLES = [(kind, norm) for kind in ("gatys", "sum", "mean", "relative") for norm in ("none", "hw", "chw")]
VARIANTS = {
    **RECIPES,
    **{f"{k}-{n}": dataclasses.replace(RECIPES["gatys"], style_loss=k, gram_norm=n, pooling="max") for k, n in STYLES},
    "tv-squared": dataclasses.replace(RECIPES["nazianafis"], tv_power=2),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", VARIANTS)
def test_total_and_gradient(name):
    """Every recipe's value, and its slope along a random direction by central differences in float64."""
    recipe = VARIANTS[name]
    picture, photo, style = pictures()
    target = losses.targets(tensor(photo), tensor(style), VGG, recipe)
    function = value_and_gradient(lambda p, t: losses.terms(p, t, VGG, recipe), target)
    values, gradient = (ops.convert_to_numpy(each).astype(np.float64) for each in function(tensor(picture), target))

    def truth(p):
        return numpy_nst.total(p, photo, style, VGG, recipe)

    assert values.sum() == pytest.approx(truth(picture), rel=2e-4)  # f32
    direction = gradient[0] / np.linalg.norm(gradient) + np.random.default_rng(5).normal(0, 1e-2, picture.shape)
    h = 1e-6
    x = picture.astype(np.float64)
    slope = (truth(x + h * direction) - truth(x - h * direction)) / (2 * h)
    assert np.vdot(gradient[0], direction) == pytest.approx(slope, rel=2e-3)


def test_no_loss_stands_unused():
    """Every kind of loss and of Gram is some recipe's."""
    for field, kinds in (("style_loss", StyleLoss), ("content_loss", ContentLoss), ("gram_norm", GramNorm)):
        assert {getattr(recipe, field) for recipe in RECIPES.values()} == set(get_args(kinds))


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="TensorFlow alone counts what it traces")
def test_a_program_that_refines_again_and_again_is_told_nothing():
    """TensorFlow would warn, of the fifth function that it traces, that tracing takes time."""
    logger, told = logging.getLogger("tensorflow"), []
    handler = logging.Handler()
    handler.emit = told.append
    logger.setLevel(logging.WARNING)
    logger.addHandler(handler)
    target = tensor([[1.0]])
    for _ in range(6):
        value_and_gradient(lambda p, t: ops.reshape(ops.sum(p * t), (1,)), target)(tensor(np.ones((4, 5, 3))), target)
    logger.removeHandler(handler)
    assert not told


@pytest.mark.slow
def test_one_function_serves_all_sizes():
    recipe = RECIPES["arbstyle"]
    function = None
    for size in (32, 48):
        rng = np.random.default_rng(size)
        photo, style, picture = (tensor(rng.random((size, size + 3, 3))) for _ in range(3))
        target = losses.targets(photo, style, VGG, recipe)
        function = function or value_and_gradient(lambda p, t: losses.terms(p, t, VGG, recipe), target)
        values, gradient = function(picture, target)
        assert gradient.shape == picture.shape
        np.testing.assert_allclose(values, losses.terms(picture, target, VGG, recipe), rtol=1e-4)


def test_bf16_is_close():
    recipe = RECIPES["arbstyle"]
    picture, photo, style = map(tensor, pictures())
    sums = [
        number(ops.sum(losses.terms(picture, losses.targets(photo, style, VGG, recipe, d), VGG, recipe, d)))
        for d in ("float32", "bfloat16")
    ]
    assert sums[1] == pytest.approx(sums[0], rel=0.02)


@pytest.mark.slow
def test_the_real_vgg19(shared):
    """Keras's own VGG19 model sees the same maps."""
    path = next((shared / "models" / "vgg19").glob("*.h5"))
    kernels = losses.read_vgg19(model_zoo.resolve_vgg19(path))
    picture = tensor(pictures()[0])
    model = keras.applications.VGG19(include_top=False, weights=str(path))
    inner = keras.Model(model.input, model.get_layer("block5_conv4").output)
    bgr = picture[..., ::-1] * 255 - np.array([103.939, 116.779, 123.68], np.float32)
    mine = losses.features(picture, kernels, ["block5_conv4"])["block5_conv4"]
    np.testing.assert_allclose(mine, inner(bgr), atol=1e-3)
