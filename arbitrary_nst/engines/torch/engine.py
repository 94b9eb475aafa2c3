"""One pass in PyTorch: on CUDA, on Apple's Metal or on the CPU, by the weights that OpenVINO reads."""

import hashlib
import logging
from collections import OrderedDict
from contextlib import suppress
from typing import Any

import torch

from arbitrary_nst.engines import Pixels, Weights, fit
from arbitrary_nst.engines.openvino.engine import OpenVINOEngine
from arbitrary_nst.engines.openvino.reading import halves_of, photo_program, style_program
from arbitrary_nst.engines.torch import copies
from arbitrary_nst.engines.torch.network import Network
from arbitrary_nst.errors import EngineError, EngineMemoryError
from arbitrary_nst.hardware.cpus import thread_limit
from arbitrary_nst.hardware.devices import KEPT_FREE, free_memory, is_out_of_memory, told, torch_device
from arbitrary_nst.hardware.loading import loaded_once, lock, refuse_after_fork
from arbitrary_nst.hardware.precision import BF16_CAPABILITY
from arbitrary_nst.hardware.recording import Recorded
from arbitrary_nst.model_zoo import Model

DTYPES = {"f32": torch.float32, "bf16": torch.bfloat16, "f16": torch.float16}
KEPT = 4  # photo halves with weights of their own
MOST_TOGETHER = 16  # photos in a call
RESULT = 12  # bytes per pixel
_log = logging.getLogger(__name__)
# Memory of the photo half, in bytes per pixel in f32: a full-size map and what is made of it, by the models' channels.
BYTES_PER_PIXEL = {"magenta": 900, "lite": 300, "mini": 250}


