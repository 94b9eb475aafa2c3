"""The CPU engine: both halves as OpenVINO models, converted once and compile-cached."""

import contextlib
import os
from typing import TYPE_CHECKING, Any

import numpy as np

from arbitrary_nst.engines import Pixels, Weights, fit, fitted
from arbitrary_nst.engines.openvino.convert import (
    compile_cache,
    conversion_dir,
    converted,
    halves_in_memory,
    versions,
)
from arbitrary_nst.engines.openvino.infer import finish, first_line, is_out_of_memory, start, tensor
from arbitrary_nst.errors import EngineError, EngineMemoryError
from arbitrary_nst.hardware.cpus import thread_limit
from arbitrary_nst.hardware.loading import loaded_once, refuse_after_fork, unloaded
from arbitrary_nst.hardware.precision import cpu_has_bf16, faster_precision
from arbitrary_nst.hardware.quiet_openvino import KERNELS, core
from arbitrary_nst.model_zoo import Model

if TYPE_CHECKING:
    import openvino

    from arbitrary_nst.engines.openvino.strips import Strips


# How OpenVINO says that it could not write, or read, a file.
FILE_FAILED = ("basic_ios", "iostream", "open file")
FIRST = 64  # px of the first square that is drawn
# About what computing one strip may take, in bytes. Thinner strips compute more neighbours twice.
STRIP_BYTES = 64 * 1000**2
MORE_MEMORY = "free some, or raise the limit of memory and addresses (ulimit -v)"


