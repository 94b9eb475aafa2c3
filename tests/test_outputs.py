"""Names, policies for what exists, and writes that are whole or not at all."""

import os
import signal
import subprocess
import sys
import time
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbitrary_nst.errors import OptionError, PhotoError
from arbitrary_nst.files import naming, reading, writing
from arbitrary_nst.images import format_of

ODD_NAMES = ["with space.jpg", "emoji-🎨.jpg", "-dash.jpg", "new\nline.jpg", "x" * 251 + ".jpg", "é" * 120 + ".jpg"]


@pytest.mark.parametrize("name", ODD_NAMES)
def test_any_name_gives_a_name_that_can_be_written(tmp_path, name):
    written = tmp_path / naming.default_name(Path(name), "style" * 30, "jpg")
    writing.write_atomically(written, b"x", overwrite=False)
    assert written.name.endswith(".jpg") and "__style" in written.name
    assert [path.name for path in tmp_path.iterdir()] == [written.name]


def test_default_name():
    assert naming.default_name(Path("a/photo.tar.png"), "udnie", "jpg") == "photo.tar__udnie.jpg"


def test_outputs_of_one_run_do_not_meet():
    taken = naming.Taken()
    claimed = [taken.claim(Path(name)).name for name in ("a__s.jpg", "a__s.jpg", "A__s.JPG", "b__s.jpg")]
    assert claimed == ["a__s.jpg", "a__s_2.jpg", "A__s_3.JPG", "b__s.jpg"]


@pytest.mark.parametrize(
    ("wanted", "photo", "output", "expected"),
    [
        ("auto", "JPEG", None, "jpg"),
        ("auto", "TIFF", None, "tiff"),
        ("auto", "GIF", None, "png"),
        ("auto", "HEIF", None, "jpg"),
        ("auto", "JPEG", "x.PNG", "png"),
        ("auto", "WEBP", "x", "webp"),
        ("avif", "JPEG", "x.avif", "avif"),
        ("png", "JPEG", "x", "png"),
    ],
)
def test_format(wanted, photo, output, expected):
    own = format_of(photo)
    assert naming.choose_format(wanted, own, None if output is None else Path(output)) == expected


# names that a file system could confuse: few letters, so that they clash
NAMES = st.lists(
    st.tuples(st.text("aAbé\u0301e _2", min_size=1, max_size=4), st.sampled_from(["jpg", "png", "JPG"])), max_size=30
)


@given(NAMES)
def test_no_two_photos_end_in_one_file_whatever_their_names(names):
    taken = naming.Taken()
    claimed = [
        taken.claim(Path("out", naming.default_name(Path(f"{stem}.{suffix}"), "s", "png"))) for stem, suffix in names
    ]
    told_apart = {unicodedata.normalize("NFC", str(path)).casefold() for path in claimed}
    assert len(told_apart) == len(names)
    assert all(len(os.fsencode(path.name)) <= naming.LONGEST_NAME for path in claimed)


@given(NAMES)
def test_who_is_nobody_gets_the_names_of_anybody(names):
    wanted = [Path("out", f"{stem}.{suffix}") for stem, suffix in names]
    some, none = naming.Taken(), naming.Taken()
    anybody = [some.claim(path, number, lambda given: "b" in given.name) for number, path in enumerate(wanted)
               if "b" not in path.name]  # fmt: skip
    nobody = [none.claim(path, None, lambda given: "b" in given.name) for path in wanted if "b" not in path.name]
    assert nobody == anybody


@pytest.mark.parametrize(("wanted", "output"), [("png", "x.jpg"), ("auto", "x.gif")])
def test_contradictory_or_unknown_suffix(wanted, output):
    with pytest.raises(OptionError, match="Try"):
        naming.choose_format(wanted, "JPEG", Path(output))


def test_policies_for_what_exists(tmp_path):
    there = tmp_path / "x.jpg"
    there.write_bytes(b"old")
    (tmp_path / "x_2.jpg").write_bytes(b"old")
    with pytest.raises(PhotoError, match="existing='skip'"):
        naming.settle(there, "fail", None)
    assert naming.settle(there, "skip", None) is None
    assert naming.settle(there, "overwrite", None) == there
    assert naming.settle(there, "rename", None).name == "x_3.jpg"
    assert naming.settle(tmp_path / "new.jpg", "fail", None).name == "new.jpg"


@pytest.mark.parametrize("policy", ["fail", "overwrite", "rename"])
def test_the_photo_itself_is_never_the_output(tmp_path, policy):
    photo, link = tmp_path / "photo.jpg", tmp_path / "link.jpg"
    photo.write_bytes(b"x")
    link.symlink_to(photo)
    for path in (photo, link):
        with pytest.raises(PhotoError, match="the photo itself"):
            naming.settle(path, policy, photo)


def test_a_folder_or_pipe_in_the_way(tmp_path):
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "folder.jpg").mkdir()
    for name in ("pipe.jpg", "folder.jpg"):
        with pytest.raises(PhotoError, match="Try"):
            naming.settle(tmp_path / name, "overwrite", None)


def test_a_file_that_appears_meanwhile_is_left_alone(tmp_path):
    (tmp_path / "x").write_bytes(b"theirs")
    with pytest.raises(PhotoError, match="exists already"):
        writing.write_atomically(tmp_path / "x", b"ours", overwrite=False)
    assert (tmp_path / "x").read_bytes() == b"theirs"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_full_disk_leaves_nothing(tmp_path, monkeypatch):
    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(PhotoError, match="disk is full"):
        writing.write_atomically(tmp_path / "x", b"data", overwrite=True)
    assert list(tmp_path.iterdir()) == []


def test_missing_folder_and_folder_as_file(tmp_path):
    for path in (tmp_path / "none" / "x.jpg", tmp_path / "file" / "x.jpg"):
        (tmp_path / "file").write_bytes(b"")
        with pytest.raises(PhotoError, match="Try"):
            writing.write_atomically(path, b"data", overwrite=True)


def test_kill_mid_write_leaves_nothing_under_the_final_name(tmp_path):
    script = (
        "import os, sys, time; from pathlib import Path; from arbitrary_nst.files import writing\n"
        "def stop(fd): print('writing', flush=True); time.sleep(60)\n"
        "os.fsync = stop\n"
        "writing.write_atomically(Path(sys.argv[1]), b'x' * 100000, overwrite=True)\n"
    )
    final = tmp_path / "x.jpg"
    with subprocess.Popen([sys.executable, "-c", script, final], stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"writing\n"
        process.send_signal(signal.SIGKILL)
    assert not final.exists()


def test_only_regular_files_are_read(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    began = time.monotonic()
    for path in (tmp_path / "pipe", tmp_path, tmp_path / "loop", tmp_path / "none", Path("/dev/zero")):
        with pytest.raises(PhotoError, match="Try"):
            reading.read_photo_bytes(path)
    assert time.monotonic() - began < 5


def test_naming_takes_as_many_steps_as_there_are_photos(monkeypatch):
    steps, numbered = [], naming.numbered
    monkeypatch.setattr(naming, "numbered", lambda path, number: steps.append(number) or numbered(path, number))
    taken = naming.Taken()
    names = [taken.claim(Path("out/a__s.jpg"), owner=number).name for number in range(4000)]
    assert names[-1] == "a__s_4000.jpg" and len(set(names)) == 4000 and len(steps) == 4000
    assert taken.claim(Path("out/a__s.jpg"), owner=7).name == "a__s_8.jpg"  # one that comes again
