"""Folders in the cache that later runs believe: conversions and compiled networks."""

import logging
import multiprocessing
import os
import threading

import numpy as np
import pytest

from arbitrary_nst import model_zoo
from arbitrary_nst.engines import load_engine
from arbitrary_nst.engines.openvino import convert
from arbitrary_nst.errors import EngineError, ModelError
from arbitrary_nst.hardware import own_folder
from arbitrary_nst.model_zoo import seals


@pytest.fixture
def sealed(tmp_path):
    folder = tmp_path / "sealed"
    folder.mkdir(mode=0o700)
    (folder / "half.bin").write_bytes(b"numbers")
    (folder / "half.bin").chmod(0o600)
    seals.seal(folder)
    return folder


def test_a_sealed_folder_is_readable_by_others_and_only_ours_to_change(sealed):
    assert seals.intact(sealed)
    assert [path.stat().st_mode & 0o777 for path in (sealed, *sealed.iterdir())] == [0o755, 0o644, 0o644]


def damage(folder, how):
    file = folder / "half.bin"
    if how == "bit":
        file.write_bytes(b"numbess")
    elif how == "gone":
        file.unlink()
    elif how == "file of others":
        file.chmod(0o666)
    elif how == "folder of others":
        folder.chmod(0o777)
    elif how == "seal of others":
        (folder / seals.SEAL).chmod(0o666)
    elif how == "link":
        file.rename(folder.parent / "half.bin")
        file.symlink_to(folder.parent / "half.bin")
    elif how == "pipe":
        file.unlink()
        os.mkfifo(file, 0o644)
    else:
        (folder / seals.SEAL).write_text(how)


ODD_SEALS = ("", "[]", '{"half.bin": 3}', '{"../half.bin": "0"}', "[" * 100_000)


@pytest.mark.parametrize(
    "how", ["bit", "gone", "file of others", "folder of others", "seal of others", "link", "pipe", *ODD_SEALS]
)
def test_what_is_not_as_it_was_sealed_is_not_believed(sealed, how):
    damage(sealed, how)
    assert not seals.intact(sealed)


def test_files_of_another_user_are_not_believed_but_roots_are(sealed, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    owner = sealed.stat().st_uid
    assert seals.intact(sealed) == (owner == 0)


def hold(path, held, done):
    with seals.locked(path, "converting"):
        held.set()
        done.wait(60)


@pytest.mark.slow
def test_a_held_lock_says_what_it_waits_for(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(seals, "PATIENCE", 0.05)
    context = multiprocessing.get_context("spawn")
    held, done = context.Event(), context.Event()
    other = context.Process(target=hold, args=(tmp_path / "lock", held, done))
    other.start()
    assert held.wait(60)
    threading.Timer(0.3, done.set).start()
    with caplog.at_level(logging.WARNING, "arbitrary_nst"), seals.locked(tmp_path / "lock", "lite: converting"):
        pass
    other.join()
    assert "lite: converting: waiting for another process" in caplog.text


# --- a conversion, by the mobile model, which is quick


@pytest.mark.slow
def test_a_damaged_conversion_is_made_anew(lite):
    _, transform = convert.converted(lite)
    weights = transform.with_suffix(".bin")
    before = weights.read_bytes()
    weights.write_bytes(before[:1000] + bytes([before[1000] ^ 1]) + before[1001:])
    convert.converted(lite)
    assert weights.read_bytes() == before


def test_what_a_killed_conversion_left_is_removed_by_the_next(lite):
    stale = convert.conversion_dir(lite).parent / f"{convert.SCRATCH}left"
    stale.mkdir(parents=True)
    convert.converted(lite)
    assert not stale.exists()


def test_a_model_that_changed_since_it_was_found_is_not_converted(lite, tmp_path):
    folder = tmp_path / "lite"
    folder.mkdir()
    for file in lite.card.files:
        (folder / file.path).write_bytes(b"another")
    with pytest.raises(ModelError, match="changed while it was read"):
        convert.converted(model_zoo.Model(lite.card, folder, lite.digest, True))


@pytest.mark.slow
def test_a_damaged_compiled_network_is_made_anew(lite):
    photo, numbers = np.full((1, 32, 32, 3), 0.5, np.float32), np.full((1, 694), 0.1, np.float32)
    before = load_engine(lite, "openvino", "f32").transform(photo, numbers)
    folder = convert.conversion_dir(lite) / "compiled"
    (blob,) = folder.glob("*.blob")
    data = bytearray(blob.read_bytes())
    for place in range(0, len(data), 997):
        data[place] ^= 0x10
    blob.write_bytes(data)
    after = load_engine(lite, "openvino", "f32").transform(photo, numbers)
    np.testing.assert_array_equal(after, before)
    assert seals.intact(folder)  # so the next run need not compile again
    assert bytes(data) != next(folder.glob("*.blob")).read_bytes()


def test_a_compiled_network_that_is_whole_is_used_again(lite):
    load_engine(lite, "openvino", "f32")._transform  # noqa: B018
    (blob,) = (convert.conversion_dir(lite) / "compiled").glob("*.blob")
    written = blob.stat().st_mtime_ns
    load_engine(lite, "openvino", "f32")._transform  # noqa: B018
    assert blob.stat().st_mtime_ns == written


# --- no place for a cache


@pytest.fixture
def no_cache(monkeypatch):
    """No ARBSTYLE_CACHE_DIR, no HOME, and a user that the machine has no entry for."""
    for name in ("ARBSTYLE_CACHE_DIR", "HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    pwd = pytest.importorskip("pwd")

    def nobody(uid):
        raise KeyError(f"getpwuid(): uid not found: {uid}")

    monkeypatch.setattr(pwd, "getpwuid", nobody)
    assert own_folder.cache_dir() == own_folder.NO_CACHE


def test_mini_runs_without_a_place_for_a_cache(no_cache, monkeypatch, tmp_path):
    model = model_zoo.resolve("mini", offline=True)
    photo, numbers = np.full((1, 16, 16, 3), 0.3, np.float32), np.full((1, 896), 0.5, np.float32)
    picture = load_engine(model, "openvino", "f32").transform(photo, numbers)
    assert model_zoo.find_vgg19() is None and model_zoo.clear() == 0
    monkeypatch.setenv("ARBSTYLE_CACHE_DIR", str(tmp_path))
    np.testing.assert_array_equal(load_engine(model, "openvino", "f32").transform(photo, numbers), picture)


def test_others_say_how_to_give_them_one(lite, toy, kaggle, no_cache):
    with pytest.raises(EngineError, match="ARBSTYLE_CACHE_DIR"):
        load_engine(lite, "openvino").transform(np.zeros((1, 16, 16, 3), np.float32), np.zeros((1, 100), np.float32))
    with pytest.raises(ModelError, match="ARBSTYLE_CACHE_DIR"):
        model_zoo.pull("best", notify=print)
    with pytest.raises(ModelError, match="ARBSTYLE_CACHE_DIR"):
        model_zoo.resolve_vgg19()
