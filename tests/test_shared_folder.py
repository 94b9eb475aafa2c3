"""An output folder that others write into too: other runs, and who would have a run write elsewhere."""

import itertools
import json
import os
import subprocess
import sys
import threading
import time
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fakes import fake_stylizer
from PIL import Image

from arbitrary_nst import OptionError, PhotoError
from arbitrary_nst.files import locks
from arbitrary_nst.files.directory import Directory
from arbitrary_nst.files.find import Input
from arbitrary_nst.files.manifest import NAME, Manifest
from arbitrary_nst.files.planner import Planner
from arbitrary_nst.files.settings import Settings
from arbitrary_nst.files.stream import stylize_many

PHOTOS = 12


@pytest.fixture
def photos(tmp_path):
    for number in range(PHOTOS):
        path = tmp_path / "in" / f"day{number % 3}" / f"{number // 3}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        noise = np.random.default_rng(number).integers(0, 255, (20, 30, 3), np.uint8)
        Image.fromarray(noise).save(path)
    Image.new("RGB", (30, 30), (9, 99, 199)).save(tmp_path / "style.png")
    return sorted((tmp_path / "in").rglob("*.png"))


def stream(photos, out, existing="skip", stylizer=None, **settings):
    given = [Input(photo) for photo in photos]
    style = out.parent / "style.png"
    return stylize_many(stylizer or fake_stylizer(), given, [style], Settings(out, existing=existing, **settings))


def names(out):
    return sorted(path.name for path in out.rglob("*") if path.is_file() and path.name != NAME)


def line(record):
    text = json.dumps(record).encode() if not isinstance(record, bytes) else record
    return text + b" %08x\n" % zlib.crc32(text)


# --- other runs


