"""Arrivals: each file once, and only when it is whole."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

from arbitrary_nst.files.arrivals import Arrivals
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
