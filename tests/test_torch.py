"""The engine of PyTorch, on this machine's CPU: what it draws is what OpenVINO draws."""

from collections import Counter
from types import SimpleNamespace
from typing import ClassVar

import numpy as np
import pytest

from arbitrary_nst import model_zoo
from arbitrary_nst.engines import fitting, load_engine
from arbitrary_nst.engines.own_weights import OwnWeights
from arbitrary_nst.engines.program import Program, Step
from arbitrary_nst.errors import EngineError, EngineMemoryError, OptionError
from arbitrary_nst.hardware import devices
from arbitrary_nst.styles import Style

torch = pytest.importorskip("torch")

from torch.utils._python_dispatch import TorchDispatchMode  # noqa: E402

from arbitrary_nst.engines.openvino.reading import halves_of, photo_program  # noqa: E402
from arbitrary_nst.engines.torch import copies, operations  # noqa: E402
from arbitrary_nst.engines.torch import engine as torch_engine  # noqa: E402
from arbitrary_nst.engines.torch import network as torch_network  # noqa: E402
from arbitrary_nst.engines.torch.network import Network  # noqa: E402

RANDOM = np.random.default_rng(0)
PHOTOS = RANDOM.random((2, 40, 50, 3), np.float32)  # of no multiple of 4
STYLES = RANDOM.random((2, 256, 256, 3), np.float32)
LEVELS = 0.2 / 255


def both(model):
    return load_engine(model, "openvino", "f32"), load_engine(model, "torch", "f32", device="cpu")


def draws_alike(model):
    other, ours = both(model)
    numbers = other.predict_style(STYLES)
    np.testing.assert_allclose(
        other.transform(PHOTOS, ours.predict_style(STYLES)), other.transform(PHOTOS, numbers), atol=LEVELS
    )
    np.testing.assert_allclose(ours.transform(PHOTOS, numbers), other.transform(PHOTOS, numbers), atol=LEVELS)
    one = other.transform(PHOTOS, numbers[:1])
    np.testing.assert_allclose(ours.transform(PHOTOS, numbers[:1]), one, atol=LEVELS)
    np.testing.assert_allclose(ours.transform(PHOTOS[:1], numbers[:1]), one[:1], atol=LEVELS)


def test_mini_is_openvinos(mini):
    draws_alike(mini)


@pytest.mark.slow
def test_lite_is_openvinos(lite):
    draws_alike(lite)


@pytest.mark.slow
def test_the_full_model_is_openvinos(standin):
    draws_alike(model_zoo.resolve(str(standin), trust=True))


@pytest.mark.slow
def test_bf16_is_near_and_says_so(mini):
    exact, fast = (load_engine(mini, "torch", precision, device="cpu") for precision in ("f32", "bf16"))
    assert (fast.precision, fast.device, fast.batch(40, 50)) == ("bf16", "CPU", 1)
    numbers = exact.predict_style(STYLES[:1])
    apart = np.abs(fast.transform(PHOTOS[:1], numbers) - exact.transform(PHOTOS[:1], numbers)).mean()
    assert 0 < apart < 2 / 255


@pytest.mark.slow
def test_learnt_weights_are_drawn_with(mini):
    other, ours = both(mini)
    numbers = other.predict_style(STYLES[:1])
    learnt = {"transfer/contract_2/kernel": RANDOM.normal(0, 0.05, (5, 5, 3, 16)).astype(np.float32)}
    plain = ours.transform(PHOTOS, numbers)
    drawn = ours.with_weights(learnt).transform(PHOTOS, numbers)
    np.testing.assert_allclose(drawn, other.with_weights(learnt).transform(PHOTOS, numbers), atol=LEVELS)
    assert np.abs(drawn - plain).max() > 0.01
    engines, style = OwnWeights(), Style(numbers[0], "digest", weights=learnt)
    assert engines.engine(ours, style, 1.0) is engines.engine(ours, style, 1.0)
    np.testing.assert_array_equal(ours.transform(PHOTOS, numbers), plain)
    with pytest.raises(OptionError, match="which the model has not"):
        ours.with_weights({"transfer/other/kernel": learnt["transfer/contract_2/kernel"]})


def test_every_normalisation_is_one_step(mini):
    program = photo_program(halves_of(mini)[1])
    kinds = [step.kind for _, step, _ in Network(program, torch.device("cpu"))._steps]
    assert kinds.count("StyleNorm") == 10 and "MVN" not in kinds and "GroupConvolution" not in kinds


