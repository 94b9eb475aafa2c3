"""Styles as they were given: pictures, each by itself, or several blended by their shares."""

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from arbitrary_nst.declaration import a_path, shown
from arbitrary_nst.errors import OptionError
from arbitrary_nst.files.given import style_pictures
from arbitrary_nst.images import library
from arbitrary_nst.model_zoo.card import cards
from arbitrary_nst.styles import Style, normalised
from arbitrary_nst.styles.files import is_style_file

StyleGiven = Style | Path | Mapping[Style | Path, float]


def styles_given(words: Sequence[Path], *, blend: bool, beside: Sequence[Path] = ()) -> list[StyleGiven]:
    """What ``--style`` words mean: each picture, or with ``blend`` one style of all, by shares like ``a.jpg:0.7``.

    A folder stands for its pictures, which divide its share. What is there under the whole name has no share, so names
    may have colons; a picture without a share counts 1. Raises OptionError for shares that make no sense, PhotoError
    for pictures that cannot be read; ``beside`` is as for ``style_pictures``.
    """
    parsed = [_with_share(word) for word in words]
    if blend:
        return [normalised(_divided(((path, 1.0 if share is None else share) for path, share in parsed), beside))]
    for word, (_, share) in zip(words, parsed, strict=True):
        if share is not None:
            raise OptionError(f"{word}: a share without a blend", "{blend} with it")
    return [*style_pictures(words, beside)]


def _divided(shares: Iterable[tuple[Style | Path, float]], beside: Sequence[Path] = ()) -> dict[Style | Path, float]:
    """The share of each Style and picture; those of a folder divide its."""
    divided = dict[Style | Path, float]()
    for part, share in shares:
        styles: Sequence[Style | Path] = [part] if isinstance(part, Style) else style_pictures([part], beside)
        for style in styles:
            divided[style] = divided.get(style, 0.0) + share / len(styles)
    return divided


def _with_share(word: Path) -> tuple[Path, float | None]:
    """The path and the share of a word. Raises OptionError for a share that is none."""
    name, colon, number = str(word).rpartition(":")
    if not (colon and name) or os.path.lexists(word):
        return word, None
    try:
        share = float(number)
    except ValueError as exc:
        if os.path.lexists(name):
            raise OptionError(f"{word}: {number or 'nothing'} is no share", f"{name}:0.7") from exc
        return word, None
    if len(name) == 1 and not os.path.lexists(name):  # a drive's letter
        return word, None
    if not 0 <= share < float("inf"):
        raise OptionError(f"{word}: a share is 0 or more", f"{name}:0.7")
    return Path(name), share


def pictures_of(styles: Iterable[StyleGiven]) -> list[Path]:
    """The files among styles, those of blends too."""
    found = list[Path]()
    for style in styles:
        parts = style if isinstance(style, Mapping) else (style,)
        found += [each for each in parts if isinstance(each, Path)]
    return found


def their_model(styles: Iterable[StyleGiven]) -> str | None:
    """The model whose styles these are: that of the .style files, or the one that has learnt all of them, built-in.

    None where there is not just one such. Raises PhotoError for a .style file that cannot be read.
    """
    pictures = pictures_of(styles)
    found = {Style.load(path).model_name for path in pictures if is_style_file(path)}
    if not found and pictures:
        found = set.intersection(*(library.learnt_by(path) for path in pictures))
    return found.pop() if len(found) == 1 and found <= cards().keys() else None


def from_python(style: Any) -> list[StyleGiven]:
    """What ``stylize_many`` takes as styles: a Style, a path or a blend of those by their shares, or a sequence."""
    several = [style] if isinstance(style, Style | str | os.PathLike | Mapping) else style
    if not isinstance(several, Sequence) or isinstance(several, bytes):
        raise OptionError(f"style {shown(style)}: neither a Style nor a path", "the path of a picture, or several")
    found = list[StyleGiven]()
    for each in several:
        if isinstance(each, Mapping):
            shares = normalised(each).items()
            parts = ((part if isinstance(part, Style) else a_path("style", part), share) for part, share in shares)
            found.append(_divided(parts))
        elif isinstance(each, Style):
            found.append(each)
        else:
            found += style_pictures([a_path("style", each)])
    return found
