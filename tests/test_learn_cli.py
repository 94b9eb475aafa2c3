"""`arbstyle style learn` and `run --learn` as a user runs them: `mini` itself, over a thin VGG19 and small crops."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from test_cli import invoke

from arbitrary_nst import EngineError, OptionError, PhotoError, Style, Stylizer, model_zoo
from arbitrary_nst.files.find import expand
from arbitrary_nst.hardware.own_folder import cache_dir
from arbitrary_nst.model_zoo.networks import mini
from arbitrary_nst.model_zoo.networks.rounding import evenly_rounded
from arbitrary_nst.options import LearnOptions
from arbitrary_nst.refinement import crops
from arbitrary_nst.refinement.learning import Learnt, Subject
from arbitrary_nst.refinement.subjects import learnt_style, subject_of
from arbitrary_nst.styles.files import decoded, encoded


@pytest.fixture
def folder(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    (tmp_path / "photos").mkdir()
    for name in ("photos/a.jpg", "photos/b.png", "style.png"):
        small = Image.fromarray(rng.integers(0, 255, (6, 8, 3), np.uint8))
        small.resize((80, 60), Image.Resampling.BICUBIC).save(tmp_path / name)
    (tmp_path / "photos" / "broken.jpg").write_bytes(b"\xff\xd8\xff no photo")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def thin(thin, monkeypatch):
    for name, value in (("SIDE", 32), ("SHORT_SIDES", (40, 60)), ("CROPS", 3), ("SCENES", 1)):
        monkeypatch.setattr(crops, name, value)


def learn(*more, monkeypatch, output="x.style"):
    words = ("style", "learn", "style.png", "-o", output, "--steps", 4, "--precision", "f32", *more)
    return invoke(*words, monkeypatch=monkeypatch)


@pytest.mark.slow
def test_learns_a_style_that_draws(folder, thin, monkeypatch, capsys):
    options = ("--photos", "photos", "--preview", "so_far.jpg", "--report", "report")
    assert learn(*options, monkeypatch=monkeypatch) == 0
    out, err = capsys.readouterr()
    assert out.startswith("x.style  ") and "numbers in 4 steps on 2 photos, seed 0" in out
    assert "step 4/4" in err and "not learnt on: " in err and "broken.jpg" in err
    assert {"losses.csv", "losses.png", "step_00004.png"} <= {path.name for path in (folder / "report").iterdir()}
    with Image.open("so_far.jpg") as seen:
        assert seen.size == (80, 60)
    stylizer = Stylizer("mini", precision="f32")
    learnt, plain = Style.load("x.style"), stylizer.style("style.png")
    assert learnt.name == "x" and learnt.model == plain.model and learnt.thumbnails
    assert 0.001 < np.abs(learnt.numbers - plain.numbers).max() < 1
    assert learnt.origin != plain.origin
    assert invoke("run", "photos/a.jpg", "-s", "x.style", "-m", "mini", "-o", "out.png", monkeypatch=monkeypatch) == 0


@pytest.mark.slow
def test_the_same_seed_writes_the_same_file(folder, thin, monkeypatch):
    for output, seed in (("a.style", 1), ("b.style", 1), ("c.style", 2)):
        assert learn("--seed", seed, monkeypatch=monkeypatch, output=f"{seed}{output[0]}/x.style") == 0
    first, again, other = (folder.joinpath(name, "x.style").read_bytes() for name in ("1a", "1b", "2c"))
    assert first == again != other


@pytest.mark.slow
def test_weights_are_a_network_of_its_own(folder, thin):
    stylizer = Stylizer("mini", precision="f32")
    photo = np.random.default_rng(1).random((48, 64, 3)).astype(np.float32)
    seen = []
    style = stylizer.learn(
        "style.png", [photo], steps=3, depth="weights", on_step=lambda step, draw: seen.append(draw())
    )
    style.save("own.style")
    assert (folder / "own.style").stat().st_size < 700_000
    kept = stylizer.stylize(photo, stylizer.style("own.style"))
    np.testing.assert_allclose(kept, seen[-1], atol=0.01)  # f16 in the file
    assert np.abs(kept - stylizer.stylize(photo, stylizer.style("style.png"))).max() > 0.02


def test_what_has_to_be_even_stays_so_in_the_file():
    """Else the engine, which may compute in bf16, would draw a screen on flat areas."""
    rng = np.random.default_rng(0)
    before = evenly_rounded(np.asarray(mini.Even()(rng.normal(0, 0.1, (3, 3, 16, 12)).astype(np.float32))))
    learnt = np.asarray(mini.Even()(before + rng.normal(0, 0.01, before.shape).astype(np.float32)))
    numbers, name = np.zeros((1, 896), np.float32), "transfer/subpixels_1/kernel"
    subject = Subject([numbers, before], None, [None, mini.Even()], [name])
    ended, material = Learnt([numbers, learnt], [None], "steps"), crops.Material([], None, "", "")
    style = learnt_style(Style(numbers[0], "model"), subject, ended, LearnOptions(), material)
    np.testing.assert_array_equal(decoded(encoded(style), name="style").weights[name], style.weights[name])
    drawn_with = before + style.weights[name]
    np.testing.assert_allclose(drawn_with, learnt, atol=2e-3)
    sums = drawn_with.sum(axis=(0, 1)).reshape(16, 4, 3)
    np.testing.assert_allclose(sums, np.broadcast_to(sums[:, :1], sums.shape), atol=2e-4)  # f16 of differences


@pytest.mark.slow
def test_keras_draws_what_openvino_draws():
    stylizer = Stylizer("mini", precision="f32")
    rng = np.random.default_rng(2)
    photo, style = rng.random((44, 52, 3)).astype(np.float32), rng.random((64, 64, 3)).astype(np.float32)
    numbers = stylizer.style(style).numbers
    for depth in ("numbers", "weights"):
        subject = subject_of(stylizer.model, numbers, depth)
        drawn = np.asarray(subject.draw([*map(as_tensor, subject.values)], as_tensor(photo[None])))[0]
        np.testing.assert_allclose(drawn, stylizer.stylize(photo, stylizer.style(style)), atol=2e-3)


def as_tensor(array):
    from keras import ops

    return ops.convert_to_tensor(array)


@pytest.mark.slow
def test_interrupted_it_keeps_the_best(folder, thin, monkeypatch, capsys):
    monkeypatch.setattr("arbitrary_nst.cli.interrupt.Interrupt.is_set", lambda self: True)
    assert learn(monkeypatch=monkeypatch) == 130
    assert "numbers in 0 steps" in capsys.readouterr().out
    assert Style.load("x.style").numbers.size == 896


@pytest.mark.slow
def test_run_learns_on_its_own_photos(folder, thin, monkeypatch, capsys):
    words = ("run", "photos", "-s", "style.png", "-o", "out", "--precision", "f32")
    assert invoke(*words, "--learn", "0.01", monkeypatch=monkeypatch) == 3  # one photo is broken
    assert "step 2/2" in capsys.readouterr().err
    learnt = (folder / "out" / "a__style.jpg").read_bytes()
    assert invoke(*words, "-m", "mini", "--existing", "skip", monkeypatch=monkeypatch) == 3  # another style: made anew
    assert (folder / "out" / "a__style.jpg").read_bytes() != learnt


@pytest.mark.slow
def test_what_a_run_learnt_the_next_takes_from_the_cache(folder, monkeypatch, capsys):
    """Until the picture or the minutes are others, or what is kept cannot be believed; the photos may change."""
    learnt = []

    def learn(stylizer, picture, photos, *, minutes, **how):
        learnt.append(picture)
        style = stylizer.style(picture)
        return replace(style, numbers=style.numbers * 1.1, learnt=f"in {minutes} minutes")

    monkeypatch.setattr(Stylizer, "learn", learn)

    def run(out, minutes="0.01", photo="photos/a.jpg"):
        words = ("run", photo, "-s", "style.png", "-o", out, "--precision", "f32", "--colors", "match")
        assert invoke(*words, "--learn", minutes, monkeypatch=monkeypatch) == 0
        return (folder / out).read_bytes(), len(learnt), capsys.readouterr().err

    first, _, said = run("1.png")
    assert "style.png: learnt, and kept for the next run in " in said
    again, times, said = run("2.png")
    assert again == first and times == 1
    assert "style.png: learnt before, in 0.01 minutes; to learn it anew, delete" in said
    assert run("3.png", photo="photos/b.png")[1] == 1
    assert run("4.png", minutes="0.02")[1] == 2
    for kept in (cache_dir() / "learnt").iterdir():
        kept.write_bytes(kept.read_bytes()[:-1])
    assert run("5.png")[:2] == (first, 3)
    for kept in (cache_dir() / "learnt").iterdir():
        kept.chmod(0o666)
    assert run("6.png")[1] == 4
    Image.new("RGB", (40, 40), "red").save("style.png")
    assert run("7.png")[1] == 5
    monkeypatch.setenv("ARBSTYLE_CACHE_DIR", os.devnull)
    assert run("8.png")[1] == 6


@pytest.mark.slow
def test_watch_learns_before_it_watches_and_only_once(folder, thin, monkeypatch, capsys):
    def arriving(place, stop, **options):
        yield expand([place], recursive=True, output=folder / "out")

    monkeypatch.setattr("arbitrary_nst.files.arrivals.arriving", arriving)
    (folder / "style.png").rename(folder / "photos" / "style.png")
    words = ("watch", "photos", "-s", "photos/style.png", "-o", "out", "--precision", "f32", "--learn", "0.01")
    for times in (1, 2):
        assert invoke(*words, monkeypatch=monkeypatch) == 130
        out, err = capsys.readouterr()
        assert ("step 2/2" in err) == (times == 1) and ("learnt before" in err) == (times == 2)
        assert out.count("skipped") == (2 if times == 2 else 0)
    assert {path.name for path in (folder / "out").glob("*.*g")} == {"a__style.jpg", "b__style.png"}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("run", "photos", "-s", "style.png", "--learn", "0"), "learn 0"),
        (("run", "photos", "-s", "style.png", "--learn", "soon"), "learn soon: no number"),
        (("run", "photos", "-s", "style.png", "--learn", "1", "--refine"), "a learnt style is not refined"),
        (
            ("watch", "photos", "-s", "style.png", "-o", "x", "--learn", "1", "--refine"),
            "a learnt style is not refined",
        ),
        (("style", "learn", "style.png", "-o", "x.png"), "a style's file ends in .style"),
        (("style", "learn", "none.png", "-o", "x.style"), "no such file"),
        (("style", "learn", "style.png", "-o", "x.style", "--minutes", "-1"), "minutes -1.0: out of range"),
        (("style", "learn", "style.png", "-o", "x.style", "--depth", "all"), "depth 'all': unknown"),
        (("style", "learn", "style.png", "-o", "x.style", "--preview", "style.png"), "is one of the pictures given"),
    ],
)
def test_what_makes_no_sense_is_told_before_a_model_is_loaded(words, message, folder, monkeypatch, capsys):
    monkeypatch.setattr("arbitrary_nst.model_zoo.resolve", lambda *given, **options: pytest.fail("resolved a model"))
    assert invoke(*words, monkeypatch=monkeypatch) == 2
    err = capsys.readouterr().err
    assert message in err and len(err.splitlines()) == 1


def test_lite_cannot_learn(folder, shared):
    with pytest.raises(OptionError, match="lite: cannot learn a style"):
        Stylizer("lite", model_dir=shared / "models").learn("style.png")


def test_a_folder_is_no_picture_to_learn(folder, monkeypatch, capsys):
    words = ("style", "learn", "photos", "-o", "x.style")
    (folder / "photos" / "broken.jpg").unlink()
    assert invoke(*words, monkeypatch=monkeypatch) == 2
    err = "arbstyle: photos: 2 pictures, and one is learnt at a time. Try: one of them\n"
    assert capsys.readouterr().err == err


def test_photos_that_cannot_be_read(folder, thin):
    with pytest.raises(PhotoError, match="none of them can be read to learn on"):
        Stylizer("mini").learn("style.png", "photos/broken.jpg", steps=1)


@pytest.mark.slow
def test_magenta_learns_its_numbers(folder, thin, standin):
    """Random weights: that the loss falls is all there is to see."""
    stylizer = Stylizer(standin, engine="tensorflow", precision="f32", trust_model=True)
    seen = []
    style = stylizer.learn("style.png", "photos/a.jpg", steps=9, on_step=lambda step, draw: seen.append(step.total))
    assert style.numbers.shape == (10438,) and seen[-1] < seen[0]
    with pytest.raises(OptionError, match="learns numbers only"):
        stylizer.learn("style.png", depth="weights")


@pytest.mark.slow
def test_magenta_learns_its_numbers_without_tensorflow(standin):
    """On PyTorch, by the network that its engine draws with."""
    pytest.importorskip("torch")
    environment = {**os.environ, "KERAS_BACKEND": "torch", "PYTHONPATH": os.pathsep.join([*sys.path, str(HERE)])}
    run = [sys.executable, "-c", IN_TORCH, standin]
    done = subprocess.run(run, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    totals = [float(word) for word in done.stdout.split()]
    assert len(totals) == 7 and totals[-1] < 0.99 * totals[0]


def test_a_backend_that_magenta_cannot_learn_with_is_told(monkeypatch):
    monkeypatch.setattr("keras.backend.backend", lambda: "jax")
    with pytest.raises(EngineError, match=r"magenta: cannot learn with jax.*backend=.torch.*model=.mini"):
        subject_of(SimpleNamespace(card=model_zoo.cards()["magenta"]), np.zeros(10438, np.float32))


HERE = Path(__file__).parent
IN_TORCH = """
import sys
sys.modules["tensorflow"] = None
import numpy as np
import numpy_nst
from pathlib import Path
from arbitrary_nst import model_zoo
from arbitrary_nst.options import LearnOptions
from arbitrary_nst.refinement.learning import Learner
from arbitrary_nst.refinement.subjects import subject_of

model = model_zoo.resolve(sys.argv[1], trust=True)
rng = np.random.default_rng(0)
subject = subject_of(model, rng.normal(0, 1, 10438).astype(np.float32))
style, crops = rng.random((64, 64, 3), np.float32), [rng.random((64, 64, 3), np.float32)]
learnt = Learner(numpy_nst.thin_vgg19(), precision="f32").learn(subject, style, crops, LearnOptions(steps=6))
print(*(step.total for step in learnt.history))
"""