class Waits(TorchDispatchMode):
    """Refuses what copies from the host, or tells it a number: a GPU would be waited for, and could not be recorded."""

    def __torch_dispatch__(self, function, types, given=(), named=None):
        assert not any(word in str(function) for word in ("lift_fresh", "_local_scalar", "nonzero")), function
        return function(*given, **(named or {}))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mini", "lite", "magenta"])
def test_nothing_in_a_pass_waits_for_the_host(name, request):
    if name == "magenta":
        model = model_zoo.resolve(str(request.getfixturevalue("standin")), trust=True)
    else:
        shared = None if name == "mini" else request.getfixturevalue("shared") / "models"
        model = model_zoo.resolve(name, model_dir=shared, offline=True)
    program = photo_program(halves_of(model)[1])
    network = Network(program, torch.device("cpu"), torch.bfloat16)
    count = int(program.constants[next(s for s in program.steps if s.kind == "VariadicSplit").inputs[2]].sum())
    photo, numbers = torch.from_numpy(PHOTOS[:1, :, :48]), torch.ones(1, count)
    with torch.inference_mode(), Waits():
        network(photo, numbers)


def test_a_relu_is_one_step_with_the_padding_after_it(mini):
    steps = [step for _, step, _ in Network(photo_program(halves_of(mini)[1]), torch.device("cpu"))._steps]
    uses = Counter(name for step in steps for name in step.inputs)
    padded = {step.inputs[0] for step in steps if step.kind == "Pad" and uses[step.inputs[0]] == 1}
    assert not any(step.kind == "Relu" and step.outputs[0] in padded for step in steps)
    assert any(step.settings.get("relu") for step in steps)


def test_a_bias_before_a_normalisation_is_left_out(mini):
    network = Network(photo_program(halves_of(mini)[1]), torch.device("cpu"))
    following = {step.inputs[0] for _, step, _ in network._steps if step.kind == "StyleNorm"}
    convolutions = [step for _, step, _ in network._steps if step.kind == "Convolution"]
    assert {len(step.inputs) for step in convolutions if step.outputs[0] in following} == {2}
    assert any(len(step.inputs) == 3 for step in convolutions)


