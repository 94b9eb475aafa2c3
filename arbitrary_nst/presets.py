"""Presets: named sets of options for a kind of picture, each chosen by looking at ten of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from arbitrary_nst.options import one_of


@dataclass(frozen=True)
class Preset:
    """Some options' values under a name; ``about`` is one line for a person to read."""

    name: str
    about: str
    options: Mapping[str, Any]


PRESETS = {
    preset.name: preset
    for preset in (
        Preset("portrait", "faces stay who they are, skin stays skin", {"strength": 0.5, "colors": "match"}),
        Preset("landscape", "painted through and through", {"strength": 1.15}),
        Preset("product", "true to its colours, for things on a plain ground", {"strength": 0.6, "colors": "photo"}),
        Preset("bold", "further than the style goes by itself", {"strength": 1.5}),
        Preset("subtle", "a photo with a painter's touch", {"strength": 0.3}),
    )
}


def options(name: str) -> dict[str, Any]:
    """A preset's options as keywords: ``stylizer.stylize(photo, style, **presets.options("portrait"))``.

    Raises OptionError for a name that there is not.
    """
    one_of("preset", name, PRESETS)
    return dict(PRESETS[name].options)
