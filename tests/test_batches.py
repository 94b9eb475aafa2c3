"""Several photos in one call, where an engine is best given several: the same pictures, in the same order."""

from pathlib import Path

import pytest
from fakes import fake_stylizer
from PIL import Image

from arbitrary_nst.engines import fitting
from arbitrary_nst.engines import tensorflow as tensorflow_module
from arbitrary_nst.errors import EngineMemoryError
from arbitrary_nst.files.find import Input
from arbitrary_nst.files.settings import Settings
from arbitrary_nst.files.stream import stylize_many


@pytest.fixture
def folder(tmp_path):
    Image.new("RGB", (20, 10), (200, 100, 50)).save(tmp_path / "style.png")
    return tmp_path


def stream_of(folder, sizes, together, styles=("style.png",), stylizer=None):
    stylizer = stylizer or fake_stylizer()
    stylizer.engine.together = together
    for number, size in enumerate(sizes):
        Image.new("RGB", size, (number * 20, 100, 50)).save(folder / f"p{number}.png")
    Image.new("RGB", (9, 9), (0, 0, 255)).save(folder / "other.png")
    photos = [Input(folder / f"p{number}.png") for number in range(len(sizes))]
    output = folder / f"out{together}"
    results = list(stylize_many(stylizer, photos, [folder / name for name in styles], Settings(output=output)))
    assert not [result.error for result in results if result.error]
    return [Path(result.output).relative_to(output) for result in results], output, stylizer.engine.photos


def test_photos_of_one_size_share_a_call_and_come_out_the_same(folder):
    sizes = [(20, 10)] * 2 + [(10, 20)] + [(20, 10)] * 7
    styles = ("style.png", "other.png")
    names, one_by_one, calls = stream_of(folder, sizes, 1, styles)
    assert {shape[0] for shape in calls} == {1}
    together, batched, calls = stream_of(folder, sizes, 4, styles)
    assert together == names and len(names) == 20
    assert max(shape[0] for shape in calls) == 4 and sum(shape[0] for shape in calls) == 20
    for name in names:
        with Image.open(one_by_one / name) as alone, Image.open(batched / name) as shared:
            assert alone.tobytes() == shared.tobytes()


def test_a_batch_too_large_for_memory_is_halved(folder):
    stylizer = fake_stylizer()
    works = stylizer.engine.transform

    def two_at_most(photo, numbers):
        if len(photo) > 2:
            raise EngineMemoryError("out of memory")
        return works(photo, numbers)

    stylizer.engine.transform = two_at_most
    _, _, calls = stream_of(folder, [(20, 10)] * 6, 5, stylizer=stylizer)
    assert sum(shape[0] for shape in calls) == 6 and max(shape[0] for shape in calls) == 2
    assert not getattr(stylizer.engine, "in_strips", False)


def test_a_broken_photo_does_not_spoil_the_batch(folder):
    stylizer = fake_stylizer()
    stylizer.engine.together = 4
    for name in ("a.png", "b.png"):
        Image.new("RGB", (20, 10), (200, 100, 50)).save(folder / name)
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 broken")
    photos = [Input(folder / name) for name in ("a.png", "broken.jpg", "b.png")]
    results = list(stylize_many(stylizer, photos, [folder / "style.png"], Settings(output=folder / "out")))
    assert [result.error is None for result in results] == [True, False, True]
    assert [shape[0] for shape in stylizer.engine.photos] == [2]


def test_batches_are_sized_from_free_gpu_memory(monkeypatch):
    engine = object.__new__(tensorflow_module.TensorFlowEngine)
    engine._on_gpu = False
    assert engine.batch(1000, 1000) == 1
    engine._on_gpu = True
    for free, expected in ((0, 1), (3 * 10**9, 2), (10**12, fitting.MOST_TOGETHER)):
        monkeypatch.setattr(tensorflow_module, "free_gpu_memory", lambda free=free: free)
        assert engine.batch(1000, 1000) == expected
