"""The optimisation: what it promises of losses, sizes, stops and faults; on a thin random VGG19."""

import dataclasses
import itertools
from pathlib import Path

import numpy as np
import numpy_nst
import pytest

from arbitrary_nst import images
from arbitrary_nst.drawing.sought import Sought
from arbitrary_nst.errors import EngineError, EngineMemoryError, OptionError, PhotoError
from arbitrary_nst.files.loss_report import COLUMNS, LossReport
from arbitrary_nst.model_zoo import resolve_vgg19
from arbitrary_nst.refinement import losses, optimizers, record
from arbitrary_nst.refinement import refiner as refiner_module
from arbitrary_nst.refinement.recipes import RECIPES, VGG_LAYERS, get
from arbitrary_nst.refinement.record import Step
from arbitrary_nst.refinement.refiner import BASE_BYTES, BYTES_PER_PIXEL, Refiner
from arbitrary_nst.refinement.scales import scale_sizes, split_steps
from arbitrary_nst.refinement.settings import Refinement

SAMPLES = Path(__file__).resolve().parent.parent / "scripts" / "samples"
VGG = numpy_nst.thin_vgg19()


def smooth(seed, height=70, width=93):
    """A random picture with structure at several sizes."""
    rng = np.random.default_rng(seed)
    layers = [images.resize(rng.random((n, n, 3)).astype(np.float32), (height, width)) for n in (3, 9, 30)]
    return np.clip(np.mean(layers, axis=0), 0, 1)


PHOTO, STYLE, START = smooth(1), smooth(2, 60, 110), smooth(3)


def refiner(recipe="arbstyle", *, precision="f32", max_memory=None, how=None, **changes):
    changes = {"steps": 12, "scales": 2} | changes
    return Refiner(
        Refinement(get(recipe).with_changes(**changes), **(how or {})), VGG, precision=precision, max_memory=max_memory
    )


@pytest.mark.slow
def test_history_and_size():
    refined = refiner(scales=3, steps=33).refine(PHOTO, STYLE, START)
    assert refined.pixels.shape == PHOTO.shape and refined.ended == "steps"
    assert refined.pixels.min() >= 0 and refined.pixels.max() <= 1
    steps = refined.history
    assert [s.step for s in steps] == list(range(34)) and {s.last for s in steps} == {33}
    assert [s.scale for s in steps] == [46] * 5 + [66] * 4 + [93] * 25
    for step in steps:
        assert step.total == pytest.approx(step.content + step.style + step.tv)
    assert steps[-1].left == 0
    assert all(later.seconds >= earlier.seconds for earlier, later in itertools.pairwise(steps))