class OpenVINOEngine:
    """Runs a model in OpenVINO on the CPU. Each half is compiled when it is first needed.

    ``precision`` ``auto`` is bf16 where the CPU is faster in it and f32, which is more exact, elsewhere.
    """

    name = "openvino"

    def __init__(self, model: Model, precision: str = "auto", threads: int | None = None, device: str = "auto") -> None:
        refuse_after_fork(self.name)
        self._model, self._core = model, core()
        self._on = "GPU" if device == "gpu" else "CPU"
        self._how: dict[str, Any] = {}
        if self._on == "GPU":
            self.precision = self._precision_on_gpu(precision)
        else:
            limit = thread_limit(threads)
            self._how |= {"CPU_RUNTIME_CACHE_CAPACITY": KERNELS} | ({"INFERENCE_NUM_THREADS": limit} if limit else {})
            if precision == "bf16" and not cpu_has_bf16(self._core):
                raise EngineError("bf16: this CPU does not compute in it", "{precision=f32}")
            self.precision = precision if precision != "auto" else faster_precision(self._core)
        self.device = str(self._core.get_property(self._on, "FULL_DEVICE_NAME"))

    def _precision_on_gpu(self, precision: str) -> str:
        """Intel's GPUs compute in f16, which ``auto`` is there, or in f32. Raises EngineError where there is none."""
        seen = self._core.available_devices
        if not any(name.startswith("GPU") for name in seen):
            raise EngineError(f"gpu: not here; OpenVINO sees {', '.join(seen).lower()}", "{device=auto}")
        if precision == "bf16":
            raise EngineError("bf16: OpenVINO's GPUs do not compute in it", "{precision=f32}")
        return "f32" if precision == "f32" else "f16"

    def predict_style(self, style: Pixels) -> Pixels:
        """Numbers (N, D) of style pictures (N, S, S, 3), RGB in [0, 1]."""
        return self._infer(self._predict, [style])

    def transform(self, photo: Pixels, numbers: Pixels) -> Pixels:
        """Stylize photos (N, H, W, 3), RGB in [0, 1], by numbers (N, D) or (1, D) -> (N, H, W, 3)."""
        height, width = photo.shape[1:3]
        rows = np.broadcast_to(numbers, (len(photo), numbers.shape[1]))
        fitting = fit(photo, self._model.card)
        # a network without a stride makes a picture of a size of its own
        result = np.empty(fitting.shape, np.float32) if self._model.card.stride > 1 else None
        return self._infer(self._transform, [fitting, rows], result)[:, :height, :width]

    def transform_in_strips(self, photo: Pixels, numbers: Pixels) -> Pixels:
        """``transform`` of one photo (1, H, W, 3), within 1e-3 of it in f32, in a fraction of the memory."""
        refuse_after_fork(self.name)
        picture = self._strips.transform(photo[0], numbers, fitted(photo, self._model.card), STRIP_BYTES)
        return picture[np.newaxis]

    def with_weights(self, differences: Weights) -> "OpenVINOEngine":
        """The same engine with another photo half. Raises OptionError."""
        from arbitrary_nst.engines.openvino.photo_weights import add_weights

        half = self._photo_half()
        add_weights(half, differences)
        other = unloaded(self, "_transform", "_strips")
        other.__dict__["_halves"] = [self._halves[0], half]
        return other

    def memory_in_strips(self, height: int, width: int) -> int:
        """``memory`` that a photo of this size takes in strips."""
        return self._strips.memory(height, width, STRIP_BYTES)

    @property
    def style_half(self) -> str:
        """What its numbers depend on to the last bit: the versions, and how many threads share a sum."""
        return f"{versions()} {self._how} {os.cpu_count()}"

    def load_ahead(self, *, style_half: bool = True) -> None:
        """Compile both halves, or the photo half alone; a failure is raised where they are used.

        OpenVINO begins its threads and makes what serves every size when it first draws: so a small square is drawn.
        """
        if style_half:
            OpenVINOEngine._predict.ahead(self)
        if OpenVINOEngine._transform.ahead(self):
            numbers = np.ones((1, self._model.card.numbers), np.float32)
            with contextlib.suppress(EngineError):
                self.transform(np.zeros((1, FIRST, FIRST, 3), np.float32), numbers)

    def memory(self, height: int, width: int) -> int:
        """Bytes that a photo of this size takes on top of itself, the result included; an estimate."""
        return height * width * self._model.card.bytes_per_pixel[self.precision]

    def batch(self, height: int, width: int) -> int:
        """1: photos together are no faster than one by one, and take more memory."""
        return 1

    @loaded_once
    def _predict(self) -> "openvino.CompiledModel":
        # Always f32, also where the network was trained for int8: it runs once per style, its error would shift every
        # picture, and without VNNI instructions OpenVINO's int8 convolutions overflow.
        return self._compiled(self._halves[0], "f32", {"LP_TRANSFORMS_MODE": "NO"})

    @loaded_once
    def _transform(self) -> "openvino.CompiledModel":
        return self._compiled(self._halves[1], self.precision, {})

    def _compiled(self, half: Any, precision: str, options: dict[str, str]) -> "openvino.CompiledModel":
        """A half, as it was kept where it was compiled before: OpenVINO finds only what it compiled of files again."""
        if not isinstance(half, str):
            return self._compile(half, precision, options)
        with compile_cache(self._model) as cache:
            return self._compile(half, precision, {**options, **cache})

    @loaded_once
    def _strips(self) -> "Strips":
        from arbitrary_nst.engines.openvino.passes import cut
        from arbitrary_nst.engines.openvino.strips import Strips

        passes = cut(self._photo_half(), "bf16" if self.precision == "bf16" else "f32")
        return Strips(passes, self._compile)

    def _photo_half(self) -> "openvino.Model":
        """The photo half as a model of its own, to be changed."""
        half = self._halves[1]
        return self._core.read_model(half) if isinstance(half, str) else half.clone()

    @loaded_once
    def _halves(self) -> list[Any]:
        """Style half and photo half: paths of both, or both as models where nothing can be kept."""
        try:
            return [str(path) for path in converted(self._model)]
        except (EngineError, RuntimeError) as exc:
            cannot_keep = isinstance(exc, EngineError) or any(sign in str(exc) for sign in FILE_FAILED)
            if cannot_keep and self._model.card.format == "ir":
                return halves_in_memory(self._model)
            if cannot_keep and not isinstance(exc, EngineError):
                raise EngineError(
                    f"{conversion_dir(self._model)}: cannot be written (is the disk full?)",
                    "set ARBSTYLE_CACHE_DIR to a folder with 200 MB free",
                ) from exc
            raise

    def _compile(self, network: Any, precision: str, options: dict[str, str] | None = None) -> "openvino.CompiledModel":
        """Compile a model or a file of one. Options that fail, as an unwritable cache, are dropped, the last first."""
        try:
            how = {"INFERENCE_PRECISION_HINT": precision, **self._how, **(options or {})}
            return self._core.compile_model(network, self._on, how)
        except (RuntimeError, MemoryError) as exc:
            if options:
                return self._compile(network, precision, dict(list(options.items())[:-1]))
            name = self._model.card.name
            if is_out_of_memory(exc):
                raise EngineMemoryError(f"{name}: OpenVINO has not enough memory to load it", MORE_MEMORY) from exc
            raise EngineError(
                f"{name}: OpenVINO cannot load it ({first_line(exc)})", f"arbstyle models clear {name}"
            ) from exc

    def _infer(self, compiled: "openvino.CompiledModel", inputs: list[Pixels], result: Pixels | None = None) -> Pixels:
        """What a half makes of its inputs, written into ``result`` where its shape is known before: without a copy."""
        refuse_after_fork(self.name)
        request = compiled.create_infer_request()
        tensors = [tensor(np.ascontiguousarray(array, np.float32)) for array in inputs]
        if result is not None:
            request.set_output_tensor(tensor(result)[0])
        start(request, tensors)
        finish(request)
        return np.array(request.get_output_tensor().data) if result is None else result
