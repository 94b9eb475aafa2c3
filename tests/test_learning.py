"""Learning a style: what it promises of losses, seeds, stops and faults; on a thin VGG19 and a toy of a network."""

import dataclasses
import itertools

import numpy as np
import numpy_nst
import pytest
from keras import ops

from arbitrary_nst.errors import EngineError, OptionError
from arbitrary_nst.options import LearnOptions
from arbitrary_nst.refinement import crops, learning
from arbitrary_nst.refinement.crops import SHOWN, SIDE, material
from arbitrary_nst.refinement.gradients import value_and_gradient
from arbitrary_nst.refinement.learning import Learner, Subject, steps_of
from arbitrary_nst.refinement.scenes import scenes

LEARNER = Learner(numpy_nst.thin_vgg19(), precision="f32")
RNG = np.random.default_rng(0)
STYLE = RNG.random((40, 50, 3)).astype(np.float32) ** 3
CROPS = [RNG.random((32, 32, 3)).astype(np.float32) for _ in range(4)]


def colours(start=None, **options):
    """A network of twelve numbers: a matrix of colours, and a colour added."""
    values = start or [np.eye(3, dtype=np.float32), np.zeros((1, 3), np.float32)]
    return Subject(values, lambda values, photo: ops.clip(photo @ values[0] + values[1], 0, 1), **options)


def learn(steps=24, on_step=None, subject=None, photos=CROPS, **options):
    return LEARNER.learn(subject or colours(), STYLE, photos, LearnOptions(steps=steps, **options), on_step, CROPS[0])


def test_the_loss_falls():
    learnt = learn(60)
    totals = [step.total for step in learnt.history]
    assert [step.step for step in learnt.history] == list(range(61)) and {step.last for step in learnt.history} == {60}
    assert totals[0] == pytest.approx(1)  # the photo itself
    assert totals[-1] < 0.8 and learnt.ended == "steps" and not learnt.notes
    assert learnt.history[-1].left == 0


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["bf16", "f16"])
def test_half_precision_learns_as_well(precision):
    learner, how = Learner(numpy_nst.thin_vgg19(), precision=precision), LearnOptions(steps=60)
    half = learner.learn(colours(), STYLE, CROPS, how).history[-1].total
    assert half == pytest.approx(learn(60).history[-1].total, rel=0.03)


def test_losses_are_those_of_refinement():
    """The first step on one crop, by the NumPy implementation."""
    seen = []
    learnt = learn(1, lambda step, draw: seen.append(draw()) and None, photos=CROPS[:1])
    vgg = numpy_nst.thin_vgg19()
    recipe = learning.LEARNING
    apart = numpy_nst.total(CROPS[0], CROPS[0], STYLE, vgg, recipe)
    both = numpy_nst.total(seen[1], CROPS[0], STYLE, vgg, recipe)
    without = numpy_nst.total(seen[1], CROPS[0], STYLE, vgg, dataclasses.replace(recipe, content_weight=0.0))
    assert [step.total for step in learnt.history] == pytest.approx([1, without / apart + both - without], rel=1e-3)


@pytest.mark.slow
def test_the_same_seed_learns_the_same():
    first, again, other = (learn(seed=seed).values for seed in (1, 1, 2))
    for one, two in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, two)
    assert np.abs(first[0] - other[0]).max() > 1e-4


@pytest.mark.slow
def test_stopped_it_keeps_what_it_has():
    seen = []

    def stop_at_9(step, draw):
        seen.append(draw())
        return step.step == 9

    learnt = learn(60, stop_at_9)
    assert learnt.ended == "stopped" and len(learnt.history) == 10 == len(seen)
    assert np.abs(learnt.values[0] - np.eye(3)).max() > 0.01
    np.testing.assert_allclose(seen[0], CROPS[0], atol=1e-6)


@pytest.mark.slow
def test_content_weight_holds_the_photo():
    def moved(weight):
        return np.abs(learn(content_weight=weight).values[0] - np.eye(3)).mean()

    assert moved(100.0) < 0.5 * moved(0.0)


@pytest.mark.slow
def test_constraints_are_met():
    learnt = learn(subject=colours(constraints=[lambda value: ops.clip(value, -0.02, 1.01), None]))
    assert learnt.values[0].max() <= np.float32(1.01) and learnt.values[0].min() >= np.float32(-0.02)


def test_a_loss_that_is_no_number():
    with pytest.raises(EngineError, match="learning: the loss is no number"):
        learn(subject=dataclasses.replace(colours(), draw=lambda values, photo: photo @ values[0] * values[1] / 0.0))


@pytest.mark.slow
def test_goes_on_from_the_best_after_an_accident(monkeypatch):
    def broken_at_call_30(*given):
        function, calls = value_and_gradient(*given), itertools.count(1)

        def call(values, target):
            terms, gradients = function(values, target)
            return (terms * np.nan if next(calls) == 30 else terms), gradients

        return call

    monkeypatch.setattr(learning, "value_and_gradient", broken_at_call_30)
    learnt = learn(60)
    assert learnt.notes == ("step 29: the loss is no number; went on from the best more slowly",)
    assert len(learnt.history) == 61 and learnt.history[-1].total < learnt.history[20].total


def test_without_a_photo():
    with pytest.raises(OptionError, match="no photo to learn on"):
        learn(photos=[])


def test_minutes_are_steps():
    assert steps_of(LearnOptions()) == 3 * learning.STEPS_A_MINUTE["numbers"]
    assert steps_of(LearnOptions(depth="weights")) == 10 * learning.STEPS_A_MINUTE["weights"]
    assert steps_of(LearnOptions(minutes=0.01)) >= 1
    assert steps_of(LearnOptions(minutes=9, steps=7)) == 7


@pytest.mark.parametrize(
    "wrong", [{"minutes": 0}, {"minutes": float("nan")}, {"steps": 0}, {"depth": "all"}, {"content_weight": -1}]
)
def test_options_that_make_no_sense(wrong):
    with pytest.raises(OptionError):
        LearnOptions(**wrong)


@pytest.mark.parametrize("size", [(400, 300), (64, 900), (3, 5), (1, 1)])
def test_crops_of_photos_large_and_small(size):
    found = material([np.full((*size, 3), 0.5, np.float32)], 0, 4)
    assert len(found.crops) == crops.CROPS and {square.shape for square in found.crops} == {(SIDE, SIDE, 3)}
    assert all(square.dtype == np.float32 and np.allclose(square, 0.5) for square in found.crops)
    assert max(found.shown.shape) <= SHOWN and not any(side % 4 for side in found.shown.shape[:2])


@pytest.mark.slow
def test_material_goes_by_photos_and_seed():
    photos = [RNG.random((200, 300, 3)).astype(np.float32) for _ in range(2)]
    digests = [material(*given, 4).digest for given in ((photos, 0), (photos, 0), (photos, 1), (photos[:1], 0))]
    assert digests[0] == digests[1] and len(set(digests)) == 3


def test_scenes_are_all_their_own():
    first, again = (list(scenes(2, 96, seed=3)) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first[0] - first[1]).mean() > 0.05
    for scene in first:
        assert scene.shape == (96, 96, 3) and scene.dtype == np.float32
        assert scene.min() >= 0 and scene.max() <= 1 and scene.std() > 0.05


def test_scenes_where_there_are_no_photos(monkeypatch):
    monkeypatch.setattr(crops, "SCENES", 1)
    assert len(material([], 0, 4).crops) == crops.CROPS
