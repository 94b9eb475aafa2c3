"""`arbstyle style`: keep a style in a file, show one, list those that are here."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from arbitrary_nst.cli import learn as learning
from arbitrary_nst.cli.declare import takes_groups
from arbitrary_nst.cli.places import place_of_sheet, place_of_style
from arbitrary_nst.cli.report import SOME_FAILED, Verbose, put, put_table, say
from arbitrary_nst.cli.styling import with_their_model
from arbitrary_nst.errors import NSTError, OptionError
from arbitrary_nst.options import Cropping, ModelOptions, OnExisting, Opt, Options, StyleSize, keywords

if TYPE_CHECKING:
    from arbitrary_nst.images.photo import Pixels
    from arbitrary_nst.styles import Style

app = typer.Typer(help="Keep, show and list styles.", no_args_is_help=True, rich_markup_mode="rich")

REDUCED = 2  # times as large as its cell is a photo drawn for a sheet: strokes are then in proportion


@dataclass(frozen=True, kw_only=True)
class Reading(Options):
    """How a style picture is read, and what becomes of a file that is there."""

    style_size: StyleSize = None
    style_crop: Cropping = "auto"
    existing: OnExisting = "fail"


@dataclass(frozen=True, kw_only=True)
class SheetOf(Options):
    """What a sheet of styles looks like, and what becomes of one that is there."""

    cell: Annotated[int, Opt("Side of a cell of the sheet.", least=64, most=2048, unit="PX")] = 256
    existing: OnExisting = "fail"


@app.command("save", no_args_is_help=True)
@takes_groups
def save(
    pictures: Annotated[
        list[str],
        typer.Argument(
            metavar="PICTURE[:SHARE]", help="Style pictures, or styles; several are blended by their shares."
        ),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The file, like wave.style.")],
    name: Annotated[
        str | None, typer.Option("--name", metavar="TEXT", help="The style's name. Default: the file's.")
    ] = None,
    verbose: Verbose = False,
    reading: Reading = Reading(),
    model: ModelOptions = ModelOptions(),
) -> None:
    """Keep what a model knows of style pictures in one small file, which `--style` takes where it takes a picture."""
    from arbitrary_nst.files.shares import pictures_of, styles_given
    from arbitrary_nst.files.writing import write_atomically
    from arbitrary_nst.styles.files import encoded
    from arbitrary_nst.stylizer import Stylizer

    given = styles_given([Path(text) for text in pictures], blend=True)
    target = place_of_style(output, reading.existing, pictures_of(given))
    if target is None:
        return
    stylizer = Stylizer(**keywords(with_their_model(model, given)), notify=say)
    style = stylizer.style(given[0], style_size=reading.style_size, style_crop=reading.style_crop)  # type: ignore[arg-type]
    data = encoded(replace(style, name=name or output.stem))
    write_atomically(target, data, overwrite=reading.existing == "overwrite", through_link=True)
    put(f"{target}  {len(data)} bytes, {style.numbers.size} numbers of {style.model_name}")


@app.command("show", no_args_is_help=True)
def show(
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="Files of styles.")],
    as_json: Annotated[bool, typer.Option("--json", help="One line of JSON for each.")] = False,
    verbose: Verbose = False,
) -> None:
    """Show what is in a style's file."""
    from arbitrary_nst.styles import Style

    for path in files:
        about = _about(Style.load(path))
        if as_json:
            put(json.dumps({"file": str(path)} | about, ensure_ascii=False))
            continue
        put(f"{path}:")
        for key, value in about.items():
            put(f"  {key.replace('_', ' '):<16}{value if value not in (None, '') else '-'}")


def _about(style: "Style") -> dict[str, str | int | None]:
    return {
        "name": style.name,
        "model": style.model_name,
        "model_sha256": style.model,
        "made_of": style.source,
        "learnt": style.learnt,
        "numbers": style.numbers.size,
        "own_weights": sum(array.size for array in (style.weights or {}).values()),
        "origin": style.origin,
    }


@app.command("list")
@takes_groups
def list_styles(
    folder: Annotated[
        Path | None, typer.Argument(metavar="FOLDER", help="Folder with .style files. Default: the built-in styles.")
    ] = None,
    on: Annotated[
        Path | None, typer.Option("--on", metavar="PHOTO", help="Draw this photo in each, on a sheet.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="The sheet: png, jpg, webp or tiff.")
    ] = None,
    verbose: Verbose = False,
    sheet: SheetOf = SheetOf(),
    model: ModelOptions = ModelOptions(),
) -> None:
    """List styles: name, model, what they were made of, how they were learnt. With `--on` and `-o` draw them all."""
    if (on is None) != (output is None):
        raise OptionError("a sheet takes a photo and a file", "--on photo.jpg -o sheet.png")
    rows = list(_built_in() if folder is None else _in_folder(folder))
    put_table([("NAME", "MODEL", "LEARNT", "MADE OF"), *(row for row, _ in rows if row is not None)])
    failed = sum(row is None for row, _ in rows)
    if on is not None and output is not None:
        failed += _draw_sheet([path for row, path in rows if row is not None], on, output, sheet, model)
    if failed:
        raise typer.Exit(SOME_FAILED)


app.command("learn", no_args_is_help=True)(learning.learn)

Row = tuple[str, str, str, str]


def _built_in() -> Iterator[tuple[Row | None, Path]]:
    from arbitrary_nst.images import library

    for name in library.style_names():
        picture = library.style_picture(name)
        learnt = sorted(library.learnt_by(picture))
        yield (name, "any", ", ".join(learnt) or "-", library.description(name)), picture


def _in_folder(folder: Path) -> Iterator[tuple[Row | None, Path]]:
    """Each style's row, None for a damaged one, which is told."""
    from arbitrary_nst.files.given import style_files_in
    from arbitrary_nst.styles import Style

    if not os.path.isdir(folder):
        raise OptionError(f"{folder}: no folder", "a folder with .style files")
    found = style_files_in(folder)
    if not found:
        say(f"{folder}: no .style file lies in this folder")
    for path in found:
        try:
            style = Style.load(path)
        except NSTError as exc:
            say(exc.for_terminal)
            yield None, path
        else:
            yield (style.name, style.model_name or "?", style.learnt or "-", style.source or "-"), path


def _draw_sheet(paths: list[Path], on: Path, output: Path, sheet: SheetOf, model: ModelOptions) -> int:
    """Draw a photo in every style; how many could not be, which is told."""
    from arbitrary_nst import images
    from arbitrary_nst.files.loss_report import write_picture
    from arbitrary_nst.images.contact_sheet import gallery
    from arbitrary_nst.stylizer import Stylizer

    target = place_of_sheet(output, sheet.existing, [on, *paths])
    if target is None:
        return 0
    stylizer = Stylizer(**keywords(with_their_model(model, paths)), notify=say)
    photo = images.resize_longest(stylizer.read(on), REDUCED * sheet.cell)
    drawn: list[tuple[str, Pixels]] = []
    for path in paths:
        try:
            style = stylizer.style(path)
        except OptionError as exc:  # of another model
            say(exc.for_terminal)
            continue
        drawn.append((style.name, stylizer.stylize_photo(photo, style).pixels))
    if not drawn:
        raise OptionError("no style to draw", "a folder with .style files of this model")
    image = gallery(drawn, sheet.cell)
    write_picture(target, images.from_pil(image).pixels)
    put(f"{target}  {image.width}x{image.height}")
    return len(paths) - len(drawn)
