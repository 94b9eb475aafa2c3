"""The weights of a SavedModel: numbers by name, read without loading the program around them."""

import hashlib
import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from arbitrary_nst.errors import ModelError
from arbitrary_nst.model_zoo import checkpoint
from arbitrary_nst.model_zoo.card import Card
from arbitrary_nst.model_zoo.store import Model, snapshot

Weights = dict[str, NDArray[np.float32]]


def load_weights(model: Model) -> Weights:
    """The weights of a model that ``resolve`` let pass, from exactly the bytes that passed.

    Raises ModelError where its files were changed since, or where a trusted model has another layout.
    """
    with snapshot(model.card, model.folder, model.digest) as copy:
        weights = read_weights(copy)
    check_layout(model.card, model.folder, weights)
    return weights


def read_weights(folder: Path) -> Weights:
    """Every f32 variable below ``folder``, by the name it had when the model was trained.

    A wrapper renames the checkpoint's keys but not the variables, whose names the checkpoint's object graph keeps.
    """
    prefix = folder / "variables" / "variables"
    try:
        found, names = checkpoint.floats(prefix), checkpoint.names(prefix)
    except (OSError, ValueError, KeyError, IndexError, OverflowError, struct.error) as exc:
        detail = (str(exc).splitlines() or [type(exc).__name__])[0]
        raise ModelError(f"its variables cannot be read ({detail})") from exc
    weights = {names.get(key, key).removesuffix(":0"): value for key, value in found.items()}
    if len(weights) != len(found):
        raise ModelError(f"two of its {len(found)} variables have one name")
    return weights


def check_layout(card: Card, folder: Path, weights: Weights) -> None:
    """Raise ModelError unless the names and shapes are those of the network that ``card`` describes."""
    assert card.published is not None
    lines = [f"{name},{_shape(value)}" for name, value in weights.items()]
    if len(lines) != card.published.variables:
        raise ModelError(f"{folder}: {len(lines)} variables, not the published {card.published.variables}")
    if digest_of_lines(lines) != card.published.layout_sha256:
        raise ModelError(f"{folder}: its variables have not the names and shapes of {card.name}")


def variable_lines(weights: Weights) -> list[str]:
    """``name,shape,masked CRC-32C`` of each, for example ``a/weights,3x3x3x32,306064bc``.

    The checksum is computed from the values themselves, so a forged index does not help.
    """
    return [
        f"{name},{_shape(value)},{checkpoint.masked_crc32c(value.tobytes()):08x}" for name, value in weights.items()
    ]


def digest_of_lines(lines: list[str]) -> str:
    """SHA-256 over the sorted lines."""
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()


def sha256_of(weights: Weights) -> str:
    """SHA-256 over names, shapes and values: what CRC-32C, which is linear, cannot vouch for."""
    whole = hashlib.sha256()
    for name in sorted(weights):
        whole.update(f"{name},{_shape(weights[name])}\n".encode())
        whole.update(weights[name].tobytes())
    return whole.hexdigest()


def _shape(value: NDArray[np.float32]) -> str:
    return "x".join(str(side) for side in value.shape)
