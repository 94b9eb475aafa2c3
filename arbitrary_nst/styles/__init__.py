"""A style as a value: embed once, apply to many photos."""

import base64
import hashlib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from os import PathLike
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from arbitrary_nst.declaration import a_path
from arbitrary_nst.errors import OptionError
from arbitrary_nst.options import within

Key = TypeVar("Key")


@dataclass(frozen=True, eq=False, repr=False)
class Style:
    """What a model knows of a style picture.

    ``numbers`` is (D,) float32, D on the model's card: the scales and shifts of the photo half's normalisations
    (Dumoulin 2017), 896 for mini, 694 for lite, 10438 for magenta; weighted means of styles are
    styles. ``model`` is the digest of the model that made it, since another model reads other meanings into the
    numbers; ``name`` goes into file names.
    ``origin`` is a SHA-256 of the picture and the options it came from, which are the same on every machine, where the
    numbers' last bits are not; None where that is not known. ``seen`` are the pictures (S, S, 3) that the model
    read, each with its share: a style can be brought to a photo's colours by them only.

    ``model_name``, ``source`` and ``learnt`` are for people: the model's card, what the style was made of, and how it
    was learnt, if it was. ``thumbnails``: small JPEG pictures, each with its share. ``weights``: what a photo network
    of the style's own has learnt, as the difference from the model's, (H, W, in, out) and (out,) by the names
    ``transfer/LAYER/kernel`` and ``bias``; None where it draws with the model's. Differences blend like numbers.
    """

    numbers: NDArray[np.float32]
    model: str
    name: str = "style"
    origin: str | None = None
    seen: tuple[tuple[NDArray[np.float32], float], ...] = ()
    model_name: str = ""
    source: str = ""
    learnt: str = ""
    thumbnails: tuple[tuple[bytes, float], ...] = ()
    weights: Mapping[str, NDArray[np.float32]] | None = None

    def save(self, path: str | PathLike[str]) -> None:
        """Write it to a ``.style`` file, whole or not at all, over one that is there. Raises PhotoError."""
        from arbitrary_nst.styles.files import write

        write(self, a_path("style", path))

    @staticmethod
    def load(path: str | PathLike[str]) -> "Style":
        """The style in a ``.style`` file, whatever its model. Raises PhotoError where it is damaged, or none."""
        from arbitrary_nst.styles.files import read

        return read(a_path("style", path))

    @cached_property
    def weights_digest(self) -> str:
        """SHA-256 of its own weights, to know them again by: computed once, as it takes milliseconds."""
        whole = hashlib.sha256()
        for name, array in sorted((self.weights or {}).items()):
            whole.update(f"{name} {array.shape} ".encode() + array.tobytes())
        return whole.hexdigest()

    def __repr__(self) -> str:
        """In one line: with its arrays it would be a hundred thousand letters in a log."""
        return f"Style({self.name!r}, {self.numbers.size} numbers of {self.model_name or self.model})"

    def _repr_html_(self) -> str:
        """What a notebook shows: the thumbnail, the name, and how many numbers the style is."""
        import html

        from arbitrary_nst.styles.thumbnails import joined

        about = f"<b>{html.escape(self.name)}</b>: a style of {self.numbers.size} numbers"
        if (thumbnail := joined(self.thumbnails)) is None:
            return about
        return f'<img src="data:image/jpeg;base64,{base64.b64encode(thumbnail).decode()}" alt=""> {about}'


def blend(shares: Mapping[Style, float]) -> Style:
    """The sum of styles' numbers, each times its share; shares that add up to 1 stay among the styles.

    Raises OptionError for what is no Style, and where they come from different models.
    """
    if not isinstance(shares, Mapping) or not shares or not all(isinstance(style, Style) for style in shares):
        raise OptionError("blend: needs Styles with their shares", "{stylizer.style('a.jpg'): 0.7, other: 0.3}")
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
    return Style(
        numbers,
        first.model,
        blended_name({style.name: share for style, share in shares.items()}),
        _origin(shares),
        tuple(seen),
        model_name=first.model_name,
        source=_listed(style.source for style in shares),
        learnt=_listed(style.learnt for style in shares),
        thumbnails=tuple((each, part * share) for style, share in shares.items() for each, part in style.thumbnails),
        weights=_blended_weights(shares),
    )


def origin_of(sha256: str, size: int, crop: str) -> str:
    """``Style.origin`` of a picture with this SHA-256, of its file or its pixels, which was read so."""
    return hashlib.sha256(f"{sha256} {size} {crop}".encode()).hexdigest()


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


def _listed(words: Iterable[str]) -> str:
    """Each once."""
    return ", ".join(dict.fromkeys(word for word in words if word))


def _blended_weights(shares: Mapping[Style, float]) -> dict[str, NDArray[np.float32]] | None:
    """Differences of weights by share: a style that draws with the model's own has none. None where none has."""
    mixed: dict[str, NDArray[np.float32]] = {}
    for style, share in shares.items():
        for name, difference in (style.weights or {}).items():
            part = np.float32(share) * difference
            mixed[name] = mixed[name] + part if name in mixed else part
    return mixed or None


def _origin(shares: Mapping[Style, float]) -> str | None:
    """What a blend came from, if that is known of all its styles."""
    if any(style.origin is None for style in shares):
        return None
    parts = sorted(f"{style.origin} {share:.9g}" for style, share in shares.items())
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
