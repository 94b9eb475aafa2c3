"""Strips: the uncut network's picture in less memory, whatever the strips, and a clear no where that cannot be."""

import subprocess
import sys

import numpy as np
import pytest
from fakes import fake_stylizer

from arbitrary_nst import EngineError, Style, model_zoo
from arbitrary_nst.engines import load_engine
from arbitrary_nst.engines.openvino import engine as engine_module
from arbitrary_nst.engines.openvino import moments
from arbitrary_nst.engines.openvino.moments import RowMoments, combined
from arbitrary_nst.errors import EngineMemoryError

# f32 sums in another order; the issue is 1e-3
TOLERANCE = 1e-3


def photo(height, width):
    rng = np.random.default_rng(height)
    coarse = rng.random((1, height // 16 + 2, width // 16 + 2, 3), np.float32)
    smooth = coarse.repeat(16, axis=1).repeat(16, axis=2)[:, :height, :width]
    return np.clip(smooth + rng.normal(0, 0.05, smooth.shape), 0, 1).astype(np.float32)


def agree(model, monkeypatch, sizes, strip_bytes, precision="f32", tolerance=TOLERANCE):
    engine = load_engine(model, "openvino", precision)
    numbers = engine.predict_style(photo(256, 256))
    for height, width in sizes:
        one = photo(height, width)
        whole = engine.transform(one, numbers)
        for most in strip_bytes:
            monkeypatch.setattr(engine_module, "STRIP_BYTES", most)
            stripped = engine.transform_in_strips(one, numbers)
            assert stripped.shape == whole.shape
            np.testing.assert_allclose(stripped, whole, atol=tolerance, rtol=0)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mini", "lite"])
def test_any_strips_give_the_whole_picture(name, request, monkeypatch):
    folder = "mini" if name == "mini" else request.getfixturevalue("shared") / "models" / "lite"
    model = model_zoo.resolve(str(folder), offline=True)
    sizes = [(64, 48), (205, 131), (333, 66), (21, 333), (30, 25)]
    agree(model, monkeypatch, sizes, strip_bytes=(1, 3_000_000, 200_000_000))


@pytest.mark.slow
def test_the_full_model_in_strips(standin, monkeypatch):
    model = model_zoo.resolve(str(standin), trust=True, offline=True)
    agree(model, monkeypatch, [(189, 101), (130, 58)], strip_bytes=(1, 2_000_000))


@pytest.mark.slow
def test_bf16_strips_are_no_further_from_f32_than_the_whole_is(monkeypatch):
    model = model_zoo.resolve("mini", offline=True)
    try:
        engine = load_engine(model, "openvino", "bf16")
    except EngineError:
        pytest.skip("this CPU does not compute in bf16")
    exact = load_engine(model, "openvino", "f32")
    numbers, one = exact.predict_style(photo(256, 256)), photo(301, 203)
    reference = exact.transform(one, numbers)
    monkeypatch.setattr(engine_module, "STRIP_BYTES", 1_000_000)
    whole, stripped = (
        np.abs(picture - reference).mean()
        for picture in (engine.transform(one, numbers), engine.transform_in_strips(one, numbers))
    )
    assert stripped < 1.2 * whole


@pytest.mark.parametrize("piece_bytes", [4_000_000, 20_000, 1])  # the part at once, in pieces, row by row
@pytest.mark.parametrize("offset", [0, 20])
def test_moments_of_rows_are_those_of_the_whole(offset, piece_bytes, monkeypatch):
    monkeypatch.setattr(moments, "PIECE_BYTES", piece_bytes)
    engine = load_engine(model_zoo.resolve("mini", offline=True), "openvino", "f32")
    whole = np.random.default_rng(0).normal(offset, 0.3, (1, 50, 70, 16)).astype(np.float32)
    measure = RowMoments(engine._compile)
    parts = [measure(whole[:, rows], 1, 2) for rows in (slice(0, 20), slice(20, 40), slice(40, 50))]
    mean, variance = combined(parts)
    np.testing.assert_allclose(mean, whole.mean(axis=(0, 1, 2), dtype=np.float64), rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(variance, whole.var(axis=(0, 1, 2), dtype=np.float64), atol=1e-5 * (1 + offset**2))


def test_a_network_that_looks_at_the_whole_picture_otherwise_is_refused():
    import openvino
    from openvino import opset13 as ops

    from arbitrary_nst.engines.openvino.passes import cut

    def network(look):
        inputs = [ops.parameter([-1, -1, -1, 3], name="photo"), ops.parameter([-1, 8], name="numbers")]
        return openvino.Model([ops.result(look(inputs[0]))], inputs)

    axes = ops.constant([1, 2], openvino.Type.i64)
    for look in (
        lambda x: ops.subtract(x, ops.reduce_max(x, axes, keep_dims=True)),
        lambda x: ops.subtract(x, ops.reduce_mean(x, axes, keep_dims=True)),
        lambda x: ops.cum_sum(x, ops.constant(1, openvino.Type.i64)),
    ):
        with pytest.raises(EngineError, match="cannot run in strips"):
            cut(network(look), "f32")


def test_strips_only_where_memory_asks_for_them():
    pixels = np.zeros((100, 200, 3), np.float32)  # the fake engine asks 8 MB whole, 0.4 MB in strips
    for max_memory, in_strips in ((9_000_000, False), (7_000_000, True)):
        stylizer = fake_stylizer(max_memory=max_memory)
        stylizer.stylize(pixels, Style(np.zeros(100, np.float32), "digest"))
        assert getattr(stylizer.engine, "in_strips", False) is in_strips
    with pytest.raises(EngineMemoryError, match="max_memory"):
        fake_stylizer(max_memory=300_000).stylize(pixels, Style(np.zeros(100, np.float32), "digest"))


def test_strips_when_the_whole_runs_out_of_memory():
    stylizer = fake_stylizer()
    works, calls = stylizer.engine.transform, []

    def fails_first(photo, numbers):
        calls.append(photo.shape)
        if len(calls) == 1:
            raise EngineMemoryError("out of memory")
        return works(photo, numbers)

    stylizer.engine.transform = fails_first
    stylizer.stylize(np.zeros((8, 8, 3), np.float32), Style(np.zeros(100, np.float32), "digest"))
    assert stylizer.engine.in_strips


MEASURE = """
import re, sys, numpy as np, psutil
from arbitrary_nst import model_zoo
from arbitrary_nst.engines import load_engine
engine = load_engine(model_zoo.resolve("mini", offline=True), "openvino", "f32")
numbers = engine.predict_style(np.zeros((1, 256, 256, 3), np.float32))
in_strips = sys.argv[1] == "strips"
photo = np.random.default_rng(0).random((1, 2000, 3000, 3), np.float32)
estimate = (engine.memory_in_strips if in_strips else engine.memory)(2000, 3000)
before = psutil.Process().memory_info().rss
(engine.transform_in_strips if in_strips else engine.transform)(photo, numbers)
peak = re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())  # getrusage would count the parent's too
print(before + estimate, int(peak.group(1)) * 1024)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="peak memory is read as Linux reports it")
@pytest.mark.parametrize("way", ["whole", "strips"])
def test_memory_is_estimated_within_a_quarter(way):
    done = subprocess.run([sys.executable, "-c", MEASURE, way], capture_output=True, text=True, check=True)
    estimate, peak = map(int, done.stdout.split())
    assert 0.75 < estimate / peak < 1.25
