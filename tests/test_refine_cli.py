"""`arbstyle run --refine` as a user runs it, over a thin VGG19; a few with the real one."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from fakes import FakeEngine, fake_stylizer
from PIL import Image
from test_cli import invoke

from arbitrary_nst import images, refine
from arbitrary_nst.files.results import Result
from arbitrary_nst.refinement import refiner as refiner_module
from arbitrary_nst.stylizer import Stylizer


@pytest.fixture
def folder(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    for name, size in (("a.jpg", (65, 50)), ("b.png", (48, 70)), ("style.png", (60, 60))):
        Image.fromarray(rng.integers(0, 255, (*size[::-1], 3), np.uint8)).save(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def fake(fake, thin):
    """The fake engine and a thin VGG19."""


def size(path):
    with Image.open(path) as image:
        return image.size


@pytest.mark.slow
def test_refines_and_keeps_the_size(folder, fake, monkeypatch, capsys):
    options = ("--refine", "--steps", 6, "--report", "report", "--preview", "so_far.jpg")
    assert invoke("run", "a.jpg", "-s", "style.png", "-o", "out.png", *options, monkeypatch=monkeypatch) == 0
    out, err = capsys.readouterr()
    assert out.startswith("a.jpg -> out.png  65x50") and len(out.splitlines()) == 1
    assert "step 6/6 at 65 px" in err and "s per step" in err
    assert size("so_far.jpg") == (65, 50)
    assert {"losses.csv", "losses.png", "step_00006.png"} <= {p.name for p in (folder / "report").iterdir()}
    plain = images.decode((folder / "out.png").read_bytes(), name="out")
    assert invoke("run", "a.jpg", "-s", "style.png", "-o", "plain.png", monkeypatch=monkeypatch) == 0
    assert np.abs(plain.pixels - images.decode((folder / "plain.png").read_bytes(), name="p").pixels).mean() > 0.01


@pytest.mark.slow
def test_many_photos_and_reports(folder, fake, monkeypatch, capsys):
    call = (
        "run",
        "a.jpg",
        "b.png",
        "-s",
        "style.png",
        "-o",
        "out",
        "--refine",
        "--steps",
        2,
        "--report",
        "r",
        "--json",
    )
    assert invoke(*call, monkeypatch=monkeypatch) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["width"], line["height"]) for line in lines] == [(65, 50), (48, 70)]
    assert sorted(p.name for p in (folder / "r").iterdir()) == ["a__style.jpg", "b__style.png"]
    # the same again is skipped; with other steps it is made again
    assert invoke(*call[:-3], "--existing", "skip", "--json", monkeypatch=monkeypatch) == 0
    assert all(json.loads(line)["skipped"] for line in capsys.readouterr().out.splitlines())
    again = [*call[:-3], "--existing", "skip", "--json"]
    again[again.index(2)] = 3
    assert invoke(*again, monkeypatch=monkeypatch) == 0
    assert not any(json.loads(line)["skipped"] for line in capsys.readouterr().out.splitlines())


@pytest.mark.slow
def test_a_recipe_that_begins_with_the_photo_needs_no_model(folder, fake, monkeypatch, capsys):
    monkeypatch.setattr(FakeEngine, "predict_style", None)
    monkeypatch.setattr(FakeEngine, "transform", None)
    call = ("run", "a.jpg", "-s", "style.png", "-o", "o.png", "--refine", "--recipe", "gatys", "--steps", 2, "--json")
    assert invoke(*call, monkeypatch=monkeypatch) == 0
    line = json.loads(capsys.readouterr().out)
    assert line["model"] is None and line["width"] == 65


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--steps", 3), "steps: belongs to refinement"),
        (("--refine", "--recipe", "monet"), "recipe 'monet': unknown"),
        (("--refine", "--layer", "conv4=1"), "layer 'conv4'"),
        (("--refine", "--layer", "block4_conv1"), "layers block4_conv1"),
        (("--refine", "--scales", "few"), "scales few"),
        (("--refine", "--style-scale", 0), "style scale 0"),
        (("--refine", "--time-limit", 0), "time limit 0"),
    ],
)
def test_wrong_options(options, says, folder, fake, monkeypatch, capsys):
    assert invoke("run", "a.jpg", "-s", "style.png", *options, monkeypatch=monkeypatch) == 2
    err = capsys.readouterr().err
    assert says in err and "Try: " in err and len(err.splitlines()) == 1


def test_weights_that_are_missing_or_others_are_4(folder, fake, monkeypatch, capsys):
    monkeypatch.undo()
    monkeypatch.chdir(folder)
    monkeypatch.setattr("arbitrary_nst.stylizer.Stylizer", lambda *model, **options: fake_stylizer())
    (folder / "other.h5").write_bytes(b"other")
    for file, says in (("none.h5", "cannot be read"), ("other.h5", "not loaded")):
        call = ("run", "a.jpg", "b.png", "-s", "style.png", "-o", "out", "--refine", "--vgg-weights", file)
        assert invoke(*call, monkeypatch=monkeypatch) == 4
        err = capsys.readouterr().err
        assert says in err and "Try: " in err and len(err.splitlines()) == 1
    assert not (folder / "out").exists()


@pytest.mark.slow
def test_a_backend_that_is_not_there(shared, folder):
    environment = {**os.environ, "KERAS_BACKEND": "nope", "ARBSTYLE_MODEL_DIR": str(shared / "models")}
    call = ["run", "a.jpg", "-s", "style.png", "-o", "o.png", "--refine", "-m", "mini"]
    script = "from arbitrary_nst.cli import main; main()"
    done = subprocess.run([sys.executable, "-c", script, *call], env=environment, capture_output=True, text=True)
    assert done.returncode == 3 and "Try: KERAS_BACKEND=tensorflow" in done.stderr
    assert len(done.stderr.splitlines()) == 1 and not (folder / "o.png").exists()


def test_layers_and_weights_reach_the_recipe(folder, fake, monkeypatch):
    seen = []
    monkeypatch.setattr(
        "arbitrary_nst.files.stream.stylize_many",
        lambda stylizer, photos, styles, settings, stop: seen.append(settings) or [Result("a.jpg", planned=True)],
    )
    options = (
        "--layer",
        "block5_conv1=0",
        "--layer",
        "block3_conv2=0.7",
        "--content-weight",
        2,
        "--pooling",
        "average",
    )
    call = ("run", "a.jpg", "-s", "style.png", "--refine", "--optimizer", "lbfgs", "--scales", 2, *options)
    assert invoke(*call, monkeypatch=monkeypatch) == 0
    recipe = seen[0].refinement.recipe
    assert recipe.style_layers["block3_conv2"] == 0.7 and "block5_conv1" not in recipe.style_layers
    assert (recipe.content_weight, recipe.pooling, recipe.optimizer, recipe.scales) == (2, "average", "lbfgs", 2)


def test_recipes_are_listed(monkeypatch, capsys):
    assert invoke("recipes", monkeypatch=monkeypatch) == 0
    out = capsys.readouterr().out
    for name in ("arbstyle", "gatys", "tf-tutorial", "nazianafis", "boston", "tirtha", "CVPR 2016"):
        assert name in out


@pytest.mark.slow
def test_api(folder, fake, monkeypatch):
    stylizer = fake_stylizer()
    array = np.asarray(images.to_pil(images.decode((folder / "a.jpg").read_bytes(), name="a")))
    picture = stylizer.stylize(array, "style.png")
    refined = stylizer.refine(
        picture, photo=array, style_image="style.png", recipe="gatys", steps=3, vgg_weights="thin"
    )
    assert refined.shape == array.shape and refined.dtype == np.uint8
    assert isinstance(refine("a.jpg", "style.png", recipe="gatys", steps=2, vgg_weights="thin"), Image.Image)
    with_start = stylizer.refine(photo="a.jpg", style_image="style.png", steps=2)
    assert with_start.size == (65, 50)


@pytest.mark.slow
def test_real_weights_ctrl_c_and_the_api(shared, tmp_path):
    """Ctrl-C writes the best picture so far, says so and exits with 130; the manifest does not call it done."""
    photo, style = shared / "images/photos/chicago.jpg", shared / "images/styles/udnie.jpg"
    environment = {**os.environ, "ARBSTYLE_MODEL_DIR": str(shared / "models")}
    (tmp_path / "out").mkdir()
    call = ["run", photo, "-s", style, "-o", tmp_path / "out", "-m", "lite", "--refine", "--max-size", "200"]
    script = "from arbitrary_nst.cli import main; main()"
    process = subprocess.Popen(
        [sys.executable, "-c", script, *map(str, call), "--report", str(tmp_path / "report")],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    table, deadline = tmp_path / "report" / "losses.csv", time.monotonic() + 120
    while not (table.exists() and len(table.read_text().splitlines()) > 5):
        assert process.poll() is None and time.monotonic() < deadline, process.communicate()
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "stopped: the best of" in err and "chicago__udnie.jpg" in out
    assert size(tmp_path / "out" / "chicago__udnie.jpg") == (200, 133)
    assert "settings" not in (tmp_path / "out" / "arbstyle.jsonl").read_text()
    losses = [float(line.split(",")[-1]) for line in table.read_text().splitlines()[1:]]
    assert losses[-1] < losses[0]
    assert "I0000" not in err and "W0000" not in err  # TensorFlow's own lines


@pytest.mark.slow
def test_refine_with_real_weights_halves_the_loss(shared):
    stylizer = Stylizer("lite", model_dir=shared / "models", offline=True)
    with Image.open(shared / "images/photos/diana.jpg") as image:
        photo = np.asarray(image.convert("RGB").resize((123, 161)))
    totals = []
    refined = stylizer.refine(
        photo=photo, style_image=shared / "images/styles/udnie.jpg", steps=25,
        on_step=lambda step, picture: totals.append(step.total) and None,
    )  # fmt: skip
    assert refined.shape == (161, 123, 3)
    assert min(totals) < 0.5 * totals[0]


@pytest.mark.slow
def test_a_picture_to_begin_with(folder, fake, monkeypatch, capsys):
    """A file of the photo's size, refined at this size alone; it is what comes out of no step at all."""
    begun = np.full((50, 65, 3), 90, np.uint8)
    Image.fromarray(begun).save("begun.png")
    run = ("run", "a.jpg", "-s", "style.png", "--refine", "--steps", 1)
    assert invoke(*run, "--init", "begun.png", "-o", "out.png", "--report", "r", monkeypatch=monkeypatch) == 0
    with Image.open("r/step_00000.png") as first:
        np.testing.assert_array_equal(np.asarray(first), begun)
    capsys.readouterr()
    for file, says in (("style.png", "60x60, the photo is 65x50"), ("gone.png", "gone.png"), ("nois", "nois")):
        assert invoke(*run, "--init", file, "-o", f"{file}_out.png", monkeypatch=monkeypatch) in (2, 3)
        assert says in capsys.readouterr().err
    several = ("run", "a.jpg", "b.png", "-s", "style.png", "--refine", "--init", "begun.png", "-o", "many")
    assert invoke(*several, monkeypatch=monkeypatch) == 2
    assert "a file begins one picture" in capsys.readouterr().err


@pytest.mark.slow
def test_skip_goes_on_with_what_was_stopped(folder, fake, monkeypatch, capsys):
    starts = []
    refine_one = refiner_module.Refiner.refine

    def stopped_once(self, photo, style, start=None, on_step=None):
        starts.append((start, self.recipe.scales))
        if len(starts) == 1:
            return refine_one(self, photo, style, start, lambda step, picture: True)
        return refine_one(self, photo, style, start, on_step)

    monkeypatch.setattr(refiner_module.Refiner, "refine", stopped_once)
    (folder / "in").mkdir()
    (folder / "a.jpg").rename(folder / "in" / "a.jpg")
    call = ("run", "in", "-s", "style.png", "--refine", "--steps", 3, "-o", "out", "--existing", "skip", "-f", "png")
    for _ in range(3):
        assert invoke(*call, monkeypatch=monkeypatch) == 0
    out = capsys.readouterr().out
    assert len(starts) == 2 and starts[1][1] == 1 and "skipped" in out.splitlines()[-1]
    assert np.abs(starts[1][0] - starts[0][0]).mean() < 0.02  # it was stopped at its first step
