"""A style as a value: embed once, apply to many photos."""

import hashlib
import html
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from arbitrary_nst.errors import OptionError
from arbitrary_nst.options import within

Key = TypeVar("Key")


@dataclass(frozen=True, eq=False)
class Style:
    """What a model knows of a style picture.

    ``numbers`` is (D,) float32, D on the model's card: the scales and shifts of the photo half's normalisations
    (Dumoulin 2017), 896 for mini, 694 for lite, 10438 for magenta; weighted means of styles are
    styles. ``model`` is the digest of the model that made it, since another model reads other meanings into the
    numbers; ``name`` goes into file names.
    ``origin`` is a SHA-256 of the picture and the options it came from, which are the same on every machine, where the
    numbers's last bits are not; None where that is not known. ``seen`` are the pictures (S, S, 3) that the model
    read, each with its share: a style can be brought to a photo's colours by them only.
    """

    numbers: NDArray[np.float32]
    model: str
    name: str = "style"
    origin: str | None = None
    seen: tuple[tuple[NDArray[np.float32], float], ...] = ()

    def _repr_html_(self) -> str:
        """What a notebook shows: the name, and how many numbers the style is."""
        return f"<b>{html.escape(self.name)}</b>: a style of {self.numbers.size} numbers"


def blend(shares: Mapping[Style, float]) -> Style:
    """The sum of styles' numbers, each times its share; shares that add up to 1 stay among the styles.

    Raises OptionError where they come from different models.
    """
    if len({style.model for style in shares}) != 1:
        raise OptionError("blend: needs styles of one model", "embed them with the same Stylizer")
    for share in shares.values():
        within("share", share, -math.inf)
    first = next(iter(shares))
    numbers = np.zeros_like(first.numbers)
    for style, share in shares.items():
        numbers += np.float32(share) * style.numbers
    seen: list[tuple[NDArray[np.float32], float]] = []
    if all(style.seen for style in shares):
        seen = [(square, part * share) for style, share in shares.items() for square, part in style.seen]
    name = blended_name({style.name: share for style, share in shares.items()})
    return Style(numbers, first.model, name, _origin(shares), tuple(seen))


def normalised(shares: Mapping[Key, float]) -> dict[Key, float]:
    """Shares that add up to 1. Raises OptionError for what is no number, for negative ones, and where all are 0."""
    if not shares:
        raise OptionError("blend: needs a style", "{'a.jpg': 0.7, 'b.jpg': 0.3}")
    for share in shares.values():
        within("share", share, 0)
    total = float(sum(shares.values()))
    if not 0 < total < math.inf:
        raise OptionError("shares: not all can be 0", "a share above 0 for the styles that count")
    return {key: share / total for key, share in shares.items()}


def blended_name(shares: Mapping[str, float]) -> str:
    """``a+b`` of equal shares, else ``a-70+b-30``, in percent: two blends of the same styles have two names."""
    if len(set(shares.values())) == 1:
        return "+".join(shares)
    return "+".join(f"{name}-{100 * share:.3g}" for name, share in shares.items())


def _origin(shares: Mapping[Style, float]) -> str | None:
    """What a blend came from, if that is known of all its styles."""
    if any(style.origin is None for style in shares):
        return None
    parts = sorted(f"{style.origin} {share:.9g}" for style, share in shares.items())
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
