"""A night of accidents: killed, ended, without room or rights at random, and at the end nothing is lost or doubled."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

FAKE = Path(__file__).parent / "fake_command.py"
PHOTOS, RUNS, SEED = 300, 30, 19
FAULTS = ("empty", "truncated", "text", "folder", "link", "huge")


@pytest.fixture
def photos(tmp_path):
    """300 photos of mixed sizes and formats in some folders, a tenth of them faulty; the sound ones' number."""
    rng = np.random.default_rng(SEED)
    sound = 0
    for number in range(PHOTOS):
        height, width = (int(side) for side in rng.integers(1, 90, 2))
        kind = ("jpg", "png", "webp")[number % 3]
        # three of one stem come to lie in one folder, and their pictures too
        path = tmp_path / "in" / f"day{number // 3 % 7}" / f"{number // 21:02}.{kind}"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 255, (height, width, 3), np.uint8)).save(path)
        fault = FAULTS[number // 10 % len(FAULTS)] if number % 10 == 0 else None
        sound += fault is None
        spoil(path, fault)
    Image.new("RGB", (30, 30), (200, 100, 50)).save(tmp_path / "style.png")
    return sound


def spoil(path, fault):
    match fault:
        case "empty":
            path.write_bytes(b"")
        case "truncated":
            path.write_bytes(path.read_bytes()[:25])
        case "text":
            path.write_text("no photo at all")
        case "folder":
            path.unlink()
            path.mkdir()
        case "link":
            path.unlink()
            path.symlink_to("nowhere.jpg")
        case "huge":  # a header of 60000 x 60000 pixels, and nothing behind
            path.write_bytes(b"BM" + bytes(8) + (54).to_bytes(4, "little") + (40).to_bytes(4, "little")
                             + (60000).to_bytes(4, "little") * 2 + b"\1\0\x18\0" + bytes(24))  # fmt: skip


def begin(folder, output, faults="", busy="0"):
    call = [sys.executable, FAKE, "run", "in", "-s", "style.png", "-o", output, "-f", "png", "--existing", "skip"]
    environment = {**os.environ, "ARBSTYLE_TEST_FAULTS": faults, "ARBSTYLE_TEST_BUSY": busy}
    return subprocess.Popen(call, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=folder, env=environment)


def whole_run(folder, output):
    process = begin(folder, output)
    err = process.communicate(timeout=120)[1].decode()
    assert "Traceback" not in err and "internal error" not in err
    return process.returncode, err


def pictures(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.suffix == ".png"}


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals and permissions of POSIX")
def test_every_sound_photo_once_whole_and_equal_after_thirty_accidents(tmp_path, photos):
    code, err = whole_run(tmp_path, "undisturbed")
    assert code == 3 and f"{photos} done" in err
    expected = pictures(tmp_path / "undisturbed")
    assert len(expected) == photos
    rng, ended = random.Random(SEED), []
    for number in range(RUNS):
        accident = ("kill", "end", "faults", "rights")[number % 4]
        lose_some(tmp_path / "out", rng)
        faults = str(number + 1) if accident == "faults" else ""
        process = begin(tmp_path, "out", faults, busy="0.02")  # slow enough for a fast machine not to be done
        if number % 5:
            made_one_more(process)
        time.sleep(rng.uniform(0, 0.3))
        if accident == "rights":
            toggle(tmp_path / "out", rng)
        process.send_signal(signal.SIGKILL if accident == "kill" else signal.SIGTERM)
        err = process.communicate(timeout=120)[1].decode()
        ended.append(process.returncode)
        assert "Traceback" not in err and "internal error" not in err, err
        restore(tmp_path / "out")
        if accident == "kill" and number % 8 == 0:
            tear(tmp_path / "out")
    assert {-signal.SIGKILL, 143} <= set(ended) <= {-signal.SIGKILL, 143, -signal.SIGTERM}, ended  # before it listened
    assert 0 < len(pictures(tmp_path / "out")) < photos  # there was something to do all night
    code, err = whole_run(tmp_path, "out")
    assert code == 3
    made = pictures(tmp_path / "out")
    assert made.keys() == expected.keys()
    assert [name for name in made if made[name] != expected[name]] == []
    code, err = whole_run(tmp_path, "out")  # and now there is nothing left to do
    assert code == 3 and " 0 done" in err.replace("arbstyle: ", " ") and f"{photos} skipped" in err
    left = [path.name for path in (tmp_path / "out").rglob("*") if path.name.startswith(".arbstyle-")]
    assert left == []


def made_one_more(process):
    """Wait until a picture is written, or it ends."""
    for line in process.stdout:
        if b"skipped" not in line:
            return


def lose_some(output, rng):
    """Somebody deletes a few pictures, which are to be made again."""
    made = sorted(output.rglob("*.png"))
    for path in rng.sample(made, min(len(made), 5)):
        path.unlink()


def toggle(output, rng):
    """Take the right to write from a folder; root has it all the same."""
    folders = [path for path in output.rglob("*") if path.is_dir()] if output.is_dir() else []
    if folders:
        rng.choice(folders).chmod(0o500)


def restore(output):
    for path in output.rglob("*") if output.is_dir() else ():
        if path.is_dir():
            path.chmod(0o755)


def tear(output):
    """End the manifest in the middle of a picture's last line, as a crash of the machine may."""
    manifest = output / "arbstyle.jsonl"
    data = manifest.read_bytes() if manifest.is_file() else b""
    if b"sha256" in data.rstrip(b"\n").rpartition(b"\n")[2]:
        manifest.write_bytes(data[:-20])
