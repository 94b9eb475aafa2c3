"""Learning a style: what it promises of losses, seeds, stops and faults; on a thin VGG19 and a toy of a network."""

import dataclasses

import numpy as np
import numpy_nst
import pytest
from keras import ops

from arbitrary_nst.errors import EngineError, OptionError
from arbitrary_nst.options import LearnOptions
from arbitrary_nst.refinement import learning
from arbitrary_nst.refinement.crops import SIDE, crops
from arbitrary_nst.refinement.learning import Learner, Subject, steps_of

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


def test_the_same_seed_learns_the_same():
    first, again, other = (learn(seed=seed).values for seed in (1, 1, 2))
    for one, two in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, two)
    assert np.abs(first[0] - other[0]).max() > 1e-4


def test_stopped_it_keeps_what_it_has():
    seen = []

    def stop_at_9(step, draw):
        seen.append(draw())
        return step.step == 9

    learnt = learn(60, stop_at_9)
    assert learnt.ended == "stopped" and len(learnt.history) == 10 == len(seen)
    assert np.abs(learnt.values[0] - np.eye(3)).max() > 0.01
    np.testing.assert_allclose(seen[0], CROPS[0], atol=1e-6)


def test_content_weight_holds_the_photo():
    def moved(weight):
        return np.abs(learn(content_weight=weight).values[0] - np.eye(3)).mean()

    assert moved(100.0) < 0.5 * moved(0.0)


def test_constraints_are_met():
    learnt = learn(subject=colours(constraints=[lambda value: ops.clip(value, -0.02, 1.01), None]))
    assert learnt.values[0].max() <= np.float32(1.01) and learnt.values[0].min() >= np.float32(-0.02)


def test_a_loss_that_is_no_number():
    with pytest.raises(EngineError, match="learning: the loss is no number"):
        learn(subject=dataclasses.replace(colours(), draw=lambda values, photo: photo @ values[0] * values[1] / 0.0))


def test_goes_on_from_the_best_after_an_accident():
    def draw(values, photo):
        return colours().draw(values, photo) / ops.cast(values[0][0, 0] > 0.96, "float32")

    poisoned = dataclasses.replace(colours(), draw=draw)
    learnt = learn(60, subject=poisoned)
    assert learnt.notes and all(np.isfinite(value).all() for value in learnt.values)


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


def test_crops_of_photos_large_and_small():
    photos = [np.full((h, w, 3), 0.5, np.float32) for h, w in ((400, 300), (64, 900), (3, 5), (1, 1))]
    cut = list(crops(photos, 3, np.random.default_rng(0)))
    assert len(cut) == 12 and {square.shape for square in cut} == {(SIDE, SIDE, 3)}
    assert all(square.dtype == np.float32 and np.allclose(square, 0.5) for square in cut)
