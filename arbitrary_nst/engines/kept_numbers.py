"""What the style half made of a picture, kept for the next run: the same painting again takes no style half."""

import contextlib
import hashlib
import os
from pathlib import Path

import numpy as np

from arbitrary_nst.engines import Engine, Pixels, Repeats
from arbitrary_nst.model_zoo import Model, seals
from arbitrary_nst.model_zoo.store import numbers_dir

MOST = 1000  # pictures of a model that are kept, of 4 KB each for mini and 42 for magenta
FEWER = 900  # the newest, which are left when they become more: so not each one that is written has all looked at
CHECK = hashlib.sha256().digest_size


def numbers_of(engine: Engine, model: Model, square: Pixels, origin: str, *, keep: bool = True) -> Pixels:
    """The numbers (D,) of a picture (S, S, 3): those that were kept, bit for bit, else those that are computed now.

    ``origin`` is ``styles.origin_of`` its file. What lies under it counts for this very picture alone, so that another
    way to decode or frame it is seen. Only with ``keep`` is anything written; a cache that cannot be costs nothing.
    """
    path = place(engine, model, origin)
    if path is None:
        return _computed(engine, square)
    whole = np.ascontiguousarray(square)
    picture = hashlib.sha256(f"{whole.dtype.str} {whole.shape} ".encode())
    picture.update(whole.data)
    numbers = _read(path, picture.digest(), model.card.numbers)
    if numbers is None:
        numbers = _computed(engine, square)
        if keep:
            with contextlib.suppress(OSError):
                _write(path, picture.digest(), numbers)
    return numbers


def are_kept(engine: Engine, model: Model, origin: str) -> bool:
    """Whether numbers lie here for what is of this origin; whether they can be believed, only the picture tells."""
    path = place(engine, model, origin)
    return path is not None and os.path.isfile(path)


def place(engine: Engine, model: Model, origin: str) -> Path | None:
    """Where the numbers lie, a file for each origin, model and style half; None for an engine that keeps none."""
    if not isinstance(engine, Repeats):
        return None
    key = f"{origin} {model.digest} {engine.name} {engine.device} {engine.precision} {engine.style_half}"
    return numbers_dir() / model.card.name / hashlib.sha256(key.encode()).hexdigest()


def _read(path: Path, picture: bytes, count: int) -> Pixels | None:
    """None for what is not there, is of another picture, or is damaged, or where others could have written it."""
    try:
        if not (seals.ours_in_ours(path) and os.path.isfile(path)):
            return None
        if path.stat().st_size != CHECK + 4 * count:
            return None
        data = path.read_bytes()
    except OSError:
        return None
    check, numbers = data[:CHECK], data[CHECK:]
    if len(numbers) != 4 * count or check != _check(picture, numbers):
        return None
    return np.frombuffer(numbers, "<f4").astype(np.float32)


def _write(path: Path, picture: bytes, numbers: Pixels) -> None:
    """Whole or not at all, and then no more files than are to be kept. Raises OSError."""
    path.parent.parent.mkdir(parents=True, exist_ok=True)
    path.parent.mkdir(mode=0o755, exist_ok=True)
    if not seals.only_ours(path.parent):
        return
    data = numbers.astype("<f4").tobytes()
    seals.write(path, _check(picture, data) + data, lasting=False)  # what a crash damages is made again
    if len(os.listdir(path.parent)) > MOST:
        with os.scandir(path.parent) as entries:
            newest_last = sorted((entry.stat(follow_symlinks=False).st_mtime_ns, entry.path) for entry in entries)
        for _, each in newest_last[:-FEWER]:
            Path(each).unlink(missing_ok=True)


def _computed(engine: Engine, square: Pixels) -> Pixels:
    numbers: Pixels = engine.predict_style(square[np.newaxis])[0]
    return numbers


def _check(picture: bytes, numbers: bytes) -> bytes:
    return hashlib.sha256(picture + numbers).digest()
