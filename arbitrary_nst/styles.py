"""A style as a value: embed once, apply to many photos."""

import hashlib
import html
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from arbitrary_nst.errors import OptionError


@dataclass(frozen=True, eq=False)
class Style:
    """What a model knows of a style picture.

    ``numbers`` is (D,) float32, D on the model's card: the scales and shifts of the photo half's normalisations
    (Dumoulin 2017), 896 for mini, 694 for lite, 10438 for magenta; weighted means of styles are
    styles. ``model`` is the digest of the model that made it, since another model reads other meanings into the
    numbers; ``name`` goes into file names.
    ``origin`` is a SHA-256 of the picture and the options it came from, which are the same on every machine, where the
    numbers' last bits are not; None where that is not known.
    """

    numbers: NDArray[np.float32]
    model: str
    name: str = "style"
    origin: str | None = None

    def _repr_html_(self) -> str:
        """What a notebook shows: the name, and how many numbers the style is."""
        return f"<b>{html.escape(self.name)}</b>: a style of {self.numbers.size} numbers"


def blend(shares: Mapping[Style, float]) -> Style:
    """The sum of styles' numbers, each times its share; shares that add up to 1 stay among the styles.

    Raises OptionError where they come from different models.
    """
    if len({style.model for style in shares}) != 1:
        raise OptionError("blend: needs styles of one model", "embed them with the same Stylizer")
    first = next(iter(shares))
    numbers = np.zeros_like(first.numbers)
    for style, share in shares.items():
        numbers += np.float32(share) * style.numbers
    return Style(numbers, first.model, "+".join(style.name for style in shares), _origin(shares))


def _origin(shares: Mapping[Style, float]) -> str | None:
    """What a blend came from, if that is known of all its styles."""
    if any(style.origin is None for style in shares):
        return None
    parts = sorted(f"{style.origin} {share!r}" for style, share in shares.items())
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
