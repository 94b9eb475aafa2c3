"""What goes with the style pictures on the command line, and `arbstyle presets`."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from arbitrary_nst.cli.report import Verbose, put
from arbitrary_nst.options import ModelOptions, Opt, Options
from arbitrary_nst.presets import PRESETS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from arbitrary_nst.files.shares import StyleGiven

StylePictures = Annotated[
    list[Path],
    typer.Option(
        "--style",
        "-s",
        metavar="PICTURE",
        help="Picture, .style file or name of a built-in style (`arbstyle style list`), or a folder of styles; "
        "several: each photo in each.",
    ),
]
PresetName = Literal["portrait", "landscape", "product", "bold", "subtle"]


@dataclass(frozen=True, kw_only=True)
class Styling(Options):
    """How the styles given are meant, and which options go with them unless they are given."""

    preset: Annotated[
        PresetName | None,
        Opt("Options for a kind of picture; see `arbstyle presets`. Those given count more.", unit="NAME"),
    ] = None
    blend: Annotated[
        bool, Opt("One style of all those given, by shares like -s a.jpg:0.7 -s b.jpg:0.3.")
    ] = False  # fmt: skip


def with_their_model(model: ModelOptions, styles: "Iterable[StyleGiven]") -> ModelOptions:
    """``auto`` is the model whose styles these are, where they are of one."""
    from arbitrary_nst.files.shares import their_model

    if model.model != "auto" or (name := their_model(styles)) is None:
        return model
    return replace(model, model=name)


def presets(verbose: Verbose = False) -> None:
    """List the presets of --preset.

    Each with the options it stands for.
    """
    for preset in PRESETS.values():
        put(f"{preset.name}: {preset.about}")
        flags = (f"--{name.replace('_', '-')} {_short(value)}" for name, value in preset.options.items())
        put(f"    {' '.join(flags)}")


def _short(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
