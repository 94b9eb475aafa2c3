"""Pictures between NumPy's memory and a device; to and from NVIDIA's by way of pinned memory, which they reach alone.

A GPU reads and writes pinned memory at the full speed of its bus, and by itself; a piece is copied between it and
NumPy's memory by the CPU's threads while the next one travels. Two pieces or three are all that stays pinned.
"""

from typing import Any

import numpy as np
import torch

from arbitrary_nst.engines import Pixels

PIECE = 2**21  # numbers, 8 MB: small enough that what a GPU wrote is still in the CPU's cache


def there(array: Pixels, device: Any) -> Any:
    """A tensor in f32 on ``device``. On CUDA it may still be on its way: what runs next there waits for it."""
    plain = np.ascontiguousarray(array, np.float32)
    tensor = torch.from_numpy(plain if plain.flags.writeable else plain.copy())
    return _sent(tensor, device) if device.type == "cuda" else tensor.to(device)


def back(tensor: Any) -> Pixels:
    """Its numbers in f32, once they are computed."""
    return _fetched(tensor) if tensor.is_cuda else np.asarray(tensor.float().cpu().numpy())


def _sent(tensor: Any, device: Any) -> Any:
    made = torch.empty(tensor.shape, dtype=torch.float32, device=device)
    for here, far in zip(tensor.flatten().split(PIECE), made.flatten().split(PIECE), strict=True):
        far.copy_(_pinned(len(here)).copy_(here), non_blocking=True)  # PyTorch reuses it when it has arrived
    return made


def _fetched(tensor: Any) -> Pixels:
    made = np.empty(tensor.shape, np.float32)
    pieces = zip(tensor.float().flatten().split(PIECE), torch.from_numpy(made).flatten().split(PIECE), strict=True)
    on_its_way = None
    for far, here in pieces:
        pinned = _pinned(len(here)).copy_(far, non_blocking=True)
        if on_its_way is not None:
            _received(*on_its_way)
        on_its_way = pinned, here, _reached(tensor.device)
    if on_its_way is not None:
        _received(*on_its_way)
    return made


def _received(pinned: Any, here: Any, reached: Any) -> None:
    reached.synchronize()
    here.copy_(pinned)


def _pinned(count: int) -> Any:
    """Of one size whatever the count: PyTorch keeps what it has pinned for who asks for as much again."""
    return torch.empty(PIECE, dtype=torch.float32, pin_memory=True)[:count]


def _reached(device: Any) -> Any:
    """What tells when the GPU has done all that it was given till now."""
    return torch.cuda.current_stream(device).record_event()