class TorchEngine:
    """Runs a model in PyTorch. Each half is read when it is first needed.

    ``device`` is as ``--device`` has it. ``precision`` ``auto`` is bf16 on a GPU that computes in it, f16 on an older
    one of NVIDIA's, and f32 elsewhere; the style half is always f32. Raises EngineError for a device that is not here.
    """

    name = "torch"

    def __init__(self, model: Model, precision: str = "auto", threads: int | None = None, device: str = "auto") -> None:
        refuse_after_fork(self.name)
        if (limit := thread_limit(threads)) is not None:
            torch.set_num_threads(limit)
        self._model, self._threads = model, threads
        self._on = torch_device(device)
        self.device = told(self._on)
        self.precision = precision if precision != "auto" else _faster(self._on)
        self._others: OrderedDict[bytes, TorchEngine] = OrderedDict()  # by their weights, the last used at the end
        self._differences: Weights | None = None

    @loaded_once
    def _halves(self) -> list[Any]:
        return halves_of(self._model)

    @loaded_once
    def _predict(self) -> Network | OpenVINOEngine:
        """A network that rounds its maps to codes stays with OpenVINO: the last bit of a sum decides there, and moved
        pictures by 7 levels."""
        program = style_program(self._halves[0])
        if any(step.kind == "FakeQuantize" for step in program.steps):
            return OpenVINOEngine(self._model, "f32", self._threads)
        return Network(program, self._on)

    @loaded_once
    def _transform(self) -> Recorded:
        program = photo_program(self._halves[1], self._differences)
        return Recorded(Network(program, self._on, DTYPES[self.precision]))

    def predict_style(self, style: Pixels) -> Pixels:
        """Numbers (N, D) of style pictures (N, S, S, 3), RGB in [0, 1]."""
        predict = self._predict
        return predict.predict_style(style) if isinstance(predict, OpenVINOEngine) else self._run(predict, style)

    def transform(self, photo: Pixels, numbers: Pixels) -> Pixels:
        """Stylize photos (N, H, W, 3), RGB in [0, 1], by numbers (N, D) or (1, D) -> (N, H, W, 3)."""
        height, width = photo.shape[1:3]
        return self._run(self._transform, fit(photo, self._model.card), numbers)[:, :height, :width]

    def transform_in_strips(self, photo: Pixels, numbers: Pixels) -> Pixels:
        """``transform`` of one photo (1, H, W, 3) that a GPU has no memory for: by OpenVINO, on the CPU."""
        height, width = photo.shape[1:3]
        if self._on.type != "cpu":
            _log.warning("%dx%d: more than the GPU has memory for, drawn in strips on the CPU", width, height)
        return self._in_strips.transform_in_strips(photo, numbers)

    def memory_in_strips(self, height: int, width: int) -> int:
        """``memory`` that a photo of this size takes in strips."""
        return self._in_strips.memory_in_strips(height, width)

    @loaded_once
    def _in_strips(self) -> OpenVINOEngine:
        engine = OpenVINOEngine(self._model, "f32" if self.precision == "f32" else "auto", self._threads)
        return engine.with_weights(self._differences) if self._differences else engine

    def with_weights(self, differences: Weights) -> "TorchEngine":
        """The same engine with another photo half; the last ``KEPT`` stay loaded. Raises OptionError."""
        parts = (f"{name} {array.shape} ".encode() + array.tobytes() for name, array in sorted(differences.items()))
        key = hashlib.sha256(b"".join(parts)).digest()
        with lock():
            if key not in self._others:
                other = object.__new__(TorchEngine)
                given = {
                    name: value
                    for name, value in vars(self).items()
                    if not name.startswith(("_transform", "_in_strips"))
                }
                other.__dict__ |= given | {"_differences": differences, "_others": OrderedDict()}
                other._transform  # noqa: B018  weights of another network are refused now
                self._others[key] = other
                while len(self._others) > KEPT:
                    self._others.popitem(last=False)
            self._others.move_to_end(key)
            return self._others[key]

    def load_ahead(self, *, style_half: bool = True) -> None:
        """Read both halves, or the photo half alone; a failure is raised where they are used."""
        if style_half:
            TorchEngine._predict.ahead(self)
        TorchEngine._transform.ahead(self)

    def memory(self, height: int, width: int) -> int:
        """Bytes that a photo of this size takes on top of itself, an estimate; on a GPU, of the CPU's memory."""
        return height * width * (RESULT if self._on.type != "cpu" else self._bytes_per_pixel)

    def batch(self, height: int, width: int) -> int:
        """How many photos of this size share a call: 1 on a CPU, else what ``KEPT_FREE`` of its free memory holds."""
        if self._on.type == "cpu":
            return 1
        free = int(KEPT_FREE * free_memory(self._on))
        return max(1, min(MOST_TOGETHER, free // (height * width * self._bytes_per_pixel)))

    @property
    def _bytes_per_pixel(self) -> int:
        most = max(BYTES_PER_PIXEL.values())
        return BYTES_PER_PIXEL.get(self._model.card.name, most)

    def _run(self, network: Network | Recorded, pixels: Pixels, *others: Pixels) -> Pixels:
        refuse_after_fork(self.name)
        height, width = pixels.shape[1:3]
        try:
            with torch.inference_mode():
                return copies.back(network(*(copies.there(array, self._on) for array in (pixels, *others))))
        except (RuntimeError, MemoryError) as exc:
            if is_out_of_memory(exc):
                if self._on.type == "cuda":
                    with suppress(RuntimeError):
                        torch.cuda.empty_cache()
                raise EngineMemoryError(
                    f"torch: out of memory on {self.device} at {width}x{height}",
                    "{max_size}, {strokes=auto}, or {device=cpu}",
                ) from exc
            reason = (str(exc).splitlines() or [type(exc).__name__])[0]
            raise EngineError(f"torch: failed on {width}x{height} ({reason})", "{engine=openvino}") from exc


def _faster(device: Any) -> str:
    """What a device is faster in; a Mac's and a CPU's bf16 are unmeasured."""
    if device.type != "cuda":
        return "f32"
    return "bf16" if torch.cuda.get_device_capability(device) >= BF16_CAPABILITY else "f16"
