"""Presets: named sets of options for a kind of picture, each chosen by looking at ten of them."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from arbitrary_nst.options import one_of


class Preset(NamedTuple):
    """Some options' values under a name; ``about`` is one line for a person to read."""

    name: str
    about: str
    options: Mapping[str, Any]


PRESETS = {
    preset.name: preset
    for preset in (
        Preset(
            "portrait",
            "a face stays who it is: half the strength, skin in its own colours, strokes of a small picture",
            {"strength": 0.5, "colors": "match", "strokes": 500},
        ),
        Preset("landscape", "painted through and through, in the colours of the place", {"colors": "match"}),
        Preset(
            "product",
            "a thing on a plain ground: its colours are exact, and the ground stays clean",
            {"strength": 0.6, "colors": "photo", "keep_plain": 1.0},
        ),
        Preset("bold", "further than the style goes by itself, in broad strokes", {"strength": 1.3, "strokes": 700}),
        Preset("subtle", "a photo with a painter's touch", {"strength": 0.35, "colors": "photo"}),
    )
}


def options(name: str) -> dict[str, Any]:
    """A preset's options as keywords: ``stylizer.stylize(photo, style, **presets.options("portrait"))``.

    Raises OptionError for a name that there is not.
    """
    one_of("preset", name, PRESETS)
    return dict(PRESETS[name].options)


def with_preset(name: str | None, given: Mapping[str, Any]) -> dict[str, Any]:
    """A preset's options as keywords, of which those that are given count more. Raises as ``options`` does."""
    return ({} if name is None else options(name)) | dict(given)
