"""A picture goes where it was meant to, whole, whatever others put there: links, folders, odd file systems."""

import errno
import os
import stat
from pathlib import Path

import pytest

from arbitrary_nst import PhotoError
from arbitrary_nst.files import leftovers, locks, writing
from arbitrary_nst.files.directory import Directory

pytestmark = pytest.mark.skipif(os.name == "nt", reason="needs links and modes")


def test_a_link_is_replaced_and_what_it_leads_to_is_left_alone(tmp_path):
    (tmp_path / "theirs").write_bytes(b"precious")
    (tmp_path / "link").symlink_to("theirs")
    writing.write_atomically(tmp_path / "link", b"new", overwrite=True)
    assert not (tmp_path / "link").is_symlink() and (tmp_path / "link").read_bytes() == b"new"
    assert (tmp_path / "theirs").read_bytes() == b"precious"


def test_a_link_that_was_named_is_written_through(tmp_path):
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "link").symlink_to("real")
    writing.write_atomically(tmp_path / "link", b"new", overwrite=True, through_link=True)
    assert (tmp_path / "link").is_symlink() and (tmp_path / "real").read_bytes() == b"new"


def test_a_link_on_the_way_below_a_folder_is_refused(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out" / "day1").symlink_to("../elsewhere")
    with Directory.open(tmp_path / "out") as out, pytest.raises(PhotoError, match="link"):
        out.below(Path("day1/deep"))
    assert not list((tmp_path / "elsewhere").iterdir())


def test_what_takes_the_place_of_a_held_folder_gets_nothing(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "theirs").mkdir()
    with Directory.open(tmp_path / "out") as out:
        (tmp_path / "out").rename(tmp_path / "moved")
        (tmp_path / "out").symlink_to("theirs")
        with out.below(Path("sub")) as sub:
            writing.write_into(sub, "x.jpg", b"data", overwrite=False)
    assert (tmp_path / "moved" / "sub" / "x.jpg").read_bytes() == b"data" and not list((tmp_path / "theirs").iterdir())


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_file_has_the_mode_that_the_umask_leaves_and_a_replaced_one_keeps_its_own(tmp_path, monkeypatch):
    before = os.umask(0o027)
    try:
        monkeypatch.setattr(os, "umask", lambda mask: pytest.fail("the umask belongs to the whole process"))
        writing.write_atomically(tmp_path / "new", b"x", overwrite=True)
        (tmp_path / "old").touch()
        (tmp_path / "old").chmod(0o604)
        writing.write_atomically(tmp_path / "old", b"x", overwrite=True)
    finally:
        monkeypatch.undo()
        os.umask(before)
    assert mode(tmp_path / "new") == 0o640 and mode(tmp_path / "old") == 0o604


@pytest.mark.parametrize("code", [errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP])
def test_a_file_system_without_fsync_modes_links_and_locks_is_written_to(tmp_path, monkeypatch, code):
    def refuse(*given, **named):
        raise OSError(code, os.strerror(code))

    for name in ("fsync", "fchmod", "link"):
        monkeypatch.setattr(os, name, refuse)
    monkeypatch.setattr(locks, "_lock", refuse)
    for data in (b"first", b"second"):
        writing.write_atomically(tmp_path / "x", data, overwrite=data == b"second")
        assert (tmp_path / "x").read_bytes() == data
    with pytest.raises(PhotoError, match="exists already"):
        writing.write_atomically(tmp_path / "x", b"third", overwrite=False)
    assert (tmp_path / "x").read_bytes() == b"second" and len(list(tmp_path.iterdir())) == 1


def test_the_folder_is_synced_after_the_rename(tmp_path, monkeypatch):
    done, fsync, link = [], os.fsync, os.link
    monkeypatch.setattr(os, "link", lambda *given, **named: (done.append("link"), link(*given, **named)))

    def note(descriptor):
        done.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", note)
    writing.write_atomically(tmp_path / "x", b"x", overwrite=False)
    assert done == ["file", "link", "folder"]


def test_a_folder_that_may_not_be_listed_is_written_to(tmp_path):
    if os.geteuid() == 0:
        pytest.skip("root may list every folder")
    (tmp_path / "drop").mkdir(mode=0o300)
    writing.write_atomically(tmp_path / "drop" / "x", b"x", overwrite=False)


# --- what killed runs left


def left_over(folder, host=None, boot=None, process=4194399, age=0.0):
    host, boot = host or leftovers.host(), boot or leftovers.boot()
    path = folder / f".arbstyle-{host}-{boot}-{process}-0badcafe.tmp"
    path.write_bytes(b"half")
    os.utime(path, (path.stat().st_mtime - age,) * 2)
    return path


def test_what_a_killed_process_left_is_removed(tmp_path):
    (tmp_path / "sub").mkdir()
    files = [left_over(tmp_path / "sub"), left_over(tmp_path, process=1), left_over(tmp_path, host="0" * 8)]
    writing_now = left_over(tmp_path, process=os.getpid())
    leftovers.remove_left_over(tmp_path)
    assert not any(path.exists() for path in files) and writing_now.exists()


def test_what_somebody_writes_is_left_in_whichever_container_they_are(tmp_path):
    files = [left_over(tmp_path, process=4194398), left_over(tmp_path, host="0" * 8, age=1e6)]
    descriptors = [os.open(path, os.O_RDWR) for path in files]
    assert all(locks.take(descriptor, 0) for descriptor in descriptors)
    leftovers.remove_left_over(tmp_path)
    assert all(path.exists() for path in files)
    for descriptor in descriptors:
        os.close(descriptor)
    leftovers.remove_left_over(tmp_path)
    assert not any(path.exists() for path in files)


def test_remains_of_another_host_are_removed_when_they_are_old(tmp_path):
    other = {"host": "0" * 8, "boot": "1" * 8}
    new, of_2099 = left_over(tmp_path, process=1, **other), left_over(tmp_path, process=2, age=-2.4e9, **other)
    old = left_over(tmp_path, process=3, age=2 * leftovers.OLD_S, **other)
    leftovers.remove_left_over(tmp_path)
    assert new.exists() and of_2099.exists() and not old.exists()


def test_without_locks_only_our_own_dead_processes_files_are_removed(tmp_path, monkeypatch):
    def no_locks(*given, **named):
        raise locks.NoLocks

    monkeypatch.setattr(locks, "take", no_locks)
    ours, theirs = left_over(tmp_path), left_over(tmp_path, boot="1" * 8, age=1e9)
    alive = left_over(tmp_path, process=os.getppid())
    leftovers.remove_left_over(tmp_path)
    assert not ours.exists() and theirs.exists() and alive.exists()


@pytest.mark.parametrize(
    "name",
    [".arbstyle-²-x", ".arbstyle-4194399-my-notes.txt", ".arbstyle-4194399-abcdefgh", ".arbstyle-",
     f".arbstyle-{'0' * 8}-{'0' * 8}-12-0badcafe.tmp.txt", f".arbstyle-{'0' * 8}-{'0' * 8}-१२-0badcafe.tmp"],
)  # fmt: skip
def test_names_that_are_not_ours_are_left_alone(tmp_path, name):
    (tmp_path / name).write_bytes(b"mine")
    os.utime(tmp_path / name, (0, 0))
    leftovers.remove_left_over(tmp_path)
    assert (tmp_path / name).read_bytes() == b"mine"


def test_a_link_or_pipe_of_our_name_is_left_alone(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "target").write_bytes(b"mine")
    name = left_over(tmp_path / "out").name
    (tmp_path / "out" / name).unlink()
    (tmp_path / "out" / name).symlink_to("../target")
    os.mkfifo(tmp_path / "out" / name.replace("0badcafe", "00000000"))
    leftovers.remove_left_over(tmp_path / "out")
    assert len(list((tmp_path / "out").iterdir())) == 2 and (tmp_path / "target").exists()


def test_a_temporary_file_that_was_taken_for_left_over_is_begun_again(tmp_path, monkeypatch):
    take, taken = locks.take, []

    def late(descriptor, byte, *, wait=False):
        if not taken:
            next(tmp_path.iterdir()).unlink()  # between its making and its locking
        taken.append(byte)
        return take(descriptor, byte, wait=wait)

    monkeypatch.setattr(locks, "take", late)
    writing.write_atomically(tmp_path / "x", b"x", overwrite=False)
    assert (tmp_path / "x").read_bytes() == b"x" and len(taken) == 2
