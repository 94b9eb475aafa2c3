"""OpenVINO's requests: arrays in without a copy, Ctrl-C heard, its errors as ours."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from arbitrary_nst.errors import EngineError, EngineMemoryError

if TYPE_CHECKING:
    import openvino

Array = NDArray[Any]
Feed = tuple["openvino.Tensor", Array]
Compile = Callable[[Any, str], "openvino.CompiledModel"]  # of a model that is to compute in a precision

# How long a wait for a result may keep Ctrl-C waiting, in milliseconds.
POLL_MS = 100
# How OpenVINO says that it got no memory.
OUT_OF_MEMORY = ("bad_alloc", "could not create a memory", "allocate", "out of memory", "Cannot allocate", "mmap")


def tensor(array: Array) -> Feed:
    """The array for OpenVINO, without a copy where it allows that, and what must outlive its use.

    16-bit integers stand for bf16.
    """
    import openvino

    array = array if array.flags.c_contiguous and array.flags.writeable else array.copy()
    if array.dtype == np.uint16:
        shared = openvino.Tensor(array, openvino.Shape(array.shape), openvino.Type.bf16)
    else:
        shared = openvino.Tensor(array, shared_memory=True)
    return shared, array


def start(request: "openvino.InferRequest", inputs: list[Feed]) -> None:
    """Begin to run a request on inputs that the caller keeps until it is done."""
    try:
        for number, (value, _) in enumerate(inputs):
            request.set_input_tensor(number, value)
        request.start_async()
    except RuntimeError as exc:
        raise _failure(request, exc) from exc


def finish(request: "openvino.InferRequest") -> None:
    """Wait until a request has run, in slices so that Ctrl-C is heard within ``POLL_MS``."""
    try:
        while not request.wait_for(POLL_MS):
            pass
        request.wait()
    except KeyboardInterrupt:
        request.cancel()
        raise
    except RuntimeError as exc:
        raise _failure(request, exc) from exc


def _failure(request: "openvino.InferRequest", exc: RuntimeError) -> EngineError:
    shape = "x".join(str(side) for side in request.get_input_tensor(0).shape)
    if is_out_of_memory(exc):
        return EngineMemoryError(f"openvino: out of memory on {shape}", "{max_size}")
    return EngineError(f"openvino: failed on {shape} ({first_line(exc)})", "{max_size}, or {engine=tensorflow}")


def is_out_of_memory(exc: BaseException) -> bool:
    """Whether OpenVINO says that it got no memory."""
    return isinstance(exc, MemoryError) or any(sign in str(exc) for sign in OUT_OF_MEMORY)


def first_line(exc: BaseException) -> str:
    """The line of OpenVINO's message that says what is wrong."""
    lines = [line.strip() for line in str(exc).splitlines() if line.strip()]
    return lines[-1] if lines else type(exc).__name__
