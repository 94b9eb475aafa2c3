"""A style picture's numbers from run to run: which are believed, what they cost, and that pictures stay the same."""

import multiprocessing
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from fakes import FakeEngine, fake_stylizer

from arbitrary_nst import Stylizer, model_zoo
from arbitrary_nst.engines import kept_numbers, loaded
from arbitrary_nst.hardware import own_folder
from arbitrary_nst.images import library
from arbitrary_nst.model_zoo import store
from arbitrary_nst.options import DrawOptions, ModelOptions

SAMPLES = Path(__file__).resolve().parent.parent / "scripts" / "samples"
STYLE = SAMPLES / "stained_glass.jpg"
PHOTO = np.random.default_rng(0).integers(0, 255, (40, 56, 3), np.uint8)
SQUARE = np.random.default_rng(1).random((8, 8, 3), np.float32)


class Repeating(FakeEngine):
    style_half = "1"


@pytest.fixture
def model():
    return fake_stylizer().model


def numbers(engine, model, square=SQUARE, origin="of a file", **keep):
    return kept_numbers.numbers_of(engine, model, square, origin, **keep)


def file(model):
    (path,) = store.numbers_dir().joinpath(model.card.name).iterdir()
    return path


def test_what_was_computed_is_read_by_the_next_run(model):
    first, second = Repeating(), Repeating()
    made, read = numbers(first, model), numbers(second, model)
    np.testing.assert_array_equal(made, read)
    assert (first.styles, second.styles) == (1, 0)
    assert read.dtype == np.float32 and read.flags.writeable
    assert file(model).stat().st_mode & 0o777 == 0o644


def test_an_engine_that_does_not_repeat_itself_keeps_nothing(model):
    assert numbers(FakeEngine(), model).shape == (100,)
    assert not store.numbers_dir().exists()


def test_who_is_not_to_keep_reads_what_others_kept(model):
    numbers(Repeating(), model, keep=False)
    assert not store.numbers_dir().exists()
    numbers(Repeating(), model)
    again = Repeating()
    numbers(again, model, keep=False)
    assert again.styles == 0


@pytest.mark.parametrize("what", ["name", "precision", "device", "style_half"])
def test_another_engine_keeps_its_own(model, what):
    numbers(Repeating(), model)
    other = Repeating()
    setattr(other, what, "other")
    numbers(other, model)
    assert other.styles == 1


def test_another_model_origin_or_picture_has_its_own(model):
    engine = Repeating()
    numbers(engine, model)
    numbers(engine, model._replace(digest="other"))
    numbers(engine, model, origin="of another")
    assert engine.styles == 3
    other = numbers(engine, model, 1 - SQUARE)  # as another version of a decoder reads the same file
    assert engine.styles == 4
    np.testing.assert_array_equal(numbers(engine, model, 1 - SQUARE), other)
    assert engine.styles == 4
    numbers(engine, model, SQUARE.reshape(4, 16, 3))  # of the same bytes
    assert engine.styles == 5


def spoil(path, how):
    data = path.read_bytes()
    if how == "bit":
        path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    elif how == "short":
        path.write_bytes(data[:-4])
    elif how == "long":
        path.write_bytes(data + data[-4:])
    elif how == "empty":
        path.write_bytes(b"")
    elif how == "of others":
        path.chmod(0o666)
    elif how == "link":
        path.rename(path.with_suffix(".away"))
        path.symlink_to(path.with_suffix(".away"))
    else:
        path.unlink()
        os.mkfifo(path, 0o644)


@pytest.mark.parametrize("how", ["bit", "short", "long", "empty", "of others", "link", "pipe"])
def test_what_cannot_be_believed_is_made_anew_and_replaced(model, how):
    made, path = numbers(Repeating(), model), file(model)
    whole = path.read_bytes()
    spoil(path, how)
    again = Repeating()
    np.testing.assert_array_equal(numbers(again, model), made)
    assert again.styles == 1
    assert path.read_bytes() == whole and not path.is_symlink()


def test_a_folder_that_others_can_write_to_is_not_used(model):
    numbers(Repeating(), model)
    file(model).parent.chmod(0o777)
    again = Repeating()
    numbers(again, model)
    assert again.styles == 1


@pytest.mark.parametrize("what", ["no home", "file in the way", "full disk", "read-only"])
def test_without_a_place_to_write_it_is_computed(model, monkeypatch, what):
    def refuse(*_, **__):
        raise OSError(28 if what == "full disk" else 30, "refused")

    if what == "no home":
        monkeypatch.setattr(own_folder, "cache_dir", lambda: own_folder.NO_CACHE)
    elif what == "file in the way":
        store.numbers_dir().write_bytes(b"")
    else:
        monkeypatch.setattr(os, "mkdir" if what == "read-only" else "replace", refuse)
    engine = Repeating()
    for _ in range(2):
        assert numbers(engine, model).shape == (100,)
    assert engine.styles == 2
    assert not list(own_folder.cache_dir().rglob("styles/*/*"))


def test_only_the_newest_are_kept(model, monkeypatch):
    monkeypatch.setattr(kept_numbers, "MOST", 5)
    monkeypatch.setattr(kept_numbers, "FEWER", 3)
    engine = Repeating()
    for number in range(6):
        numbers(engine, model, origin=str(number))
        path = kept_numbers.place(engine, model, str(number))
        os.utime(path, (number, number) if number < 5 else None)
    assert [kept_numbers.are_kept(engine, model, str(number)) for number in range(6)] == 3 * [False] + 3 * [True]


def test_clear_removes_them(model, monkeypatch):
    numbers(Repeating(), model)
    assert model_zoo.clear("lite") == 32 + 4 * 100
    assert not store.numbers_dir().joinpath("lite").exists()


