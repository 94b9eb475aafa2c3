"""Arrivals: each file once, and only when it is whole."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import watchfiles
from fakes import fake_stylizer
from PIL import Image
from test_cli import invoke

from arbitrary_nst.files import arrivals as arrivals_module
from arbitrary_nst.files.arrivals import Arrivals, arriving, tells_changes
from arbitrary_nst.files.find import Input, expand

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def seen(tmp_path):
    """``seen(now)``: the names that arrived by then."""
    arrivals = Arrivals(settled=2)
    output = tmp_path / "out"

    def at(now):
        return [each.path.name for each in arrivals.whole(expand([tmp_path], output=output), now)]

    at.folder = tmp_path
    return at


def test_a_file_is_told_once_when_it_stands_still(seen):
    (seen.folder / "a.jpg").write_bytes(b"1")
    assert seen(0) == [] and seen(1) == []
    assert seen(2) == ["a.jpg"]
    assert seen(3) == [] and seen(100) == []


def test_a_slow_copy_waits(seen):
    file = seen.folder / "slow.jpg"
    for now in range(5):
        file.write_bytes(b"x" * (now + 1))
        assert seen(now) == []
    assert seen(5) == [] and seen(6) == ["slow.jpg"]


def test_an_empty_file_waits(seen):
    (seen.folder / "reserved.jpg").touch()
    assert seen(0) == [] and seen(50) == []
    (seen.folder / "reserved.jpg").write_bytes(b"1")
    assert seen(51) == [] and seen(53) == ["reserved.jpg"]


def test_a_rename_into_place(seen):
    (seen.folder / "photo.jpg.part").write_bytes(b"1")
    assert seen(0) == [] and seen(5) == []
    os.replace(seen.folder / "photo.jpg.part", seen.folder / "photo.jpg")
    assert seen(6) == [] and seen(8) == ["photo.jpg"]


def test_an_overwrite_is_told_again(seen):
    file = seen.folder / "a.jpg"
    file.write_bytes(b"1")
    seen(0)
    assert seen(2) == ["a.jpg"]
    file.write_bytes(b"22")
    assert seen(3) == [] and seen(5) == ["a.jpg"]


def test_what_is_deleted_is_forgotten(seen):
    file = seen.folder / "a.jpg"
    file.write_bytes(b"1")
    seen(0)
    file.unlink()
    assert seen(2) == []
    file.write_bytes(b"1")
    assert seen(3) == [] and seen(5) == ["a.jpg"]


def test_what_goes_between_listing_and_looking(tmp_path):
    assert Arrivals().whole([Input(tmp_path / "gone.jpg")], 0) == []


@pytest.mark.slow
def test_the_command(tmp_path):
    """A photo that is there, one that arrives, a broken one and one written over; Ctrl-C ends it with 130."""
    arriving, style, out = tmp_path / "in", tmp_path / "style.png", tmp_path / "out"
    arriving.mkdir()
    Image.effect_noise((64, 64), 90).convert("RGB").save(style)
    Image.new("RGB", (40, 30), "red").save(arriving / "first.jpg")
    call = ["watch", arriving, "-s", style, "-o", out, "-m", "mini", "--json"]
    process = subprocess.Popen(
        [sys.executable, "-c", "from arbitrary_nst.cli import main; main()", *map(str, call)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT,
    )  # fmt: skip
    try:
        assert json.loads(process.stdout.readline())["input"].endswith("first.jpg")
        (arriving / "broken.jpg").write_bytes(b"\xff\xd8\xff no photo")
        assert "error" in process.stdout.readline()
        Image.new("RGB", (50, 20), "blue").save(tmp_path / "moved.jpg")
        os.replace(tmp_path / "moved.jpg", arriving / "second.jpg")
        assert json.loads(process.stdout.readline())["width"] == 50
        Image.new("RGB", (60, 20), "blue").save(arriving / "second.jpg")
        assert json.loads(process.stdout.readline())["width"] == 60
        process.send_signal(signal.SIGINT)
        deadline = time.monotonic() + 20
        while process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        assert process.returncode == 130
    finally:
        process.kill()
        process.communicate()
    with Image.open(out / "second__style.jpg") as image:
        assert image.size == (60, 20)


@pytest.fixture
def watched(tmp_path, monkeypatch):
    """``watched(*options, names)``: the exit code of watching a folder in which these arrive together, then nothing."""
    Image.new("RGB", (8, 8), "red").save(tmp_path / "style.png")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("arbitrary_nst.stylizer.Stylizer", lambda **options: fake_stylizer())

    def call(*options, names=("a.png", "b.png", "c.png")):
        (tmp_path / "in").mkdir()
        for name in names:
            (tmp_path / "in" / name).write_bytes(b"no photo")
            if name != "bad.png":
                Image.new("RGB", (9, 7), "blue").save(tmp_path / "in" / name)
        inputs = [Input(tmp_path / "in" / name, in_folder=True) for name in names]
        monkeypatch.setattr(arrivals_module, "arriving", lambda *given, **options: iter([inputs[:2], inputs[2:]]))
        return invoke("watch", "in", "-s", "style.png", "-o", "out", *options, monkeypatch=monkeypatch)

    return call


@pytest.mark.parametrize(("limit", "made"), [(1, "a"), (2, "ab"), (3, "abc"), (9, "abc")])
def test_a_limit_counts_all_that_arrive_and_ends_it(watched, tmp_path, limit, made):
    assert watched("--limit", limit) == (130 if limit > 3 else 0)
    assert [path.name[0] for path in sorted((tmp_path / "out").glob("*.png"))] == list(made)


def test_fail_fast_ends_it(watched, tmp_path, capsys):
    assert watched("--fail-fast", names=("bad.png", "b.png", "c.png")) == 3
    assert "bad.png: not a readable image" in capsys.readouterr().err
    assert not (tmp_path / "out" / "c__style.png").exists()


def test_which_vgg19_scores_may_be_said(watched, capsys):
    assert watched("--vgg-weights", "own.h5") == 2
    assert "belongs to refinement" in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_is_told_before_it_is_watched(watched, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(os, "access", lambda path, mode, **how: not mode & os.W_OK)
    assert watched() == 2
    assert "cannot be written: not permitted. Try: --output a folder you can write to" in capsys.readouterr().err


# --- how a folder is watched


class Stopped:
    """Asks to stop after so many looks."""

    def __init__(self, looks=100):
        self.looks, self.waited = looks, []

    def is_set(self):
        self.looks -= 1
        return self.looks < 0

    def wait(self, seconds):
        self.waited.append(seconds)


@pytest.fixture
def told(monkeypatch):
    """``told(folder, *steps)``: the names that arrive while a fake system tells what ``steps`` return, at 10 s each."""

    def arrive(folder, *steps):
        clock = iter(range(0, 1000, 10))
        monkeypatch.setattr(arrivals_module.time, "monotonic", lambda: next(clock))

        def changes(place, **options):
            for step in steps:
                yield {(watchfiles.Change.modified, str(path)) for path in step()}
            yield set()

        monkeypatch.setattr(watchfiles, "watch", changes)
        monkeypatch.setattr(arrivals_module, "_as_found", lambda *given: iter([[Input(Path("looking-again"))]]))
        found = arriving(folder, Stopped(), recursive=True, output=folder / "out", note=lambda line: None)
        return [each.path.name for ready in found for each in ready]

    return arrive


def test_an_arrival_costs_no_listing(tmp_path, told, monkeypatch):
    listings = []
    monkeypatch.setattr(
        arrivals_module, "expand", lambda *given, **options: listings.append(given) or expand(*given, **options)
    )
    monkeypatch.setattr(arrivals_module, "RELIST_S", 1e6)
    monkeypatch.setattr(arrivals_module, "RELIST_SHARE", 1e-6)

    def photo(name):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
        return path

    photo("there.jpg")
    steps = [lambda: [], *(lambda n=n: [photo(f"{n}.jpg")] for n in range(5)),
             lambda: [photo("sub/deep/in.jpg").parent.parent], lambda: [photo(".hidden.jpg"), photo("out/o.jpg"),
             photo("notes.txt"), tmp_path / "gone.jpg"]]  # fmt: skip
    assert told(tmp_path, *steps) == [
        "there.jpg",
        "0.jpg",
        "1.jpg",
        "2.jpg",
        "3.jpg",
        "4.jpg",
        "in.jpg",
        "looking-again",
    ]
    assert len(listings) == 1


def test_where_the_system_does_not_tell_it_is_looked_at_again(tmp_path, told, monkeypatch):
    (tmp_path / "sub").mkdir()
    (tmp_path / "linked").symlink_to("sub")
    assert told(tmp_path, lambda: pytest.fail("nobody listens")) == ["looking-again"]
    (tmp_path / "linked").unlink()

    def link_comes():
        (tmp_path / "linked").symlink_to("sub")
        return [tmp_path / "linked"]

    assert told(tmp_path, link_comes, lambda: pytest.fail("nobody listens")) == ["looking-again"]


def test_a_folder_that_went_away_is_looked_for_again(tmp_path, told):
    inbox = tmp_path / "inbox"
    inbox.mkdir()

    def another_comes():
        inbox.rename(tmp_path / "elsewhere")
        inbox.mkdir()
        return []

    assert told(inbox, another_comes, lambda: pytest.fail("nobody listens")) == ["looking-again"]


def test_network_drives_tell_nothing(tmp_path, monkeypatch):
    class Mounted:
        def __init__(self, mountpoint, fstype, opts="rw"):
            self.mountpoint, self.fstype, self.opts = str(mountpoint), fstype, opts

    drives = [Mounted("/", "ext4"), Mounted(tmp_path / "nas", "nfs4"), Mounted(tmp_path / "ssh", "fuse.sshfs"),
              Mounted(tmp_path / "usb", "fuseblk")]  # fmt: skip
    monkeypatch.setattr("psutil.disk_partitions", lambda all: drives)
    told = {name: tells_changes(tmp_path / name / "in") for name in ("here", "nas", "ssh", "usb")}
    assert told == {"here": True, "nas": False, "ssh": False, "usb": True}


def test_looking_again_takes_a_small_share_of_a_core(monkeypatch):
    clock = iter(range(1000))  # each listing takes a second
    monkeypatch.setattr(arrivals_module.time, "monotonic", lambda: next(clock))
    stop = Stopped(looks=3)
    assert list(arrivals_module._as_found(stop, Arrivals(), list)) == []
    assert stop.waited == [1 / arrivals_module.POLL_SHARE] * 3
