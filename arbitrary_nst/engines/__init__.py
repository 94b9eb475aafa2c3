"""Engines run a model's two halves: style picture to numbers, photo and numbers to picture."""

from collections.abc import Mapping
from typing import Protocol, get_args, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from arbitrary_nst import options
from arbitrary_nst.errors import OptionError
from arbitrary_nst.hardware.devices import check_device, import_torch, may_have_torch_gpu, torch_devices
from arbitrary_nst.hardware.gpus import has_gpu_driver, tensorflow_gpus
from arbitrary_nst.model_zoo import Card, Model

Pixels = NDArray[np.float32]
Weights = Mapping[str, NDArray[np.float32]]

ENGINES, PRECISIONS = get_args(options.EngineName), get_args(options.Precision)
# Devices that an engine computes on beside the CPU; a cuda:1 counts as cuda.
DEVICES = {"openvino": ("gpu",), "tensorflow": ("cuda",), "torch": ("cuda", "mps")}


class Engine(Protocol):
    """What runs a model. A fake with these members stands in for any engine in tests."""

    @property
    def name(self) -> str:
        """``openvino``, ``tensorflow`` or ``torch``."""

    @property
    def precision(self) -> str:
        """``f32``, ``bf16`` or ``f16``: what the arithmetic really runs in."""

    @property
    def device(self) -> str:
        """What it runs on, for a person to read."""

    def predict_style(self, style: Pixels) -> Pixels:
        """Numbers (N, D) of style pictures (N, S, S, 3), RGB in [0, 1]; S and D are on the model's card."""

    def transform(self, photo: Pixels, numbers: Pixels) -> Pixels:
        """Stylize photos (N, H, W, 3), RGB in [0, 1], by numbers (N, D) or (1, D) -> (N, H, W, 3) in [0, 1].

        Raises EngineMemoryError where memory does not suffice.
        """

    def memory(self, height: int, width: int) -> int:
        """Bytes that a photo of this size takes on top of itself, the result included; an estimate."""

    def batch(self, height: int, width: int) -> int:
        """How many photos of this size a call is best given: 1 on a CPU, on a GPU what its free memory holds."""


@runtime_checkable
class CutsIntoStrips(Protocol):
    """An engine that can draw a photo strip by strip, in less memory."""

    def transform_in_strips(self, photo: Pixels, numbers: Pixels) -> Pixels:
        """``transform`` of one photo (1, H, W, 3)."""

    def memory_in_strips(self, height: int, width: int) -> int:
        """``memory`` that it takes so."""


@runtime_checkable
class TakesWeights(Protocol):
    """An engine that can draw with other weights than the model's."""

    def with_weights(self, differences: Weights) -> Engine:
        """The same engine with another photo half: the model's weights and what a style has learnt beyond them.

        ``differences`` are ``Style.weights``. Raises OptionError for those of another network.
        """


@runtime_checkable
class LoadsAhead(Protocol):
    """An engine that can load what it otherwise loads when it is first used."""

    def load_ahead(self, *, style_half: bool = True) -> None:
        """Load it, the style half only where it will be used; a failure is raised where it is."""


@runtime_checkable
class Repeats(Protocol):
    """An engine that makes the same numbers of the same picture in every run, to the last bit."""

    @property
    def style_half(self) -> str:
        """What they depend on beside the model, the engine's name, its device and its precision."""


def load_engine(
    model: Model, engine: str = "auto", precision: str = "auto", threads: int | None = None, device: str = "auto"
) -> Engine:
    """The engine that runs ``model`` on this machine; ``choose_engine`` says how ``auto`` decides.

    ``threads`` is how many it may compute with; None is ARBSTYLE_THREADS, else what quota and affinity leave.
    Raises EngineError where it cannot be loaded or the device is not here, OptionError for unknown names and where the
    model has no such engine, or the engine no such device.
    """
    name, _ = choose_engine(model.card, engine, device)
    options.one_of("precision", precision, PRECISIONS)
    if name == "tensorflow":
        from arbitrary_nst.engines.tensorflow import TensorFlowEngine

        return TensorFlowEngine(model, precision, threads, device)
    if name == "torch":
        import_torch()
        from arbitrary_nst.engines.torch.engine import TorchEngine

        return TorchEngine(model, precision, threads, device)
    from arbitrary_nst.engines.openvino.engine import OpenVINOEngine

    return OpenVINOEngine(model, precision, threads, device)


def choose_engine(card: Card, engine: str = "auto", device: str = "auto") -> tuple[str, str]:
    """Which engine runs the model, and why, for a person to read.

    ``auto`` is openvino, the faster one on every CPU measured, unless PyTorch or TensorFlow, in this order and where
    they are installed, sees an NVIDIA GPU; or what computes on the device asked for. Raises OptionError.
    """
    options.one_of("engine", engine, ENGINES)
    kind = check_device(device).partition(":")[0]
    if engine != "auto":
        if engine not in card.engines:
            raise OptionError(f"{card.name}: does not run in {engine}", f"{{engine={card.engines[0]}}}")
        if kind not in ("auto", "cpu", *DEVICES[engine]):
            raise OptionError(f"device {device}: not one of {engine}'s", f"cpu or {' or '.join(DEVICES[engine])}")
        return engine, "asked for"
    if kind == "cpu":
        return "openvino", "the faster engine on a CPU"
    if kind != "auto":
        return _engine_on(card, kind)
    if not has_gpu_driver():
        return "openvino", "no GPU driver here, and it is the faster engine on a CPU"
    if "torch" in card.engines and may_have_torch_gpu() and (gpus := torch_devices()):
        return "torch", f"PyTorch sees {gpus[0]}"
    if "tensorflow" not in card.engines:
        return "openvino", "a GPU driver is here, but PyTorch sees no GPU"
    if gpus := tensorflow_gpus():
        return "tensorflow", f"TensorFlow sees {gpus[0]}"
    return "openvino", "a GPU driver is here, but neither PyTorch nor TensorFlow sees a GPU"


def _engine_on(card: Card, kind: str) -> tuple[str, str]:
    """What computes on a kind of device that was asked for."""
    fitting = [name for name in ("torch", "openvino", "tensorflow") if kind in DEVICES[name] and name in card.engines]
    if fitting == ["torch", "tensorflow"] and not torch_devices() and tensorflow_gpus():
        return "tensorflow", "it sees the device asked for, and PyTorch does not"
    if not fitting:
        raise OptionError(f"device {kind}: {card.name} does not run there", "{device=cpu}")
    return fitting[0], "it computes on the device asked for"


def fit(photo: Pixels, card: Card) -> Pixels:
    """Reflect-pad (N, H, W, 3) at the bottom and right to ``fitted`` sides.

    Padding enters the instance moments, so it is kept to the least; crop the network's output to (H, W) afterwards.
    """
    below, beside = (side - had for side, had in zip(fitted(photo, card), photo.shape[1:3], strict=True))
    if not (below or beside):
        return photo
    return np.pad(photo, ((0, 0), (0, below), (0, beside), (0, 0)), mode="reflect")


def fitted(photo: Pixels, card: Card) -> tuple[int, int]:
    """Height and width that the network takes: multiples of the card's stride, and at least its ``min_side``."""
    height, width = (-(-max(side, card.min_side) // card.stride) * card.stride for side in photo.shape[1:3])
    return height, width