def keep(number, squares):
    model, engine = fake_stylizer().model, Repeating()
    for each in range(squares):
        kept_numbers.numbers_of(engine, model, SQUARE * (number % 2), str(each))


@pytest.mark.slow
def test_processes_that_keep_at_once_leave_whole_files(model):
    context = multiprocessing.get_context("spawn")
    together = [context.Process(target=keep, args=(number, 20)) for number in range(2)]
    for each in together:
        each.start()
    for each in together:
        each.join(60)
        assert each.exitcode == 0
    assert len(list(store.numbers_dir().rglob("*"))) == 1 + 20  # and no scratch
    read = {numbers(Repeating(), model, square, "3").tobytes() for square in (SQUARE, SQUARE * 0)}
    assert len(read) == 2


# --- over the real `mini`


def mini():
    return Stylizer("mini", offline=True, engine="openvino")


def waited_for(session):
    for each in threading.enumerate():
        if each.name == loaded.THREAD:
            each.join(60)
    return session


def test_pictures_are_bit_equal_and_a_known_style_needs_no_style_half():
    plain, again, other = mini(), mini(), mini()
    first = plain.stylize(PHOTO, STYLE)
    again.load_ahead([STYLE])
    np.testing.assert_array_equal(waited_for(again).stylize(PHOTO, STYLE), first)
    np.testing.assert_array_equal(again.style(STYLE).numbers, plain.style(STYLE).numbers)
    assert "_predict" in vars(plain.engine) and "_predict" not in vars(again.engine)
    assert "_transform" in vars(again.engine)
    other.style(PHOTO)  # an array's numbers are kept by its pixels
    assert mini().style(PHOTO).origin == other.style(PHOTO).origin
    assert len(list(store.numbers_dir().glob("mini/*"))) == 2
    stronger = again.stylize(PHOTO, STYLE, strength=0.5)  # which looks at the photo
    np.testing.assert_array_equal(stronger, plain.stylize(PHOTO, STYLE, strength=0.5))


LEARNT = library.learnt_style(library.style_picture("mosaic"), "mini")


@pytest.mark.parametrize(
    ("styles", "draw", "needed"),
    [
        ([STYLE], DrawOptions(), False),
        ([STYLE, SAMPLES / "landscape.jpg"], DrawOptions(), True),
        ([], DrawOptions(), True),
        ([Path("mosaic")], DrawOptions(), True),  # the fake has learnt none
        ([Path("painting.style")], DrawOptions(), True),  # which is not there
        ([LEARNT], DrawOptions(), False),
        ([SAMPLES], DrawOptions(), True),
        ([STYLE], DrawOptions(strength=0.5), True),
        ([STYLE], DrawOptions(colors="match"), True),
        ([STYLE], DrawOptions(style_size=200), True),
        ([STYLE], DrawOptions(style_crop="none"), True),
    ],
)
def test_the_style_half_is_loaded_ahead_where_it_is_needed(styles, draw, needed):
    told = []

    class Ahead(Repeating):
        def load_ahead(self, *, style_half=True):
            told.append(style_half)

    session = fake_stylizer()
    session.__dict__["engine"] = Ahead()
    session.style(STYLE)
    session.load_ahead(styles, draw)
    waited_for(session)
    assert told == [needed]


@pytest.mark.parametrize(("draw", "needed"), [(DrawOptions(), False), (DrawOptions(style_size=200), True)])
def test_a_built_in_style_needs_no_style_half(draw, needed):
    """By its name, where the model has learnt it and it is read as usual."""
    session = mini()
    session.load_ahead([Path("mosaic")], draw)
    assert ("_predict" in vars(waited_for(session).engine)) == needed


def test_what_is_loaded_ahead_has_drawn_already(monkeypatch):
    session, drawn = mini(), []
    transform = type(session.engine).transform
    monkeypatch.setattr(type(session.engine), "transform", lambda self, photo, numbers: drawn.append(photo.shape) or
                        transform(self, photo, numbers))  # fmt: skip
    session.engine.load_ahead(style_half=False)
    assert drawn == [(1, 64, 64, 3)]


def test_a_pipe_of_a_style_is_left_to_who_reads_it(tmp_path):
    os.mkfifo(tmp_path / "style.jpg")
    begun = loaded.Loaded(ModelOptions(model="mini", offline=True), print)
    begun.load_ahead([tmp_path / "style.jpg"])
    began = time.monotonic()
    assert "_predict" in vars(waited_for(begun).engine)
    assert time.monotonic() - began < 30


def test_a_server_writes_no_numbers():
    pytest.importorskip("starlette")
    from arbitrary_nst.server.settings import ServeOptions
    from arbitrary_nst.server.studio import Studio

    session = fake_stylizer()
    session.__dict__["engine"] = Repeating()
    Studio(session, ServeOptions(), print)
    session.style(STYLE)
    assert session.engine.styles == 1 and not store.numbers_dir().exists()


@pytest.mark.slow
@pytest.mark.parametrize("cache", ["kept", "none"])
def test_the_command_draws_the_same_the_second_time(tmp_path, cache):
    environment = {**os.environ, **({"ARBSTYLE_CACHE_DIR": os.devnull} if cache == "none" else {})}
    call = ["run", "-m", "mini", "--offline", SAMPLES / "landscape.jpg", "-s", STYLE, "--max-size", "64", "-o"]
    for name in ("a.jpg", "b.jpg"):
        whole = [sys.executable, "-m", "arbitrary_nst", *call, tmp_path / name]
        subprocess.run(whole, check=True, capture_output=True, env=environment)
    assert (tmp_path / "a.jpg").read_bytes() == (tmp_path / "b.jpg").read_bytes()
    assert len(list(store.numbers_dir().glob("mini/*"))) == (cache == "kept")
