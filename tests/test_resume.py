"""A run over many photos: stopped anywhere and started again, it ends as if it had never been stopped."""

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from fakes import fake_stylizer
from PIL import Image

from arbitrary_nst.files.directory import Directory
from arbitrary_nst.files.find import Input, expand
from arbitrary_nst.files.jobs import Output, StyleInUse
from arbitrary_nst.files.manifest import Manifest
from arbitrary_nst.files.output_folder import OutputFolder
from arbitrary_nst.files.plan import Plan
from arbitrary_nst.files.settings import Settings
from arbitrary_nst.files.stream import stylize_many

PHOTOS = 30
KILLS = 20
# The command over the fake engine, slowed so that a kill can fall anywhere.
SLOW = """
import sys, time; sys.path.insert(0, sys.argv.pop(1))
import arbitrary_nst.stylizer, fakes
draw = fakes.FakeEngine.transform
fakes.FakeEngine.transform = lambda self, *given: (time.sleep(0.02), draw(self, *given))[1]
arbitrary_nst.stylizer.Stylizer = lambda model, **options: fakes.fake_stylizer()
from arbitrary_nst.cli import main; main()
"""


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "in"
    for number in range(PHOTOS):
        path = folder / f"day{number % 3}" / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        noise = np.random.default_rng(number).integers(0, 255, (40, 60, 3), np.uint8)
        Image.fromarray(noise).save(path)
    Image.new("RGB", (30, 30), (9, 99, 199)).save(tmp_path / "style.png")
    return folder


def run(photos, out, **settings):
    found = expand([photos], output=out)
    style = photos.parent / "style.png"
    return list(stylize_many(fake_stylizer(), found, [style], Settings(out, existing="skip", **settings)))


def contents(out):
    return {str(path.relative_to(out)): path.read_bytes() for path in out.rglob("*.png")}


@pytest.mark.slow
def test_killed_anywhere_and_started_again_it_ends_as_if_undisturbed(photos, tmp_path):
    run(photos, tmp_path / "undisturbed")
    out = tmp_path / "out"
    command = [sys.executable, "-c", SLOW, str(Path(__file__).parent), "run", str(photos), "-s",
               str(tmp_path / "style.png"), "-o", str(out), "--existing", "skip"]  # fmt: skip
    rng = random.Random(0)
    for _ in range(KILLS):
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
            process.stdout.readline()  # it is at work
            time.sleep(rng.uniform(0, 0.05))
            process.send_signal(signal.SIGKILL)
        for path in out.rglob("*.png"):
            if not path.name.startswith("."):
                Image.open(path).load()  # whole, whatever happened
    assert all(result.error is None for result in run(photos, out))
    assert contents(out) == contents(tmp_path / "undisturbed")
    assert not list(out.rglob(".arbstyle-*"))


def test_only_what_is_as_it_was_is_skipped(photos, tmp_path):
    out = tmp_path / "out"

    def redone(**settings):
        return [Path(result.output).name for result in run(photos, out, **settings) if not result.skipped]

    assert len(redone()) == PHOTOS
    assert redone() == []
    assert len(redone(quality=50)) == PHOTOS and redone(quality=50) == []
    Image.new("RGB", (9, 9)).save(photos / "day0" / "0.png")
    (out / "day1" / "1__style.png").unlink()
    assert redone(quality=50) == ["0__style.png", "1__style.png"]
    (photos / "day2" / "2.png").touch()
    assert redone(quality=50, checksum=True) == []
    assert redone(quality=50) == ["2__style.png"]
    Image.new("RGB", (30, 30), (250, 9, 9)).save(tmp_path / "style.png")
    assert len(redone(quality=50)) == PHOTOS


class KnownAs:
    """A fingerprint without a session."""

    def __init__(self, made):
        self.made = made

    def of(self, style):
        return {"style": style.sha256, "made": self.made}

    def counting(self, record):
        return record


def test_a_plan_is_made_of_opened_styles_and_a_fingerprint_alone(photos, tmp_path):
    out = tmp_path / "out"
    (photo, *_) = expand([photos], output=out)
    waves = [StyleInUse("wave", None, (), "1"), StyleInUse("wave", None, (), "2")]

    def planned(made):
        plan = Plan(waves, Settings(out, existing="skip"), out, KnownAs(made), print)
        job = plan.plan(photo)
        for each in job.outputs:
            plan.put(each, b"picture", "sha256", whole=True)
        plan.close()
        return [each.target.name if isinstance(each, Output) else "skipped" for each in job.planned]

    stem = photo.path.stem
    suffix = photo.path.suffix
    assert planned("so") == [f"{stem}__wave{suffix}", f"{stem}__wave_2{suffix}"]
    assert planned("so") == ["skipped"] * 2
    assert "skipped" not in planned("otherwise")


