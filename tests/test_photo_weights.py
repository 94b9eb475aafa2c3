"""Styles with a photo network of their own: drawn as Keras draws it, kept apart, refused where they do not fit."""

import hashlib
import os
import subprocess
import sys

import numpy as np
import pytest
from fakes import fake_stylizer

from arbitrary_nst import model_zoo
from arbitrary_nst.engines import load_engine
from arbitrary_nst.engines.own_weights import KEPT, OwnWeights
from arbitrary_nst.errors import OptionError
from arbitrary_nst.styles import Style, blend
from arbitrary_nst.stylizer import Stylizer


def noise(*shape, seed=0):
    return np.random.default_rng(seed).random(shape, np.float32)


@pytest.fixture(scope="module")
def engine():
    return load_engine(model_zoo.resolve("mini", offline=True), "openvino", "f32")


SOFTER = {"transfer/subpixels_1/kernel": np.full((3, 3, 16, 12), -0.01, np.float32)}


@pytest.mark.slow
def test_differences_draw_as_they_do_in_keras(tmp_path):
    """The bundle's weights in Keras, a difference added to each."""
    script = (
        "import sys, numpy as np\n"
        "sys.path.insert(0, 'scripts/training')\n"
        "from export import exported\n"
        "from pathlib import Path\n"
        "from arbitrary_nst.model_zoo.networks import PHOTO_LAYERS, mini, weight_name\n"
        "names = [weight_name(layer, part) for layer in PHOTO_LAYERS for part in ('kernel', 'bias')]\n"
        "read, transfer = mini.read_numbers(), mini.transfer_net()\n"
        "bundle = exported(Path('models/mini'))[1]\n"
        "for mine, theirs in zip(mini.stored_variables(mini.photo_net(read, transfer)),\n"
        "                        mini.stored_variables(bundle), strict=True):\n"
        "    mini.assign(mine, theirs)\n"
        "rng, differences = np.random.default_rng(1), {}\n"
        "assert len(names) == len(transfer.trainable_variables)\n"
        "for name, variable in zip(names, transfer.trainable_variables, strict=True):\n"
        "    assert name == 'transfer/' + variable.path.replace('/conv/', '/'), (name, variable.path)\n"
        "    differences[name] = (0.02 * rng.normal(size=variable.shape)).astype(np.float32)\n"
        "    variable.assign(variable + differences[name])\n"
        "photo, numbers = (rng.random(shape, np.float32) for shape in ((1, 48, 64, 3), (1, 896)))\n"
        "picture = np.asarray(transfer([photo, numbers]))\n"
        "np.savez(sys.argv[1], photo=photo, numbers=numbers, picture=picture, **differences)\n"
    )
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    kept = tmp_path / "expected.npz"
    environment = os.environ | {"KERAS_BACKEND": "tensorflow", "PYTHONPATH": root}
    done = subprocess.run([sys.executable, "-c", script, kept], cwd=root, env=environment, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    with np.load(kept) as file:
        expected = dict(file)
    photo, numbers, picture = (expected.pop(name) for name in ("photo", "numbers", "picture"))
    engine = load_engine(model_zoo.resolve("mini", offline=True), "openvino", "f32")
    plain = engine.transform(photo, numbers)
    learnt = engine.with_weights(expected)
    np.testing.assert_allclose(learnt.transform(photo, numbers), picture, atol=1e-3)  # f32 order of sums
    np.testing.assert_allclose(learnt.transform_in_strips(photo, numbers), picture, atol=2e-3)
    assert np.abs(plain - picture).mean() > 0.02
    np.testing.assert_array_equal(engine.transform(photo, numbers), plain)  # untouched
    np.testing.assert_array_equal(engine.predict_style(noise(1, 64, 64, 3)), learnt.predict_style(noise(1, 64, 64, 3)))


def style_of(weights):
    return Style(np.zeros(896, np.float32), "digest", weights=weights)


def test_the_last_few_stay_compiled(engine):
    engines, often = OwnWeights(), style_of({"transfer/contract_2/bias": np.ones(16, np.float32)})
    first, always = engines.engine(engine, style_of(SOFTER), 1.0), engines.engine(engine, often, 1.0)
    copied = style_of({name: array.copy() for name, array in SOFTER.items()})
    assert engines.engine(engine, copied, 1.0) is first
    for number in range(2, 2 + KEPT):
        engines.engine(engine, style_of({"transfer/contract_2/bias": np.full(16, number, np.float32)}), 1.0)
        assert engines.engine(engine, often, 1.0) is always
    assert engines.engine(engine, style_of(SOFTER), 1.0) is not first


@pytest.mark.parametrize(
    "wrong",
    [
        {"transfer/other/kernel": np.zeros((3, 3, 16, 12), np.float32)},
        {"transfer/subpixels_1/kernel": np.zeros((3, 3, 12, 16), np.float32)},
        {"transfer/subpixels_1/kernel": np.zeros(12, np.float32)},
        {"transfer/subpixels_1/bias": np.zeros(13, np.float32)},
    ],
)
def test_weights_of_another_network_are_refused(engine, wrong):
    with pytest.raises(OptionError, match="style: "):
        engine.with_weights(wrong)


def test_other_models_cannot_take_them(lite):
    lite = load_engine(lite, "openvino", "f32")
    with pytest.raises(OptionError, match="cannot take"):
        lite.with_weights(SOFTER)


def test_a_style_draws_with_its_own_weights_and_half_of_it_with_half():
    stylizer, photo = fake_stylizer(), noise(8, 8, 3)
    numbers = np.zeros(100, np.float32)
    plain, own = Style(numbers, "digest"), Style(numbers, "digest", weights={"transfer/x/bias": np.float32([0.25])})
    picture = stylizer.stylize(photo, plain)
    np.testing.assert_allclose(stylizer.stylize(photo, own), picture + 0.25, atol=1e-6)
    half = blend({plain: 0.5, own: 0.5})
    np.testing.assert_allclose(stylizer.stylize(photo, half), picture + 0.125, atol=1e-6)


@pytest.mark.slow
def test_a_saved_style_draws_as_the_one_in_memory(tmp_path):
    stylizer, photo = Stylizer("mini", offline=True, precision="f32"), noise(40, 56, 3)
    style = stylizer.style(noise(64, 64, 3, seed=3))
    own = Style(style.numbers, style.model, "own", weights=SOFTER)
    own.save(tmp_path / "own.style")
    saved = stylizer.stylize(photo, tmp_path / "own.style")
    assert np.abs(saved - stylizer.stylize(photo, own)).max() < 0.5 / 255  # differences are kept in f16
    assert np.abs(saved - stylizer.stylize(photo, style)).mean() > 1 / 255


def test_a_folders_photos_find_their_engine_without_reading_weights_again(monkeypatch):
    asked, stylizer = [], fake_stylizer()
    makes = stylizer.engine.with_weights
    stylizer.engine.with_weights = lambda weights: asked.append(weights) or makes(weights)
    engines, softer = OwnWeights(), style_of(SOFTER)
    first = engines.engine(stylizer.engine, softer, 1.0)
    with monkeypatch.context() as patch:
        patch.setattr(hashlib, "sha256", None)
        assert engines.engine(stylizer.engine, softer, 1.0) is first and len(asked) == 1
    assert engines.engine(stylizer.engine, softer, 0.5) is not first
    np.testing.assert_allclose(*(each["transfer/subpixels_1/kernel"] * (1, 2)[n] for n, each in enumerate(asked)))
    for number in range(KEPT):
        engines.engine(stylizer.engine, style_of({"bias": np.full(2, number, np.float32)}), 1.0)
    assert engines.engine(stylizer.engine, softer, 1.0) is not first