@pytest.mark.slow
def test_channels_that_a_gpu_is_quick_with_draw_the_same(mini, monkeypatch):
    program, numbers = photo_program(halves_of(mini)[1]), torch.from_numpy(both(mini)[1].predict_style(STYLES[:1]))
    photo, device = torch.from_numpy(PHOTOS[:1, :, :48]), torch.device("cpu")
    plain = Network(program, device)(photo, numbers)
    monkeypatch.setattr(torch_network, "is_cuda", lambda device: True)
    monkeypatch.setattr(
        torch_network, "_quick_channels", lambda kernel, dtype: [-(-side // 16) * 16 for side in kernel.shape[1::-1]]
    )
    network = Network(program, device)
    kernels = [network._constants[step.inputs[1]] for _, step, _ in network._steps if step.kind == "Convolution"]
    assert all(side % 16 == 0 for kernel in kernels for side in kernel.shape[:2])
    np.testing.assert_allclose(network(photo, numbers), plain, atol=1e-5)


@pytest.mark.parametrize(
    ("kernel", "dtype", "before", "after"),
    [
        ((3, 8, 9, 9), torch.bfloat16, 16, 8),
        ((8, 3, 9, 9), torch.bfloat16, 16, 8),
        ((3, 8, 9, 9), torch.float32, 16, 3),
        ((8, 3, 9, 9), torch.float32, 3, 8),
        ((3, 32, 9, 9), torch.float16, 32, 8),
        ((12, 20, 3, 3), torch.float16, 24, 16),
        ((12, 20, 3, 3), torch.float32, 20, 12),
    ],
)
def test_how_many_channels_a_gpu_is_quick_with(kernel, dtype, before, after):
    assert torch_network._quick_channels(torch.zeros(kernel), dtype) == (before, after)


@pytest.mark.parametrize("sides", [(1, 1, 1, 1), (4, 2, 3, 0)])
def test_a_gpus_reflection_is_pytorchs(sides):
    maps = torch.from_numpy(RANDOM.random((2, 5, 9, 11), np.float32)).to(memory_format=torch.channels_last)
    for relu in (False, True):
        with Waits():
            made = operations._reflected(maps - 0.5, sides, relu)
        whole = torch.relu(maps - 0.5) if relu else maps - 0.5
        assert torch.equal(made, torch.nn.functional.pad(whole, sides, "reflect"))
        assert made.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("mode", ["blocks_first", "depth_first"])
def test_depth_to_space_is_its_definition(mode):
    maps = RANDOM.random((2, 12, 3, 5), np.float32)
    sizes, order = ((2, 2, 2, 3, 3, 5), (0, 3, 4, 1, 5, 2)) if mode == "blocks_first" else (
        (2, 3, 2, 2, 3, 5), (0, 1, 4, 2, 5, 3))  # fmt: skip
    wanted = maps.reshape(sizes).transpose(order).reshape(2, 3, 6, 10)
    made = operations.depth_to_space({"block_size": 2, "mode": mode}, torch.from_numpy(maps))
    np.testing.assert_array_equal(made, wanted)


def test_a_program_kept_in_a_file_draws_the_same(mini, tmp_path):
    program = photo_program(halves_of(mini)[1])
    program.save(tmp_path / "photo.npz")
    photo, numbers = torch.from_numpy(PHOTOS[:, :, :48]), torch.from_numpy(RANDOM.random((1, 896), np.float32))
    here, there = (Network(each, "cpu")(photo, numbers) for each in (program, Program.load(tmp_path / "photo.npz")))
    np.testing.assert_array_equal(here, there)


def test_an_operation_that_is_not_known_is_told():
    with pytest.raises(EngineError, match="knows no Sort"):
        Network(Program(("x",), "y", (Step("Sort", ("x",), ("y",)),), {}), "cpu")


def test_one_photos_normalisation_is_that_of_several():
    x = torch.from_numpy(RANDOM.normal(3, 2, (2, 5, 6, 7)).astype(np.float32))
    scale, shift = torch.arange(1.0, 6).reshape(1, 5, 1, 1), torch.ones(1, 5, 1, 1)
    together = operations.style_norm(x, scale, shift, 1e-3)
    apart = torch.cat([operations.style_norm(each[None], scale, shift, 1e-3) for each in x])
    np.testing.assert_allclose(together, apart, atol=1e-5)
    np.testing.assert_allclose(together.mean((2, 3)), torch.ones(2, 5), atol=1e-5)
    np.testing.assert_allclose(together.std((2, 3), correction=0), torch.arange(1.0, 6).expand(2, 5), rtol=1e-3)


def test_an_average_at_the_edge_is_of_what_is_inside():
    settings = {"kernel": [3, 3], "strides": [1, 1], "auto_pad": "same_upper", "exclude-pad": True}
    settings |= {"pads_begin": [0, 0], "pads_end": [0, 0]}
    np.testing.assert_allclose(operations.avg_pool(settings, torch.full((1, 2, 4, 5), 3.0)), 3.0, rtol=1e-6)


# --- copies


class Arriving:
    """A piece of memory to which copies come only when their event is waited for, as from a GPU."""

    started: ClassVar = []

    def __init__(self, count):
        self.numbers, self.source = torch.full((count,), torch.nan), None

    def copy_(self, source, non_blocking=False):
        if not non_blocking:
            return self.numbers.copy_(source)
        self.source = source
        self.started.append(self)
        return self

    def synchronize(self):
        for each in self.started:
            each.numbers.copy_(each.source)
        self.started.clear()


@pytest.mark.parametrize("shape", [(2, 5, 7, 3), (1, 4, 5, 3), (1, 3)])
def test_pictures_travel_in_pieces(shape, monkeypatch):
    """There and back as they are; of f16 too, and of what lies in another order in memory."""
    monkeypatch.setattr(copies, "PIECE", 60)
    monkeypatch.setattr(copies, "_pinned", Arriving)
    monkeypatch.setattr(copies, "_reached", lambda device: Arriving(0))
    monkeypatch.setattr(copies, "_received", lambda piece, here, reached: (
        reached.synchronize(), here.copy_(piece.numbers)))  # fmt: skip
    picture = RANDOM.random(shape, np.float32)
    sent = copies._sent(torch.from_numpy(picture), torch.device("cpu"))
    np.testing.assert_array_equal(sent, picture)
    np.testing.assert_array_equal(copies._fetched(sent), picture)
    np.testing.assert_array_equal(copies._fetched(sent.half()), picture.astype(np.float16).astype(np.float32))
    np.testing.assert_array_equal(copies._fetched(sent.transpose(0, 1)), picture.swapaxes(0, 1))


def test_on_the_cpu_nothing_is_copied():
    picture = RANDOM.random((1, 4, 5, 3), np.float32)
    tensor = copies.there(picture, torch.device("cpu"))
    assert np.shares_memory(tensor.numpy(), picture) and np.shares_memory(copies.back(tensor), picture)
    picture.flags.writeable = False
    np.testing.assert_array_equal(copies.there(picture, torch.device("cpu")), picture)


# --- devices


def test_a_device_that_is_not_here_is_told_with_those_that_are(mini, monkeypatch):
    monkeypatch.setattr(devices, "torch_devices", lambda: ["cuda:0"])
    with pytest.raises(EngineError, match="cuda:1: not here; PyTorch sees cuda:0, cpu"):
        load_engine(mini, "torch", device="cuda:1")
    with pytest.raises(OptionError, match="device mps: not one of openvino's"):
        load_engine(mini, "openvino", device="mps")


def test_a_gpu_takes_as_many_photos_as_its_memory_holds(mini, monkeypatch):
    engine = load_engine(mini, "torch", device="cpu")
    engine._on = torch.device("cuda:0")
    taken = torch_engine.BYTES_PER_PIXEL["mini"] * 100 * 100
    for free, expected in ((0, 1), (3.1 * taken / 0.8, 3), (1e12, fitting.MOST_TOGETHER)):
        monkeypatch.setattr(torch_engine, "free_memory", lambda device, free=free: int(free))
        assert engine.batch(100, 100) == expected
    assert engine.memory(100, 100) == 12 * 100 * 100


def test_out_of_memory_is_told_as_such(mini):
    engine = load_engine(mini, "torch", device="cpu")

    def fail(*inputs):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")

    engine.__dict__["_transform"] = fail
    with pytest.raises(EngineMemoryError, match="torch: out of memory on CPU at 52x40"):
        engine.transform(PHOTOS[:1], np.zeros((1, 896), np.float32))


@pytest.mark.slow
def test_a_photo_that_a_gpu_has_no_memory_for_is_drawn_in_strips(mini, monkeypatch, caplog):
    """With a style's own weights too, as OpenVINO draws them whole; a note says why it takes long."""
    learnt = {"transfer/contract_2/kernel": RANDOM.normal(0, 0.05, (5, 5, 3, 16)).astype(np.float32)}
    other, ours = both(mini)
    numbers = other.predict_style(STYLES[:1])
    for exact, engine in ((other, ours), (other.with_weights(learnt), ours.with_weights(learnt))):
        expected = exact.transform(PHOTOS[:1], numbers)

        def fail(*inputs):
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")

        engine.__dict__["_transform"], engine._on = fail, torch.device("cuda:0")
        monkeypatch.setattr(copies, "there", lambda array, device: array)
        monkeypatch.setattr(torch.cuda, "empty_cache", lambda: None)
        (drawn,) = fitting.draw(engine, [PHOTOS[0]], numbers, None)
        np.testing.assert_allclose(drawn, expected[0], atol=1e-3)
    assert caplog.messages == ["50x40: more than the GPU has memory for, drawn in strips on the CPU"] * 2
    monkeypatch.setattr(type(ours), "memory_in_strips", lambda self, height, width: 0)
    ours._on = torch.device("cpu")
    assert fitting.needs_strips(ours, 40, 52, 250 * 40 * 52 - 1)


def test_auto_takes_pytorch_where_it_sees_a_gpu(monkeypatch):
    from arbitrary_nst import engines

    card = model_zoo.cards()["magenta"]._replace()
    monkeypatch.setattr(engines, "has_gpu_driver", lambda: True)
    monkeypatch.setattr(engines, "may_have_torch_gpu", lambda: True)
    monkeypatch.setattr(engines, "torch_devices", lambda: ["cuda:0"])
    assert engines.choose_engine(card) == ("torch", "PyTorch sees cuda:0")
    assert engines.choose_engine(card, device="cpu")[0] == "openvino"
    assert engines.choose_engine(card, device="gpu")[0] == "openvino"
    assert engines.choose_engine(card, device="mps")[0] == "torch"
    monkeypatch.setattr(engines, "torch_devices", lambda: [])
    monkeypatch.setattr(engines, "tensorflow_gpus", lambda: ["GPU:0"])
    assert engines.choose_engine(card)[0] == engines.choose_engine(card, device="cuda")[0] == "tensorflow"


def test_intels_gpu_is_told_where_openvino_sees_none(mini, monkeypatch):
    import openvino

    monkeypatch.setattr(openvino, "Core", lambda: SimpleNamespace(available_devices=["CPU"]))
    with pytest.raises(EngineError, match="gpu: not here; OpenVINO sees cpu"):
        load_engine(mini, device="gpu")
