"""The stream: whatever comes, one result for each photo and style, in order, and nothing left behind."""

import asyncio
import errno
import pickle
import shutil
import tempfile
import threading
from pathlib import Path

import pytest
from fakes import fake_stylizer
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from arbitrary_nst import OptionError, PhotoError, Style, images
from arbitrary_nst.files import stream
from arbitrary_nst.files.find import Input
from arbitrary_nst.files.settings import Settings
from arbitrary_nst.files.stream import spare_pixels, stylize_many
from arbitrary_nst.refinement.record import Step
from arbitrary_nst.refinement.settings import Refinement

KINDS = {"tiny": (1, 1), "small": (8, 4), "large": (120, 90), "engine": (13, 7), "memory": (17, 7), "encode": (19, 7)}
FAULTY = {"missing", "broken", "engine", "memory", "encode", "taken"}


@pytest.fixture(scope="module")
def pool(tmp_path_factory):
    """A photo of each kind, and three styles."""
    folder = tmp_path_factory.mktemp("pool")
    for name, size in KINDS.items():
        Image.new("RGB", size, (90, 30, 10)).save(folder / f"{name}.png")
    shutil.copy(folder / "small.png", folder / "taken.png")
    (folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    for number in range(3):
        Image.new("RGB", (9, 9), (0, 80 * number, 200)).save(folder / f"style{number}.bmp")
    return folder


def faulty_stylizer():
    """One whose engine fails for photos of some sizes."""
    stylizer = fake_stylizer()
    works = stylizer.engine.transform

    def transform(photos, numbers):
        if photos.shape[2] == KINDS["engine"][0]:
            raise ZeroDivisionError("of the engine")
        if photos.shape[2] == KINDS["memory"][0]:
            raise MemoryError
        return works(photos, numbers)

    stylizer.engine.transform = transform
    return stylizer


def encode_some(photo, *arguments, **options):
    if photo.size == KINDS["encode"]:
        raise RuntimeError("of the encoder")
    return REAL_ENCODE(photo, *arguments, **options)


REAL_ENCODE = images.encode


def run_of(pool, monkeypatch, kinds, styles, budget, together, **chosen):
    """The results of a run over photos of these kinds, as (photo's number, style), and which of them failed."""
    monkeypatch.setattr(stream, "spare_pixels", lambda memory: budget)
    monkeypatch.setattr("arbitrary_nst.images.encode", encode_some)
    stop = chosen.pop("stop", None)
    with tempfile.TemporaryDirectory() as scratch:
        out, photos = Path(scratch, "out"), []
        out.mkdir()
        for number, kind in enumerate(kinds):
            path = Path(scratch, f"{number}-{kind}.png")
            if kind != "missing":
                path.symlink_to(pool / f"{kind}.png")
            for style in range(styles) if kind == "taken" else ():
                (out / f"{path.stem}__style{style}.png").touch()
            photos.append(Input(path))
        stylizer, done = faulty_stylizer(), []
        stylizer.engine.together = together
        used = [pool / f"style{number}.bmp" for number in range(styles)]
        stopped = (lambda: len(done) >= stop) if stop is not None else (lambda: False)
        for result in stylize_many(stylizer, photos, used, Settings(out, **chosen), stopped):
            done.append(result)
            assert result.error is not None or Path(result.output).stat().st_size > 0
    assert not [each.name for each in threading.enumerate() if each.name.startswith(("decode", "encode"))]
    names = [(int(Path(each.input).name.split("-")[0]), each.style) for each in done]
    return names, [each.error is not None for each in done]


def expected_of(kinds, styles, limit=None):
    """What a run must give: every photo in every style; a limit counts those that there is something to do for."""
    names, begun = [], 0
    for number, kind in enumerate(kinds):
        if begun == limit:
            break
        begun += kind not in ("missing", "taken")
        names += [(number, f"style{style}") for style in range(styles)]
    return names


several = st.lists(st.sampled_from([*KINDS, "missing", "broken", "taken"]), min_size=1, max_size=9)
whatever = {
    "kinds": several,
    "styles": st.integers(1, 3),
    "budget": st.sampled_from([0, 1, 50, 5_000, 20_000, 10**9]),
    "together": st.integers(1, 3),
}
quick = settings(max_examples=25, deadline=None, suppress_health_check=[], derandomize=True)


@pytest.fixture(scope="module")
def patch():
    with pytest.MonkeyPatch.context() as context:
        yield context


@quick
@given(**whatever, limit=st.none() | st.integers(1, 4))
def test_each_photo_in_each_style_has_one_result_in_order(pool, patch, kinds, styles, budget, together, limit):
    names, failed = run_of(pool, patch, kinds, styles, budget, together, limit=limit)
    assert names == expected_of(kinds, styles, limit)
    assert failed == [kinds[number] in FAULTY for number, _ in names]


@pytest.mark.slow
@quick
@given(**whatever, stop=st.integers(0, 6))
def test_a_stop_or_a_failure_that_ends_it_leaves_a_beginning(pool, patch, kinds, styles, budget, together, stop):
    wanted = expected_of(kinds, styles)
    names, _ = run_of(pool, patch, kinds, styles, budget, together, stop=stop)
    assert names == wanted[: len(names)] and len(names) >= min(stop, len(wanted))
    names, failed = run_of(pool, patch, kinds, styles, budget, together, fail_fast=True)
    assert names == wanted[: len(names)] and (any(failed) or names == wanted)


def test_a_photo_over_the_budget_is_not_the_last(pool, monkeypatch):
    kinds = ["small", "small", "large", "small", "small", "small", "small"]
    names, failed = run_of(pool, monkeypatch, kinds, 1, 100, 1)
    assert len(names) == 7 and not any(failed)


def test_one_style_that_is_there_already_takes_nothing_from_the_others(pool, tmp_path):
    (tmp_path / "small__style0.png").touch()
    styles = [pool / "style1.bmp", pool / "style0.bmp", pool / "style2.bmp"]
    results = list(stylize_many(fake_stylizer(), [Input(pool / "small.png")], styles, Settings(tmp_path)))
    assert [(each.style, each.error is None) for each in results] == [
        ("style1", True), ("style0", False), ("style2", True),
    ]  # fmt: skip


@pytest.mark.parametrize("where", ["peek", "decode", "encode"])
@pytest.mark.parametrize(
    "what", [ZeroDivisionError("x"), MemoryError(), OSError(errno.ENOSPC, "full"), RecursionError()]
)
def test_whatever_a_photo_raises_is_its_own_failure(pool, tmp_path, monkeypatch, where, what):
    real, calls = getattr(images, where), []

    def second_fails(*arguments, **options):
        calls.append(arguments)
        if len(calls) == 2:
            raise what
        return real(*arguments, **options)

    style = fake_stylizer().style(pool / "style0.bmp")
    photos = [Input(pool / f"{name}.png") for name in ("tiny", "small", "large")]
    monkeypatch.setattr(images, where, second_fails)
    results = list(stylize_many(fake_stylizer(), photos, [style], Settings(tmp_path)))
    assert [each.error is None for each in results].count(False) == 1 and len(results) == 3


# --- inside other programs


def photos_of(folder, count):
    folder.mkdir()
    for number in range(count):
        Image.new("RGB", (20, 20), "red").save(folder / f"{number:02}.png")
    return [Input(folder / f"{number:02}.png") for number in range(count)]


def test_an_iterator_that_is_left_alone_leaves_no_threads(pool, tmp_path):
    before = set(threading.enumerate())
    results = stylize_many(fake_stylizer(), photos_of(tmp_path / "in", 20), [pool / "style0.bmp"], Settings(tmp_path))
    next(results)
    assert set(threading.enumerate()) > before
    del results
    assert set(threading.enumerate()) == before
    assert not list(tmp_path.glob(".arbstyle-*"))


def test_what_stop_raises_comes_out_and_leaves_no_threads(pool, tmp_path):
    before, done = set(threading.enumerate()), []

    def stop():
        if done:
            raise LookupError("of the caller")
        return False

    with pytest.raises(LookupError):
        for each in stylize_many(
            fake_stylizer(), photos_of(tmp_path / "in", 9), [pool / "style0.bmp"], Settings(tmp_path), stop
        ):
            done.append(each)
    assert done and set(threading.enumerate()) == before


def test_what_on_step_raises_is_that_pictures_failure(pool, tmp_path):
    class Refiner:
        def refine(self, photo, style, start, on_step):
            raise AssertionError(on_step(Step(0, 20, 0.0, 1.0, 1.0, 1.0, 3.0, 2, 1.0), photo))

    def on_step(name, step, picture):
        raise failing.pop()

    stylizer, failing = fake_stylizer(), [KeyboardInterrupt(), LookupError("of the caller"), ValueError("too")]
    stylizer.vgg19 = stylizer.refiner = lambda how: Refiner()
    chosen = Settings(tmp_path, refinement=Refinement(), on_step=on_step)
    told, before = [], set(threading.enumerate())
    with pytest.raises(KeyboardInterrupt):
        for result in stylize_many(stylizer, photos_of(tmp_path / "in", 3), [pool / "style0.bmp"], chosen):
            told.append(result)
    assert ["ValueError" in str(told[0].error), "of the caller" in told[1].traceback] == [True, True]
    assert set(threading.enumerate()) == before


def test_under_asyncio(pool, tmp_path):
    """A loop goes on while a thread draws; several at once share a Stylizer's style."""
    stylizer = fake_stylizer()
    style = stylizer.style(pool / "style0.bmp")

    async def both():
        one, many = await asyncio.gather(
            asyncio.to_thread(stylizer.stylize, pool / "small.png", style),
            asyncio.to_thread(
                lambda: list(stylize_many(stylizer, photos_of(tmp_path / "in", 5), [style], Settings(tmp_path)))
            ),
        )
        return one.size, [result.error for result in many]

    assert asyncio.run(both()) == (KINDS["small"], [None] * 5)


def test_a_batch_that_fails_is_drawn_one_by_one(pool, tmp_path):
    stylizer = fake_stylizer()
    stylizer.engine.together = 3
    alone = stylizer.engine.transform

    def transform(photos, numbers):
        if len(photos) > 1:
            raise RuntimeError("not together")
        return alone(photos, numbers)

    stylizer.engine.transform = transform
    results = list(stylize_many(stylizer, photos_of(tmp_path / "in", 5), [pool / "style0.bmp"], Settings(tmp_path)))
    assert [result.error for result in results] == [None] * 5


def test_a_wrong_option_met_on_the_way_comes_out(pool, tmp_path):
    stylizer = fake_stylizer()
    other = Style(stylizer.style(pool / "style0.bmp").numbers, "of another model")
    with pytest.raises(OptionError, match="another model"):
        list(stylize_many(stylizer, photos_of(tmp_path / "in", 3), [other], Settings(tmp_path)))


def test_an_engine_that_cannot_be_loaded_is_no_photos_fault(pool, tmp_path, monkeypatch):
    stylizer = fake_stylizer()
    style = stylizer.style(pool / "style0.bmp")
    del stylizer.__dict__["engine"]
    monkeypatch.setattr("arbitrary_nst.engines.loaded.load_engine", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        list(stylize_many(stylizer, photos_of(tmp_path / "in", 3), [style], Settings()))


def test_values_travel_to_other_processes(pool):
    stylizer = fake_stylizer()
    style = stylizer.style(pool / "style0.bmp")
    again = pickle.loads(pickle.dumps(style))
    assert (again.name, again.model) == (style.name, style.model) and (again.numbers == style.numbers).all()
    chosen = Settings(Path("out"), quality=80)
    assert pickle.loads(pickle.dumps(chosen)) == chosen
    error = PhotoError("what", "{max_size}")
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
    stylizer.engine.unpicklable = lambda: None
    assert "engine" not in vars(pickle.loads(pickle.dumps(stylizer)))


def test_what_waits_takes_a_quarter_of_the_memory_given():
    assert spare_pixels(4 * stream.BYTES_PER_PIXEL * 1000) == 1000
    assert spare_pixels() > 1000


@pytest.mark.parametrize("together", [1, 2])
def test_the_next_photo_is_made_ready_while_the_engine_draws(pool, tmp_path, monkeypatch, together):
    begun, stylizer, seen = [], fake_stylizer(), []
    stylizer.engine.together = together
    works, makes, arrived = stylizer.engine.transform, stream.made_ready, threading.Condition()

    def made_ready(photo, options):
        with arrived:
            begun.append(photo.size)
            arrived.notify_all()
        return makes(photo, options)

    def transform(photos, numbers):
        seen.append(len(photos))
        with arrived:
            assert arrived.wait_for(lambda: len(begun) > min(sum(seen) / 2, 5), timeout=10), "of the next none is begun"
        return works(photos, numbers)

    stylizer.engine.transform = transform
    monkeypatch.setattr(stream, "made_ready", made_ready)
    monkeypatch.setattr(stream, "spare_pixels", lambda memory: 10**9)
    for number in range(6):
        shutil.copy(pool / "small.png", tmp_path / f"{number}.png")
    photos, styles = (
        [Input(tmp_path / f"{number}.png") for number in range(6)],
        [pool / "style0.bmp", pool / "style1.bmp"],
    )
    results = list(stylize_many(stylizer, photos, styles, Settings(tmp_path / "out")))
    assert [each.error for each in results] == [None] * 12
    assert len(begun) == 6  # once for both styles