def test_a_torn_or_changed_line_does_not_count(tmp_path):
    manifest = Manifest(Directory.open(tmp_path))
    for number in range(3):
        manifest.add({"input": "a.png", "output": f"{number}.png", "size": number})
    path = tmp_path / "arbstyle.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b'"size": 1', b'"size": 7')[:-5])
    manifest = Manifest(Directory.open(tmp_path))
    assert [manifest.holds({"output": f"{n}.png", "size": n}) for n in range(3)] == [True, False, False]
    manifest.add({"input": "a.png", "output": "2.png", "size": 2})
    assert Manifest(Directory.open(tmp_path)).holds({"output": "2.png", "size": 2})
    assert all(json.loads(line.rpartition(b" ")[0]) for line in whole.splitlines())


def test_a_picture_is_announced_before_it_is_written(tmp_path):
    mine, theirs, picture = tmp_path / "a.png", tmp_path / "b.png", tmp_path / "out" / "a__s.png"
    record = {"input": str(mine), "output": picture.name, "size": 1}
    picture.parent.mkdir()
    with Manifest(Directory.open(picture.parent)).around(record, whole=False):  # a refinement that was stopped
        picture.touch()
    mine.touch()
    manifest = Manifest(Directory.open(picture.parent))
    assert not manifest.holds(record) and not manifest.guards(picture, mine)
    assert manifest.guards(picture, theirs) and manifest.guards(picture.with_name("never announced.png"), mine) is False
    picture.with_name("never announced.png").touch()
    assert manifest.guards(picture.with_name("never announced.png"), mine)
    mine.unlink()
    assert not manifest.guards(picture, theirs)


def test_a_vanished_photo_is_reported_and_the_rest_goes_on(photos, tmp_path):
    found = [Input(path) for path in sorted(photos.rglob("*.png"))]
    found[3].path.unlink()
    results = list(stylize_many(fake_stylizer(), found, [tmp_path / "style.png"], Settings(tmp_path / "out")))
    assert [result.error is None for result in results].count(False) == 1
    assert "no such file" in str(results[3].error)


def test_limit_goes_on_where_the_last_run_ended(photos, tmp_path):
    done = [sum(not result.skipped for result in run(photos, tmp_path / "out", limit=12)) for _ in range(4)]
    assert done == [12, 12, 6, 0]


def test_fail_fast_ends_the_stream(photos, tmp_path):
    (photos / "day0" / "0.png").write_bytes(b"broken")
    assert len(run(photos, tmp_path / "out", fail_fast=True)) == 1


def test_several_styles_each_embedded_once(photos, tmp_path):
    (tmp_path / "other").mkdir()
    Image.new("RGB", (30, 30), (1, 2, 3)).save(tmp_path / "other" / "style.png")
    stylizer, found = fake_stylizer(), expand([photos], output=tmp_path / "out")
    styles = [tmp_path / "style.png", tmp_path / "other" / "style.png"]
    results = list(stylize_many(stylizer, found, styles, Settings(tmp_path / "out")))
    assert len(contents(tmp_path / "out")) == 2 * PHOTOS == len(results)
    assert stylizer.engine.styles == 2 and {result.style for result in results} == {"style", "style_2"}


def test_a_stop_finishes_what_is_in_flight(photos, tmp_path):
    found, done = expand([photos], output=tmp_path / "out"), []
    for result in stylize_many(
        fake_stylizer(), found, [tmp_path / "style.png"], Settings(tmp_path / "out"), stop=lambda: len(done) >= 3
    ):
        done.append(result)
    assert 3 <= len(done) <= 10 and all(result.error is None for result in done)
    assert len(contents(tmp_path / "out")) == len(done)


def test_stylize_many_is_the_same_from_the_api(photos, tmp_path):
    stylizer = fake_stylizer()
    results = list(stylizer.stylize_many(photos, tmp_path / "style.png", output=tmp_path / "out", quality=80))
    assert len(results) == PHOTOS and all(Path(result.output).exists() for result in results)
    one = next(iter(stylizer.stylize_many(photos / "day0" / "0.png", stylizer.style(tmp_path / "style.png"))))
    assert one.output == str(photos / "day0" / "0__style.png")


def test_what_a_cluster_made_there_is_not_taken_for_a_strangers_in_silence(photos, tmp_path):
    (tmp_path / "out" / "arbstyle.parquet").mkdir(parents=True)
    told = []
    for existing in ("skip", "fail"):
        OutputFolder(tmp_path / "out", existing, told.append).close()
    (line,) = told
    assert "`arbstyle cluster run` made there is not known" in line


def test_a_stopped_refinement_is_known_and_gone_on_with(tmp_path):
    picture, record = tmp_path / "a__s.png", {"input": "a.png", "output": "a__s.png", "size": 1}
    for whole in (False, True):
        folder = OutputFolder(tmp_path, "skip", print)
        folder.put(picture, b"so far", record, overwrite=True, whole=whole)
        for asked, same in ((record, True), ({**record, "size": 2}, False)):
            assert folder.holds(asked, picture) == (same and whole)
            assert folder.holds_stopped(asked, picture) == (same and not whole)
        folder.close()