def test_two_equal_runs_at_once_share_the_work(photos, tmp_path):
    """Photos of one name in three folders, into one: each is made once, by either, and none as a double."""
    list(stream(photos, tmp_path / "alone"))
    out, results, begin = tmp_path / "out", {}, threading.Barrier(2)

    def run(name):
        stylizer = fake_stylizer()
        draw = stylizer.engine.transform
        stylizer.engine.transform = lambda *given: (time.sleep(0.002), draw(*given))[1]
        begin.wait()
        results[name] = list(stream(photos, out, stylizer=stylizer))

    threads = [threading.Thread(target=run, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert names(out) == names(tmp_path / "alone")
    assert {p.read_bytes() for p in out.glob("*.png")} == {p.read_bytes() for p in (tmp_path / "alone").glob("*.png")}
    for each in results.values():
        assert sorted(result.input for result in each) == sorted(map(str, photos))
        assert all(result.error is None for result in each)
    made = [result.output for result in itertools.chain(*results.values()) if not result.skipped]
    assert len(made) == PHOTOS == len(set(made))


def test_what_the_other_run_failed_at_is_made(photos, tmp_path):
    out, lines = tmp_path / "out", []
    other = stream(photos, out)
    next(other)  # it has claimed more than it has made
    threading.Timer(0.2, other.close).start()
    mine = list(stream(photos, out, stylizer=fake_stylizer(notify=lines.append)))
    assert len(mine) == PHOTOS and all(result.error is None for result in mine)
    assert len(names(out)) == PHOTOS and any("another run writes into it" in each for each in lines)


def test_a_stop_ends_the_wait_for_the_other_run(photos, tmp_path, monkeypatch):
    monkeypatch.setattr("arbitrary_nst.files.plan.WAIT_S", 0)
    other = stream(photos, tmp_path / "out")
    next(other)
    asked = iter([False] * 100)
    given = [Input(photo) for photo in photos]
    settings = Settings(tmp_path / "out", existing="skip")
    mine = stylize_many(
        fake_stylizer(notify=lambda line: None), given, [tmp_path / "style.png"], settings, lambda: next(asked, True)
    )
    assert len(list(mine)) < PHOTOS
    other.close()


def test_a_run_that_is_to_fail_where_something_exists_stops_with_one_line(photos, tmp_path):
    other = stream(photos[:1], tmp_path / "out")
    planner = Planner(fake_stylizer(), [], [tmp_path / "style.png"], Settings(tmp_path / "out"), several=True)
    assert planner.plan(Input(photos[0])).outputs
    with pytest.raises(OptionError, match="another run is making it"):
        list(stream(photos, tmp_path / "out", existing="fail"))
    planner.close()
    assert [result.error for result in other] == [None]


def test_runs_that_rename_take_the_next_name(photos, tmp_path):
    planner = Planner(fake_stylizer(), [], [tmp_path / "style.png"], Settings(tmp_path / "out"), several=True)
    assert planner.plan(Input(photos[0])).outputs
    (result,) = stream(photos[:1], tmp_path / "out", existing="rename")
    planner.close()
    assert Path(result.output).name == "0__style_2.png"


@pytest.mark.slow
def test_processes_over_photos_of_one_name_lose_none(photos, tmp_path):
    """As `xargs -P 2` would."""
    script = (
        "import sys; sys.path.insert(0, sys.argv[1]); from pathlib import Path; from fakes import fake_stylizer\n"
        "from arbitrary_nst.files.find import Input; from arbitrary_nst.files.settings import Settings\n"
        "from arbitrary_nst.files.stream import stylize_many\n"
        "settings = Settings(Path(sys.argv[2]), existing='skip')\n"
        "(result,) = stylize_many(fake_stylizer(), [Input(Path(sys.argv[4]))], [Path(sys.argv[3])], settings)\n"
        "assert result.error is None and not result.skipped\n"
    )
    (tmp_path / "out").mkdir()
    given = [sys.executable, "-c", script, Path(__file__).parent, tmp_path / "out", tmp_path / "style.png"]
    both = [subprocess.Popen([*given, photo]) for photo in photos if photo.name == "0.png"]
    assert [process.wait(60) for process in both] == [0, 0, 0]
    assert names(tmp_path / "out") == ["0__style.png", "0__style_2.png", "0__style_3.png"]


def test_a_file_system_without_locks_is_said_once_and_nothing_of_another_is_replaced(photos, tmp_path, monkeypatch):
    def no_locks(*given, **named):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(locks, "_lock", no_locks)
    lines = []
    assert all(r.error is None for r in stream(photos, tmp_path / "out", stylizer=fake_stylizer(notify=lines.append)))
    assert len([each for each in lines if "has no locks" in each]) == 1
    planner = Planner(
        fake_stylizer(notify=lines.append), [], [tmp_path / "style.png"],
        Settings(tmp_path / "new", existing="skip"), several=True,
    )  # fmt: skip
    job = planner.plan(Input(photos[0]))
    (tmp_path / "new" / "0__style.png").write_bytes(b"theirs")  # of a run that could not be kept out
    with pytest.raises(PhotoError, match="exists already"):
        planner.put(job.outputs[0], b"mine", "", whole=True)
    assert (tmp_path / "new" / "0__style.png").read_bytes() == b"theirs"
    planner.close()


# --- the manifest


def test_a_manifest_that_is_a_link_a_folder_or_a_pipe_ends_the_run_with_one_line(photos, tmp_path):
    out, precious = tmp_path / "out", tmp_path / "bashrc"
    out.mkdir()
    precious.write_bytes(b"precious\n")
    for make in (lambda: (out / NAME).symlink_to(precious), lambda: os.mkfifo(out / NAME), (out / NAME).mkdir):
        make()
        with pytest.raises(PhotoError, match=r"arbstyle\.jsonl.*no file"):
            list(stream(photos, out))
        (out / NAME).rmdir() if (out / NAME).is_dir() else (out / NAME).unlink()
    assert precious.read_bytes() == b"precious\n" and not names(out)


def test_a_planted_line_and_a_link_replace_no_file_of_the_users(photos, tmp_path):
    out, precious = tmp_path / "out", tmp_path / "precious"
    out.mkdir()
    precious.write_bytes(b"precious")
    (out / "0__style.png").symlink_to(precious)
    (out / NAME).write_bytes(line({"input": str(photos[0]), "output": "0__style.png"}))
    (result,) = stream(photos[:1], out)
    assert result.error is None and precious.read_bytes() == b"precious"
    assert not (out / "0__style.png").is_symlink() and names(out) == ["0__style.png"]


def test_only_a_file_that_was_named_is_written_through_a_link(photos, tmp_path):
    real, linked_folder = tmp_path / "real.png", tmp_path / "linked"
    (tmp_path / "out").mkdir()
    (tmp_path / "link.png").symlink_to(real)
    linked_folder.symlink_to("out")
    (named,) = stream(photos[:1], tmp_path / "link.png", existing="overwrite")
    assert named.error is None and real.is_file() and (tmp_path / "link.png").is_symlink()
    assert all(result.error is None for result in stream(photos, linked_folder))
    assert len(names(tmp_path / "out")) == PHOTOS
    beside = photos[0].with_name("0__style.png")
    beside.symlink_to(real)
    before = real.read_bytes()
    (result,) = stylize_many(
        fake_stylizer(), [Input(photos[0])], [tmp_path / "style.png"], Settings(existing="overwrite", quality=9)
    )
    assert result.error is None and not beside.is_symlink() and real.read_bytes() == before


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="counts descriptors")
def test_a_run_leaves_no_descriptor_open(photos, tmp_path):
    before = len(os.listdir("/proc/self/fd"))
    list(stream(photos, tmp_path / "out"))
    abandoned = stream(photos, tmp_path / "other")
    next(abandoned)
    abandoned.close()
    assert len(os.listdir("/proc/self/fd")) == before


def test_odd_lines_do_not_count(photos, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    odd = [{"output": [], "input": "a"}, {"output": "a.png", "input": 7}, {"output": {}, "input": None}, [], "text",
           {"output": "a.png"}, b"[" * 200_000 + b"]" * 200_000, b'{"input":"a","output":' * 100_000, b"\xff", b"",
           b"9" * 5000]  # fmt: skip
    (out / NAME).write_bytes(b"".join(line(each) for each in odd) + b"x" * (3 << 20) + b"\n" + b"\0" * 100)
    assert [result.error for result in stream(photos[:2], out)] == [None] * 2
    assert [result.skipped for result in stream(photos[:2], out)] == [True] * 2


def test_a_manifest_in_a_folder_turned_read_only_still_tells_what_is_made(photos, tmp_path, monkeypatch):
    list(stream(photos, tmp_path / "out"))
    opened = Directory.open_file

    def read_only(self, name, flags):
        if flags & (os.O_WRONLY | os.O_RDWR):
            raise OSError(30, "Read-only file system")
        return opened(self, name, flags)

    monkeypatch.setattr(Directory, "open_file", read_only)
    assert all(result.skipped for result in stream(photos, tmp_path / "out"))


def test_each_run_reads_what_the_other_appended_and_no_line_is_torn_by_two(tmp_path):
    one, other = (Manifest(Directory.open(tmp_path)) for _ in range(2))
    other.add({"input": "b.png", "output": "b", "n": 1})
    assert one.holds({"output": "b", "n": 1}) and one.announced(Path("/nowhere/b.png")) == []
    (tmp_path / "b").touch()
    assert one.guards(tmp_path / "b", Path("/b.png")) is False  # of a photo that is gone
    with open(tmp_path / NAME, "ab") as file:
        file.write(b'{"input": "c", "outp')  # killed there
    one.add({"input": "d", "output": "d", "n": 2})
    assert other.holds({"output": "d", "n": 2})


def test_a_claim_ends_with_its_process(tmp_path):
    script = (
        "import os, sys; from pathlib import Path; from arbitrary_nst.files.directory import Directory\n"
        "from arbitrary_nst.files.manifest import Manifest\n"
        "print(Manifest(Directory.open(Path(sys.argv[1]))).claim('a'), flush=True); sys.stdin.read()\n"
    )
    mine = Manifest(Directory.open(tmp_path))
    call = [sys.executable, "-c", script, tmp_path]
    with subprocess.Popen(call, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"True\n"
        assert not mine.claim("a") and mine.claim("b")
        process.kill()
        process.wait()
        assert mine.claim("a")


# --- known again


def test_pictures_are_known_on_a_machine_whose_engine_computes_a_little_differently(photos, tmp_path):
    list(stream(photos, tmp_path / "out"))
    other = fake_stylizer()
    embed, other.engine.precision = other.engine.predict_style, "bf16"
    other.engine.predict_style = lambda style: embed(style) + np.float32(1e-3)
    assert all(result.skipped for result in stream(photos, tmp_path / "out", stylizer=other))
    assert not any(result.skipped for result in stream(photos, tmp_path / "out", style_size=64))


def test_a_style_knows_what_it_came_from(tmp_path):
    from arbitrary_nst.styles import blend

    Image.new("RGB", (30, 30), (9, 99, 199)).save(tmp_path / "a.png")
    stylizer = fake_stylizer()
    a, b = stylizer.style(tmp_path / "a.png"), stylizer.style(np.zeros((9, 9, 3), np.uint8))
    assert a.origin == stylizer.style((tmp_path / "a.png").read_bytes()).origin != b.origin
    assert a.origin != stylizer.style(tmp_path / "a.png", style_crop="none").origin
    assert blend({a: 0.5, b: 0.5}).origin == blend({b: 0.5, a: 0.5}).origin != blend({a: 0.4, b: 0.6}).origin
    assert blend({a: 0.5, replace(b, origin=None): 0.5}).origin is None