@pytest.mark.slow
def test_row_0_is_the_start():
    for margin in (0, 16):  # px that are reflected
        seen = []
        one = refiner(scales=1, margin=margin)
        refined = one.refine(PHOTO, STYLE, START, lambda step, picture, seen=seen: seen.append(picture()) and None)
        np.testing.assert_allclose(seen[0], START, atol=1e-6)
        start, photo = (np.pad(each, ((margin,) * 2, (margin,) * 2, (0, 0)), "reflect") for each in (START, PHOTO))
        expected = numpy_nst.total(start, photo, images.resize(STYLE, (51, 93)), VGG, get("arbstyle"))
        assert refined.history[0].total == pytest.approx(expected, rel=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("recipe", RECIPES)
def test_every_recipe_goes_downhill(recipe):
    refined = refiner(recipe, init="noise", scales=1, steps=15).refine(PHOTO, STYLE)
    totals = [step.total for step in refined.history]
    assert min(totals) < 0.9 * totals[0]
    assert np.isfinite(refined.pixels).all() and np.ptp(refined.pixels) > 0.2


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", ["adam", "lbfgs"])
def test_loss_falls_within_each_scale(optimizer):
    history = refiner(optimizer=optimizer, scales=3, steps=90, margin=0).refine(PHOTO, STYLE, START).history
    for scale in {step.scale for step in history}:
        totals = [step.total for step in history if step.scale == scale]
        assert min(totals) < totals[0]


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", ["adam", "lbfgs"])
def test_the_best_picture_comes_back(optimizer):
    """Its loss, measured anew, is the lowest of the finest scale."""
    one = refiner(optimizer=optimizer, scales=1, steps=9, clip=True, margin=0)  # else what is reflected differs
    refined = one.refine(PHOTO, STYLE, START)
    again = one.refine(PHOTO, STYLE, refined.pixels)
    assert again.history[0].total == pytest.approx(min(step.total for step in refined.history), rel=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("recipe", ["arbstyle", "gatys"])
def test_deterministic_under_a_seed(recipe):
    first, again, other = (
        refiner(recipe, init="noise", how={"seed": seed}).refine(PHOTO, STYLE).pixels for seed in (5, 5, 6)
    )
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0.1


@pytest.mark.slow
@pytest.mark.parametrize("init", ["photo", "style", "noise"])
def test_inits_without_a_feed_forward_picture(init):
    seen = []
    refiner(init=init, scales=1, steps=1).refine(
        PHOTO, STYLE, None, lambda step, picture: seen.append(picture()) and None
    )
    expected = {"photo": PHOTO, "style": images.resize(STYLE, PHOTO.shape[:2])}.get(init)
    if expected is not None:
        np.testing.assert_allclose(seen[0], np.clip(expected, 0, 1), atol=1e-6)
    else:
        assert seen[0].std() > 0.25  # white noise


def test_stylized_init_needs_the_picture():
    with pytest.raises(OptionError, match="init='photo'"):
        refiner().refine(PHOTO, STYLE)


@pytest.mark.slow
def test_narrow_pictures():
    with pytest.raises(PhotoError, match="93x20: too small to refine"):
        refiner().refine(PHOTO[:20], STYLE, START[:20])
    refined = refiner(scales="auto", steps=4).refine(PHOTO[:33], STYLE[:, :7], START[:33])
    assert refined.pixels.shape == (33, 93, 3)


def test_stop_keeps_the_best_so_far():
    refined = refiner(scales=2, steps=40).refine(PHOTO, STYLE, START, lambda step, picture: step.step == 4)
    assert refined.ended == "stopped" and len(refined.history) == 5
    assert refined.pixels.shape == PHOTO.shape
    assert np.abs(refined.pixels - START).max() > 0.01  # what was found at the coarse scale is in it


@pytest.mark.slow
def test_time_limit_leaves_time_for_the_finest_scale():
    refined = refiner(scales=2, steps=100_000, how={"time_limit": 3.0}).refine(PHOTO, STYLE, START)
    assert refined.ended == "time limit"
    assert refined.history[-1].scale == 93
    assert refined.history[-1].left == 0


# --- faults


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", ["adam", "lbfgs"])
def test_a_loss_that_is_no_number_costs_only_its_step(optimizer, monkeypatch):
    poisoned = refiner(optimizer=optimizer, scales=1, steps=20)
    honest, calls = poisoned._objective, []

    def objective(*arguments):
        evaluate = honest(*arguments)

        def sometimes(picture):
            calls.append(1)
            values, gradient, is_finite = evaluate(picture)
            return (values * np.nan if len(calls) == 6 else values), gradient, is_finite

        return sometimes

    monkeypatch.setattr(poisoned, "_objective", objective)
    refined = poisoned.refine(PHOTO, STYLE, START)
    totals = [step.total for step in refined.history]
    assert np.isnan(totals[5]) and len(totals) == 21
    assert np.nanmin(totals[6:]) < np.nanmin(totals[:5])  # it went on downhill
    assert totals[6] == pytest.approx(np.nanmin(totals[:5]))  # from the best
    assert "no number" in refined.notes[0]
    assert np.isfinite(refined.pixels).all() and refined.pixels.max() > 0.3


def test_a_step_too_far_is_taken_back():
    refined = refiner(scales=1, steps=20, learning_rate=3, clip=False).refine(PHOTO, STYLE, START)
    totals = [step.total for step in refined.history]
    assert totals[1] > 10 * totals[0] and totals[2] == pytest.approx(totals[0])
    assert min(totals) < totals[0] and len(totals) == 21
    assert "step 1: the loss rose more than 10 times" in refined.notes[0]


def test_never_a_number(monkeypatch):
    broken = refiner()
    monkeypatch.setattr(
        broken, "_objective", lambda *_: lambda picture: (np.full(3, np.nan, np.float32), picture, True)
    )
    with pytest.raises(EngineError, match="precision='f32'"):
        broken.refine(PHOTO, STYLE, START)


def test_little_memory_refines_smaller_and_carries_up():
    small = refiner(scales=1, steps=3, max_memory=BASE_BYTES + BYTES_PER_PIXEL["f32"] * 35 * 46).refine(
        PHOTO, STYLE, START
    )
    assert {step.scale for step in small.history} == {46}
    assert small.pixels.shape == PHOTO.shape and "carried up to 93x70" in small.notes[0]
    with pytest.raises(EngineMemoryError):
        refiner(max_memory=1000).refine(PHOTO, STYLE, START)


@pytest.mark.slow
@pytest.mark.parametrize("init", ["noise", "style"])
def test_what_the_photo_shows_nothing_of_is_not_carried_up(init):
    """Not the noise that it began with, at the full size, on top of what came of it."""
    few = refiner(init=init, scales=1, steps=1, max_memory=BASE_BYTES + BYTES_PER_PIXEL["f32"] * 35 * 46)
    start = few._first(PHOTO, [Sought([(STYLE, 1.0)])], None)
    refined, small = few.refine(PHOTO, STYLE).pixels, images.resize(start, (35, 46))
    assert np.abs(refined - start).mean() > 0.5 * np.abs(start - images.resize(small, PHOTO.shape[:2])).mean()
    stopped = refiner(init=init, scales=3, steps=40).refine(PHOTO, STYLE, on_step=lambda step, picture: True).pixels
    fine = stopped - images.resize(images.resize(stopped, (35, 46)), PHOTO.shape[:2])
    own = start - images.resize(images.resize(start, (35, 46)), PHOTO.shape[:2])
    assert abs((fine * own).sum()) < 0.5 * (own * own).sum()  # as it came back, all its finest detail: 1


@pytest.mark.slow
def test_time_and_steps_alike_say_how_far_it_is(monkeypatch):
    clock = iter(np.arange(0, 1e6, 1.0))
    monkeypatch.setattr(record.time, "monotonic", lambda: float(next(clock)))
    rates = []
    monkeypatch.setattr(optimizers, "adam", watched(optimizers.adam, rates))
    refined = refiner(scales=1, steps=1000, how={"time_limit": 40.0}).refine(PHOTO, STYLE, START)
    assert refined.ended == "time limit" and len(refined.history) < 50
    shares = [step.share for step in refined.history]
    assert shares[0] == 0 and shares == sorted(shares) and shares[-1] == 1
    assert rates[0] < 0.1 and rates[-1] > 0.9 and rates == sorted(rates)  # so the rate has decayed when time is over
    by_steps = refiner(scales=1, steps=8).refine(PHOTO, STYLE, START)
    assert [step.share for step in by_steps.history] == [number / 8 for number in range(9)]


def watched(search, told):
    def run(judged, start, recipe, rate, share):
        return search(judged, start, recipe, rate, lambda: told.append(share()) or told[-1])

    return run


def test_out_of_memory_goes_smaller(monkeypatch):
    tight = refiner(scales=1, steps=3)
    honest = tight._objective

    def objective(photo, style, size):
        if max(size) > 90:
            raise RuntimeError("RESOURCE_EXHAUSTED: OOM when allocating tensor")
        return honest(photo, style, size)

    monkeypatch.setattr(tight, "_objective", objective)
    refined = tight.refine(PHOTO, STYLE, START)
    assert {step.scale for step in refined.history} == {66} and "carried up" in refined.notes[0]


# --- parts


@pytest.mark.parametrize("full", [(256, 384), (1024, 768), (150, 100), (999, 1501), (40, 2000)])
def test_scales(full):
    sizes = scale_sizes(full, "auto")
    assert sizes[-1] == full
    assert max(sizes[0]) <= 192 or min(full) < 200
    for coarse, fine in itertools.pairwise(sizes):
        assert max(fine) / max(coarse) == pytest.approx(2**0.5, rel=0.01)
    assert sum(split_steps(100, sizes)) == 100
    assert scale_sizes(full, 1) == [full]


@pytest.mark.parametrize(
    "changes",
    [
        {"stepz": 3},
        {"steps": 0},
        {"scales": 0},
        {"content_layer": "block6_conv1"},
        {"style_layers": {"conv1_1": 1.0}},
        {"content_weight": -1.0},
        {"tv_weight": float("nan")},
        {"content_weight": 0.0, "style_weight": 0.0, "tv_weight": 0.0},
    ],
)
def test_recipes_refuse(changes):
    with pytest.raises(OptionError, match="Try: "):
        get("gatys").with_changes(**changes)


@pytest.mark.parametrize("how", [{"style_scale": 0.0}, {"style_scale": 99.0}, {"time_limit": 0.0}])
def test_refinements_refuse(how):
    with pytest.raises(OptionError, match="Try: "):
        Refinement(**how)


def test_recipes_are_what_they_are_called():
    assert get("arbstyle") == Refinement().recipe
    for name, recipe in RECIPES.items():
        assert recipe.name == name and recipe.with_changes() == recipe
        assert {recipe.content_layer, *recipe.style_layers} <= set(VGG_LAYERS)
    with pytest.raises(OptionError, match="tf-tutorial"):
        get("nope")
    assert list(VGG_LAYERS) == numpy_nst.NAMES


@pytest.mark.slow
def test_report(tmp_path):
    report = LossReport(tmp_path / "new" / "folder")
    refined = refiner(scales=2, steps=16).refine(PHOTO, STYLE, START, report.add)
    report.close()
    lines = (tmp_path / "new" / "folder" / "losses.csv").read_text().splitlines()
    assert lines[0] == ",".join(COLUMNS) == "step,scale,seconds,content,style,tv,total"
    assert len(lines) == 1 + len(refined.history) and lines[1].startswith("0,66,")
    names = {path.name for path in (tmp_path / "new" / "folder").iterdir()}
    assert {"losses.png", "losses.csv", "step_00000.png", "step_00016.png"} <= names
    picture = images.decode((tmp_path / "new" / "folder" / "step_00016.png").read_bytes(), name="last")
    assert picture.pixels.shape == PHOTO.shape


def test_a_report_of_what_time_or_a_stop_ends_has_its_pictures_too(tmp_path):
    steps = [Step(n, 66, float(n), 1.0, 1.0, 0.0, 2.0, 1000, 9.0, min(1.0, n / 20)) for n in range(12)]
    for end in (12, 6):
        report = LossReport(tmp_path / str(end))
        for step in steps[:end]:
            report.add(step, PHOTO)
        report.close()
    kept = {end: sorted(path.name for path in (tmp_path / end).glob("step_*")) for end in ("12", "6")}
    assert kept["12"] == [f"step_{n:05d}.png" for n in (0, 2, 5, 10, 11)]
    assert kept["6"] == [f"step_{n:05d}.png" for n in (0, 2, 5)]  # the last, too, is its turn or where it was stopped


# --- precision


def lowest(precision, photo, style, vgg):
    """The lowest loss of 25 steps."""
    how = Refinement(get("arbstyle").with_changes(steps=25, scales=1, init="photo"))
    return min(step.total for step in Refiner(how, vgg, precision=precision).refine(photo, style).history)


@pytest.fixture(scope="module")
def in_f32():
    return lowest("f32", PHOTO, STYLE, VGG)


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["bf16", "f16"])
def test_half_precision_ends_no_higher(precision, in_f32):
    """A thin VGG19 is rough ground, where one that rounds may end lower too."""
    assert -0.05 < lowest(precision, PHOTO, STYLE, VGG) / in_f32 - 1 < 0.01


@pytest.fixture(scope="module")
def by_the_real_vgg19(shared):
    """What is refined, with what, and its lowest loss in f32."""
    vgg = losses.read_vgg19(resolve_vgg19(next((shared / "models" / "vgg19").glob("*.h5")), offline=True))
    photo, style = (
        images.resize(images.decode((SAMPLES / f"{name}.jpg").read_bytes(), name=name).pixels, (48, 48))
        for name in ("landscape", "woodblock_waves")
    )
    return (photo, style, vgg), lowest("f32", photo, style, vgg)


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["bf16", "f16"])
def test_half_precision_ends_within_a_hundredth_by_the_real_vgg19(precision, by_the_real_vgg19):
    given, exact = by_the_real_vgg19
    assert abs(lowest(precision, *given) / exact - 1) < 0.01


