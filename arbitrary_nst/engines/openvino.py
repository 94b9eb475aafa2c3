"""The CPU engine: both halves as OpenVINO models, converted once and compile-cached."""

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from arbitrary_nst.engines import Pixels, fit
from arbitrary_nst.engines.convert import conversion_dir, converted
from arbitrary_nst.errors import EngineError
from arbitrary_nst.model_zoo import Model

if TYPE_CHECKING:
    import openvino

# How long a wait for a result may keep Ctrl-C waiting, in milliseconds.
POLL_MS = 100


class OpenVINOEngine:
    """Runs a model in OpenVINO on the CPU. Each half is compiled when it is first needed.

    ``precision`` ``auto`` is bf16 where the CPU computes in it natively and f32 elsewhere: an emulated bf16 would be
    slower and less exact.
    """

    name = "openvino"

    def __init__(self, model: Model, precision: str = "auto") -> None:
        try:
            import openvino
        except ImportError as exc:
            raise EngineError(f"openvino: cannot be imported ({exc}). Try: pip install openvino") from exc
        self._core = openvino.Core()
        self._model = model
        native_bf16 = "BF16" in self._core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        if precision == "bf16" and not native_bf16:
            raise EngineError("bf16: this CPU does not compute in it. Try: --precision f32")
        self.precision = precision if precision != "auto" else ("bf16" if native_bf16 else "f32")
        self.device = str(self._core.get_property("CPU", "FULL_DEVICE_NAME"))

    def predict_style(self, style: Pixels) -> Pixels:
        """Bottlenecks (N, D) of style pictures (N, S, S, 3), RGB in [0, 1]."""
        bottleneck = self._infer(self._predict, [style])
        return bottleneck.reshape(len(style), -1)

    def transform(self, photo: Pixels, bottleneck: Pixels) -> Pixels:
        """Stylize photos (N, H, W, 3), RGB in [0, 1], by bottlenecks (N, D) or (1, D) -> (N, H, W, 3)."""
        height, width = photo.shape[1:3]
        rows = np.broadcast_to(bottleneck, (len(photo), bottleneck.shape[1]))
        # The networks' second input is (N, 1, 1, D), except where a card's own format has it as (N, D).
        shape = rows.shape if self._model.card.format == "ir" else (len(rows), 1, 1, rows.shape[1])
        picture = self._infer(self._transform, [fit(photo, self._model.card), rows.reshape(shape)])
        return picture[:, :height, :width]

    @cached_property
    def _predict(self) -> "openvino.CompiledModel":
        # Always f32: it runs once per style, and its error would shift every picture.
        return self._compile(self._halves[0], "f32")

    @cached_property
    def _transform(self) -> "openvino.CompiledModel":
        return self._compile(self._halves[1], self.precision)

    @cached_property
    def _halves(self) -> tuple[Path, Path]:
        return converted(self._model)

    def _compile(self, path: Path, precision: str) -> "openvino.CompiledModel":
        options = {
            "INFERENCE_PRECISION_HINT": precision,
            "CACHE_DIR": str(conversion_dir(self._model)),
            # Weights stay in the converted model: the cache is 1 MB instead of 90, and starts as fast.
            "CACHE_MODE": "OPTIMIZE_SIZE",
        }
        try:
            return self._core.compile_model(str(path), "CPU", options)
        except RuntimeError as exc:
            raise EngineError(
                f"{path}: OpenVINO cannot load it ({_first_line(exc)}). "
                f"Try: arbstyle models clear {self._model.card.name}"
            ) from exc

    def _infer(self, compiled: "openvino.CompiledModel", inputs: list[Pixels]) -> Pixels:
        """Run one request, waiting in slices so that Ctrl-C is heard within ``POLL_MS``."""
        request = compiled.create_infer_request()
        try:
            request.start_async([np.ascontiguousarray(array, np.float32) for array in inputs])
            while not request.wait_for(POLL_MS):
                pass
            request.wait()
        except KeyboardInterrupt:
            request.cancel()
            raise
        except RuntimeError as exc:
            shapes = ", ".join(str(array.shape) for array in inputs)
            raise EngineError(
                f"openvino: failed on {shapes} ({_first_line(exc)}). Try: --max-size, or --engine tensorflow"
            ) from exc
        return np.array(request.get_output_tensor().data)


def _first_line(exc: BaseException) -> str:
    lines = [line.strip() for line in str(exc).splitlines() if line.strip()]
    return lines[-1] if lines else type(exc).__name__
