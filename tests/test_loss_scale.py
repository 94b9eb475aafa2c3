"""Gradients in f16: as f32's whatever the size of the losses, and what is no number is so for a reason."""

import numpy as np
import numpy_nst
import pytest
from keras import ops

from arbitrary_nst.refinement import loss_scale, losses, precision
from arbitrary_nst.refinement.gradients import value_and_gradient
from arbitrary_nst.refinement.loss_scale import BEGINNING, GROWS_AFTER, LossScale
from arbitrary_nst.refinement.recipes import RECIPES

VGG = numpy_nst.thin_vgg19()
PICTURES = [ops.convert_to_tensor(np.random.default_rng(seed).random((1, 40, 44, 3), np.float32)) for seed in (1, 2, 3)]


def evaluated(dtype, weight=1.0, recipe="arbstyle"):
    """Terms and gradient of a picture, twice."""
    recipe = RECIPES[recipe]
    picture, photo, style = PICTURES
    target = losses.targets(photo, style, VGG, recipe, dtype)
    terms = value_and_gradient(
        lambda picture, target: weight * losses.terms(picture, target, VGG, recipe, dtype), target, None, dtype
    )
    first, second = ([np.asarray(each) for each in terms(picture, target)] for _ in range(2))
    np.testing.assert_array_equal(first[0], second[0])
    return second


@pytest.mark.parametrize("name", ["torch", "tensorflow", "jax"])
def test_grams_are_exact_products(name, monkeypatch):
    """TF32 would cost them half of their digits: it is off where PyTorch and TensorFlow decide, and in JAX's trace."""
    import jax
    import keras
    import tensorflow as tf

    monkeypatch.setattr(keras.backend, "backend", lambda: name)
    tf.config.experimental.enable_tensor_float_32_execution(True)
    if name == "torch":
        cuda = pytest.importorskip("torch").backends.cuda
        cuda.matmul.allow_tf32 = True
    precision.settle_tf32()
    if name == "torch":
        assert not cuda.matmul.allow_tf32
    assert tf.config.experimental.tensor_float_32_execution_enabled() == (name != "tensorflow")
    with precision.exact_products():
        traced = str(jax.make_jaxpr(lambda x: x @ x)(np.ones((2, 2), np.float32)))
    assert ("HIGHEST" in traced) == (name == "jax")


@pytest.mark.slow
@pytest.mark.parametrize("weight", [1e-12, 1.0, 1e12])
def test_gradients_are_those_of_f32_whatever_the_weights(weight):
    (values, gradient), (exact_values, exact) = evaluated("float16", weight), evaluated("float32", weight)
    np.testing.assert_allclose(values, exact_values, rtol=0.01)
    gradient, exact = gradient.astype(np.float64), exact.astype(np.float64)
    cosine = (gradient * exact).sum() / (np.linalg.norm(gradient) * np.linalg.norm(exact))
    assert cosine > 0.99 and np.linalg.norm(gradient) == pytest.approx(
        np.linalg.norm(exact), rel=0.05
    )  # maxima of pools may change places


@pytest.mark.slow
def test_a_scale_too_large_is_made_smaller(monkeypatch):
    expected = evaluated("float16")[1]
    monkeypatch.setattr(loss_scale, "BEGINNING", 2.0**40)
    np.testing.assert_allclose(evaluated("float16")[1], expected, atol=0.01 * np.abs(expected).max())


def test_maps_keep_to_f16s_range():
    """A bright picture by kernels forty times as large: in f16 itself the maps would be beyond 65504."""
    large = {name: (40 * kernel, bias) for name, (kernel, bias) in VGG.items()}
    picture = ops.ones_like(PICTURES[0])
    exact = losses.features(picture, large, ["block1_conv2"])["block1_conv2"]
    found = losses.features(picture, large, ["block1_conv2"], dtype="float16")["block1_conv2"]
    assert 65504 < float(ops.max(exact)) < 65504 / losses.F16_SHARE
    np.testing.assert_allclose(found, exact, rtol=0.01, atol=0.01 * float(ops.max(exact)))


def test_what_is_no_number_for_another_reason_is_left_so():
    calls = []

    def differentiate(terms, example, values):
        def function(point, given):
            calls.append(float(given[1]))
            return ops.ones(3) * given[1], point * (np.nan if len(calls) <= 1 + loss_scale.TRIES else 1) * given[1]

        return function

    run = loss_scale.scaled(differentiate, None, None)
    assert np.isnan(np.asarray(run(ops.ones(2), None)[1])).all() and len(calls) == 1 + loss_scale.TRIES
    np.testing.assert_allclose(run(ops.ones(2), None)[1], 1)
    assert calls[-1] == calls[1] == pytest.approx(BEGINNING / 3)


def test_it_grows_after_many_steps_in_range():
    scale = LossScale()
    scale.begin(2.0)
    for _ in range(GROWS_AFTER - 1):
        scale.found(True)
    assert scale.value == BEGINNING / 2
    scale.found(True)
    assert scale.value == BEGINNING
    scale.found(False)
    scale.begin(1e9)
    assert scale.value == BEGINNING / 8