def test_a_recipe_is_a_value():
    assert dataclasses.replace(get("gatys"), steps=3) == get("gatys").with_changes(steps=3)


def test_adam_steps_as_keras_does():
    import keras

    recipe, gradients = RECIPES["arbstyle"].with_changes(clip=False, decay=False, beta_1=0.8), []
    start = np.random.default_rng(3).random((4, 5, 3), np.float32)
    variable, theirs = keras.Variable(start[np.newaxis]), keras.optimizers.Adam(recipe.learning_rate, 0.8)

    def judged(picture):
        np.testing.assert_allclose(
            optimizers.to_numpy(picture), optimizers.to_numpy(keras.ops.copy(variable)), atol=1e-5
        )
        gradients.append(optimizers.to_tensor(np.sin(7 * optimizers.to_numpy(picture))))
        if len(gradients) == 6:
            raise StopIteration
        theirs.apply([gradients[-1]], [variable])
        return 1.0, gradients[-1]

    with pytest.raises(StopIteration):
        optimizers.adam(judged, start, recipe, 1.0, lambda: 0.0)
    assert len(gradients) == 6


def test_a_gpus_free_memory_says_how_large(monkeypatch):
    monkeypatch.setattr(refiner_module, "free_memory_of_gpu", lambda: int(BYTES_PER_PIXEL["f32"] * 50 * 72 / 0.8))
    assert refiner()._fitting((100, 144)) in ((50, 72), (49, 71), (50, 71))
    monkeypatch.setattr(refiner_module, "free_memory_of_gpu", lambda: 10**12)
    assert refiner()._fitting((100, 144)) == (100, 144)
