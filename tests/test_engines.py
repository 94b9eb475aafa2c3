"""Both engines against the models' own reference runs: the whole SavedModel call and the TFLite interpreter."""

import os
import subprocess
import sys
import warnings

import numpy as np
import pytest

from arbitrary_nst import model_zoo
from arbitrary_nst.engines import choose_engine, fit, load_engine
from arbitrary_nst.engines.openvino import convert, openvino, rewrites
from arbitrary_nst.engines.openvino.numbers import cut_at_numbers
from arbitrary_nst.errors import EngineError, ModelError, OptionError
from arbitrary_nst.images import decode, style_input

SIZES = [(64, 48), (65, 47), (1, 1), (3, 200)]


@pytest.fixture(scope="module")
def magenta(standin, tmp_path_factory):
    """The stand-in, with a cache that all tests of this module share, since converting takes a while."""
    model = model_zoo.resolve(str(standin), trust=True)
    folder = tmp_path_factory.mktemp("converted")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(convert, "conversions_dir", lambda: folder)
        yield model


@pytest.fixture(scope="module")
def whole_call(standin):
    """The stand-in as the tutorials call it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import tensorflow as tf

        module = tf.saved_model.load(str(standin))
    return lambda photo, style: np.asarray(module(tf.constant(photo), tf.constant(style)))


def noise(*shape):
    return np.random.default_rng(0).random(shape, np.float32)


def openvino_or_skip(model, precision):
    try:
        return load_engine(model, "openvino", precision)
    except EngineError:
        pytest.skip("this CPU does not compute in bf16")


def levels(a, b):
    """Mean difference in levels of 255."""
    return float(np.abs(a - b).mean() * 255)


# --- what fits


def test_fit_reflects_to_the_stride_and_no_further():
    card = model_zoo.cards()["lite"]
    assert fit(noise(1, 64, 32, 3), card).shape == (1, 64, 32, 3)
    padded = fit(noise(1, 33, 17, 3), card)
    assert padded.shape == (1, 36, 20, 3)
    np.testing.assert_array_equal(padded[:, 33], padded[:, 31])
    assert fit(noise(1, 1, 2, 3), card).shape == (1, card.min_side, card.min_side, 3)


# --- tensorflow


@pytest.mark.slow
@pytest.mark.parametrize("size", [(64, 48), (65, 47)])
def test_tensorflow_split_equals_the_whole_call(magenta, whole_call, size):
    engine = load_engine(magenta, "tensorflow")
    photo, style = noise(1, *size, 3), noise(1, 256, 256, 3)
    numbers = engine.predict_style(style)
    assert numbers.shape == (1, 10438)
    whole = whole_call(photo, style)[:, : size[0], : size[1]]
    np.testing.assert_allclose(engine.transform(photo, numbers), whole, atol=1e-5)  # f32, another order of sums


@pytest.mark.slow
def test_tensorflow_loads_a_model_without_a_signature(standin_callable, magenta):
    bare = load_engine(model_zoo.resolve(str(standin_callable), trust=True), "tensorflow")
    signed = load_engine(magenta, "tensorflow")
    style = noise(1, 256, 256, 3)
    np.testing.assert_allclose(bare.predict_style(style), signed.predict_style(style), atol=1e-5)


@pytest.mark.slow
def test_tensorflow_takes_any_size(magenta):
    engine = load_engine(magenta, "tensorflow")
    numbers = engine.predict_style(noise(1, 256, 256, 3))
    for size in SIZES:
        assert engine.transform(noise(1, *size, 3), numbers).shape == (1, *size, 3)


# --- openvino, magenta


@pytest.mark.slow
@pytest.mark.parametrize(("precision", "tolerance"), [("f32", 0.2), ("bf16", 3)])
def test_openvino_is_close_to_the_whole_call(magenta, whole_call, precision, tolerance):
    engine = openvino_or_skip(magenta, precision)
    photo, style = noise(1, 129, 160, 3), noise(1, 256, 256, 3)
    picture = engine.transform(photo, engine.predict_style(style))
    assert picture.shape == photo.shape
    assert levels(picture, whole_call(photo, style)[:, :129, :160]) < tolerance


def test_openvino_takes_any_size_and_broadcasts_one_style(magenta):
    engine = load_engine(magenta, "openvino", "f32")
    numbers = engine.predict_style(noise(1, 256, 256, 3))
    for size in SIZES:
        assert engine.transform(noise(1, *size, 3), numbers).shape == (1, *size, 3)
    two = engine.transform(noise(2, 32, 32, 3), numbers)
    one = engine.transform(noise(2, 32, 32, 3)[1:], numbers)
    np.testing.assert_allclose(two[1:], one, atol=1e-4)  # f32, another order of sums


def test_four_pixels_at_once_are_the_same_pixels():
    """``widen`` against the network as it was, whose sums run in another order."""
    openvino = pytest.importorskip("openvino")
    from openvino import opset13 as ops

    rng = np.random.default_rng(5)
    photo = ops.parameter([-1, 5, -1, -1], np.float32)
    kernel = rng.normal(size=(3, 5, 7, 5)).astype(np.float32)
    colours = ops.convolution(photo, kernel, [1, 1], [0, 0], [0, 0], [1, 1])
    half = openvino.Model([ops.relu(colours)], [photo])
    core, given = openvino.Core(), rng.normal(size=(2, 5, 22, 28)).astype(np.float32)
    f32 = {"INFERENCE_PRECISION_HINT": "f32"}
    before = core.compile_model(half, "CPU", f32)(given)[0]
    rewrites.widen(half, 4)
    kernels = [node.input_value(1) for node in half.get_ops() if node.get_type_name() == "Convolution"]
    assert [tuple(kernel.get_shape()) for kernel in kernels] == [(12, 5, 7, 8)]
    np.testing.assert_allclose(core.compile_model(half, "CPU", f32)(given)[0], before, atol=1e-5)


@pytest.mark.parametrize(("channels", "fused"), [(3, 0), (8, 1), (16, 1), (32, 0)])
def test_a_narrow_norm_in_one_operation_is_the_same_norm(channels, fused):
    """``fuse_narrow_norms`` against the norm spelled out, whose map is also added to the result unnormalised."""
    openvino = pytest.importorskip("openvino")
    from openvino import opset13 as ops

    rng = np.random.default_rng(5)
    x, gain, shift = (ops.parameter([-1, channels, -1, -1], np.float32, name=name) for name in ("x", "gain", "shift"))
    mean = ops.reduce_mean(x, np.array([2, 3]), keep_dims=True)
    spread = ops.reduce_mean(ops.squared_difference(x, mean), np.array([2, 3]), keep_dims=True)
    scale = ops.multiply(ops.power(ops.add(spread, np.float32([[[[0.1]]]])), np.float32(-0.5)), gain)
    normal = ops.add(ops.multiply(x, scale), ops.subtract(shift, ops.multiply(mean, scale)))
    half = openvino.Model([ops.add(ops.relu(normal), x)], [x, gain, shift])
    core, sides = openvino.Core(), ((6, 7), (1, 1), (1, 1))
    given = [rng.normal(1, 2, (2, channels, *side)).astype(np.float32) for side in sides]
    f32 = {"INFERENCE_PRECISION_HINT": "f32"}
    before = core.compile_model(half, "CPU", f32)(given)[0]
    rewrites.fuse_narrow_norms(half)
    assert [node.get_type_name() for node in half.get_ops()].count("MVN") == fused
    np.testing.assert_allclose(core.compile_model(half, "CPU", f32)(given)[0], before, atol=1e-5)


def test_conversion_happens_once_and_again_for_another_model(magenta, monkeypatch):
    paths = convert.converted(magenta)

    def never(*_):
        raise AssertionError("converted a second time")

    monkeypatch.setattr(convert, "_convert_into", never)
    assert convert.converted(magenta) == paths
    other = model_zoo.Model(magenta.card, magenta.folder, "another digest", magenta.verified)
    with pytest.raises(AssertionError, match="second time"):
        convert.converted(other)
    assert not [path for path in paths[0].parent.parent.iterdir() if path.name.startswith(".")]


def test_a_converted_model_needs_neither_tensorflow_nor_kagglehub(magenta, standin):
    convert.converted(magenta)
    script = (
        "import sys, numpy as np; from pathlib import Path\n"
        "from arbitrary_nst import model_zoo, engines\n"
        "from arbitrary_nst.engines.openvino import convert\n"
        f"convert.conversions_dir = lambda: Path({str(convert.conversions_dir())!r})\n"
        f"engine = engines.load_engine(model_zoo.resolve({str(standin)!r}, trust=True))\n"
        "engine.transform(np.zeros((1, 32, 32, 3), np.float32), np.zeros((1, 10438), np.float32))\n"
        "print(sorted({'tensorflow', 'tensorflow_hub', 'kagglehub', 'keras'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=os.environ)
    assert done.stdout.strip() == "[]"


# --- openvino, lite


def interpreter_run(path, *inputs):
    litert = pytest.importorskip("ai_edge_litert.interpreter")
    interpreter = litert.Interpreter(str(path))
    interpreter.allocate_tensors()
    by_rank = sorted(interpreter.get_input_details(), key=lambda detail: -int(np.prod(detail["shape"])))
    for detail, value in zip(by_rank, inputs, strict=True):
        interpreter.set_tensor(detail["index"], value)
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])


@pytest.mark.slow
@pytest.mark.parametrize(("precision", "tolerance"), [("f32", 0.3), ("bf16", 1.0)])
def test_lite_photo_half_agrees_with_the_tflite_interpreter(lite, shared, precision, tolerance):
    engine = openvino_or_skip(lite, precision)
    photo = square(shared, "photos/golden_gate_sq.jpg", 384)
    bottleneck = interpreter_run(lite.folder / "style_predict_quantized_256.tflite", square(shared, "styles/udnie.jpg"))
    picture = interpreter_run(lite.folder / "style_transfer_f16_384.tflite", photo, bottleneck)
    assert levels(engine.transform(photo, lite_numbers(lite, bottleneck)), picture) < tolerance


def lite_numbers(lite, bottleneck):
    """What the photo half reads in a bottleneck (N, 1, 1, 100), in f32."""
    ops = openvino.opset13
    same = ops.parameter([-1, 1, 1, 100], openvino.Type.f32)
    _, transform = convert._from_tflite(lite.card, lite.folder)
    maps = cut_at_numbers(openvino.Model([ops.result(same)], [same]), transform)[0]
    return openvino.Core().compile_model(maps, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})(bottleneck)[0]


@pytest.mark.slow
@pytest.mark.parametrize("style", ["udnie", "bricks", "towers_1916_sq"])
def test_lite_style_half_is_as_close_to_the_interpreter_as_its_own_kernels_are(lite, shared, style):
    # an int8 network: the interpreter's two sets of kernels differ by one or two steps of 0.0199 in a bottleneck
    picture = square(shared, f"styles/{style}.jpg")
    theirs = interpreter_run(lite.folder / "style_predict_quantized_256.tflite", picture).reshape(1, -1)
    predict, _ = convert._from_tflite(lite.card, lite.folder)
    how = {"INFERENCE_PRECISION_HINT": "f32", "LP_TRANSFORMS_MODE": "NO"}  # as the engine compiles it
    ours = openvino.Core().compile_model(predict, "CPU", how)(picture)[0].reshape(1, -1)
    np.testing.assert_allclose(ours, theirs, atol=2.1 * 0.0199)
    numbers = load_engine(lite, "openvino").predict_style(picture)
    np.testing.assert_allclose(numbers, lite_numbers(lite, ours.reshape(1, 1, 1, -1)), atol=1e-3)


def square(shared, name, size=256):
    return style_input(decode((shared / "images" / name).read_bytes(), name=name).pixels, size=size)[np.newaxis]


@pytest.mark.slow
def test_lite_takes_any_size_and_batches(lite):
    engine = load_engine(lite, "openvino", "f32")
    styles = noise(2, 256, 256, 3)
    numbers = engine.predict_style(styles)
    assert numbers.shape == (2, 694)
    np.testing.assert_allclose(numbers[1:], engine.predict_style(styles[1:]), atol=1e-4)
    for size in SIZES:
        assert engine.transform(noise(1, *size, 3), numbers[:1]).shape == (1, *size, 3)
    np.testing.assert_allclose(
        engine.transform(noise(2, 40, 40, 3), numbers)[1:],
        engine.transform(noise(2, 40, 40, 3)[1:], numbers[1:]),
        atol=1e-4,
    )


# --- choice and refusal


def test_choice_and_its_reason(monkeypatch):
    magenta, lite = model_zoo.cards()["magenta"], model_zoo.cards()["lite"]
    monkeypatch.setattr("arbitrary_nst.engines.has_gpu_driver", lambda: False)
    assert choose_engine(magenta)[0] == "openvino" and "no GPU" in choose_engine(magenta)[1]
    monkeypatch.setattr("arbitrary_nst.engines.has_gpu_driver", lambda: True)
    monkeypatch.setattr("arbitrary_nst.hardware.gpus.gpu_names", lambda: ["/physical_device:GPU:0"])
    assert choose_engine(magenta)[0] == "tensorflow"
    assert choose_engine(lite)[0] == "openvino"
    with pytest.raises(OptionError, match="engine='openvino'"):
        choose_engine(lite, "tensorflow")
    with pytest.raises(OptionError):
        choose_engine(lite, "onnx")


def test_refusals(lite, magenta, monkeypatch):
    with pytest.raises(OptionError, match="f32"):
        load_engine(magenta, "tensorflow", "bf16")
    with pytest.raises(OptionError, match="unknown"):
        load_engine(lite, "auto", "f64")
    monkeypatch.setattr("openvino.Core.get_property", lambda self, device, name: ["FP32"])
    with pytest.raises(EngineError, match="precision='f32'"):
        load_engine(lite, "openvino", "bf16")
    assert load_engine(lite, "openvino").precision == "f32"


@pytest.mark.parametrize(
    ("name", "capabilities", "flags", "precision"),
    [
        ("AMD EPYC", ["FP32", "BF16"], "avx512_bf16", "bf16"),
        ("Intel(R) Xeon(R) Processor", ["FP32", "BF16"], "avx512_bf16 amx_bf16 amx_tile", "bf16"),
        ("Intel(R) Xeon(R) Processor", ["FP32", "BF16"], "avx512_bf16 avx512_fp16", "f32"),
        ("Intel(R) Xeon(R) Processor", ["FP32", "BF16"], None, "f32"),
        ("Intel(R) Xeon(R) Processor", ["FP32"], "avx512f", "f32"),
        ("AMD Ryzen", ["FP32"], "avx2", "f32"),
    ],
)
def test_auto_is_the_faster_precision(tmp_path, monkeypatch, lite, name, capabilities, flags, precision):
    told = {"FULL_DEVICE_NAME": name, "OPTIMIZATION_CAPABILITIES": capabilities}
    monkeypatch.setattr("openvino.Core.get_property", lambda self, device, what: told[what])
    monkeypatch.setattr("arbitrary_nst.hardware.precision.LINUX_CPU", tmp_path / "cpuinfo")
    if flags:
        (tmp_path / "cpuinfo").write_text(f"model name\t: {name}\nflags\t\t: fpu {flags}\n")
    assert load_engine(lite, "openvino").precision == precision
    assert load_engine(lite, "openvino", "f32").precision == "f32"
    if "BF16" in capabilities:
        assert load_engine(lite, "openvino", "bf16").precision == "bf16"


def test_a_saved_model_of_another_kind_is_refused(tmp_path, magenta):
    import tensorflow as tf

    module = tf.Module()
    module.__call__ = tf.function(lambda x: x, input_signature=[tf.TensorSpec((None,), tf.float32)])
    tf.saved_model.save(module, str(tmp_path / "other"))
    with pytest.raises((ModelError, EngineError)) as caught:
        load_engine(model_zoo.Model(magenta.card, tmp_path / "other", "digest", False), "tensorflow")
    assert "\n" not in str(caught.value)


@pytest.mark.slow
def test_style_half_is_f32_in_either_precision(lite, shared):
    try:
        engines = [load_engine(lite, "openvino", precision) for precision in ("f32", "bf16")]
    except EngineError:
        pytest.skip("this CPU does not compute in bf16")
    numbers = [engine.predict_style(square(shared, "styles/udnie.jpg")) for engine in engines]
    np.testing.assert_array_equal(*numbers)
