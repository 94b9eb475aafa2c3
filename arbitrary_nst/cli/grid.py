"""`arbstyle grid`: what the knobs do, on one labelled sheet."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from arbitrary_nst.cli.declare import takes_groups
from arbitrary_nst.cli.places import place_of_sheet
from arbitrary_nst.cli.refine import refuse_without
from arbitrary_nst.cli.report import LINE_S, Verbose, put, say
from arbitrary_nst.cli.styling import StylePictures, Styling, with_their_model
from arbitrary_nst.errors import OptionError
from arbitrary_nst.options import DrawOptions, ModelOptions, OnExisting, Opt, Options, RefineOptions, keywords

if TYPE_CHECKING:
    from arbitrary_nst.files.shares import StyleGiven
    from arbitrary_nst.images import Photo
    from arbitrary_nst.images.photo import Pixels
    from arbitrary_nst.refinement.recipes import Recipe
    from arbitrary_nst.refinement.settings import Refinement
    from arbitrary_nst.styles import Style
    from arbitrary_nst.stylizer import Stylizer

STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.25)
RATIOS = (0.1, 1.0, 10.0, 100.0)  # times the recipe's content weight
RATIO_STEPS = 100  # of each cell

Kind = Literal["styles", "strength", "ratio"]


@dataclass(frozen=True, kw_only=True)
class SheetOptions(Options):
    """What is on the sheet."""

    kind: Annotated[
        Kind,
        Opt(
            "styles: styles down, photos across. strength: of the one-pass style across. "
            "ratio: content to style across, VGG19's style layers down, as in Gatys 2016 (slow)."
        ),
    ] = "styles"
    cell: Annotated[int, Opt("Side of a cell.", least=64, most=2048, unit="PX")] = 256
    existing: OnExisting = "fail"


@takes_groups
def grid(
    photos: Annotated[list[Path], typer.Argument(metavar="PHOTO", help="Photos.")],
    style: StylePictures,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The sheet: png, jpg, webp or tiff.")],
    verbose: Verbose = False,
    sheet: SheetOptions = SheetOptions(),
    styling: Styling = Styling(),
    draw: DrawOptions = DrawOptions(),
    model: ModelOptions = ModelOptions(),
    refinement: RefineOptions = RefineOptions(),
) -> None:
    """Draw one labelled sheet of many pictures.

    Photos in styles, strengths of a style, or content against style as in Gatys 2016.
    """
    from arbitrary_nst import images
    from arbitrary_nst.files.given import refuse_misread
    from arbitrary_nst.files.loss_report import write_picture
    from arbitrary_nst.files.shares import pictures_of, styles_given
    from arbitrary_nst.images.contact_sheet import sheet as lay_out
    from arbitrary_nst.styles.files import is_style_file
    from arbitrary_nst.stylizer import Stylizer

    kind, cell = sheet.kind, sheet.cell
    if kind != "ratio":
        refuse_without("--kind ratio", "that", refinement)
    refuse_misread(photos)
    given = styles_given(style, blend=styling.blend, beside=photos)
    target = place_of_sheet(output, sheet.existing, [*photos, *pictures_of(given)])
    if target is None:
        return
    stylizer = Stylizer(**keywords(with_their_model(model, given)), notify=say)
    opened = [images.resize_longest(images.filled(stylizer.read(path)), cell) for path in photos]
    stylizer.check(draw, [photo.size for photo in opened])
    match kind:
        case "styles":
            styles = [_style(stylizer, each, draw) for each in given]
            rows, columns = [style.name for style in styles], [path.stem for path in photos]
            cells = _styles(stylizer, opened, styles, draw)
        case "strength":
            styles = [_style(stylizer, each, draw) for each in given]
            rows = [f"{photo.stem}, {each.name}" for photo in photos for each in styles]
            columns = [f"strength {strength:g}" for strength in STRENGTHS]
            cells = _strengths(stylizer, opened, styles, draw)
        case "ratio":
            if len(photos) * len(given) != 1 or styling.blend:
                raise OptionError("--kind ratio: takes one photo and one style", "a sheet for each")
            if is_style_file(pictures_of(given)[0]):
                raise OptionError(f"{style[0]}: refinement needs the picture itself", "{style} with its picture")
            from arbitrary_nst.refinement.settings import Refinement

            how = Refinement.chosen_by(replace(refinement, steps=refinement.steps or RATIO_STEPS))
            rows, columns = _ratio_labels(how.recipe)
            cells = _ratios(stylizer, opened[0], pictures_of(given)[0], how, draw)
    drawn = lay_out(rows, columns, _told(cells, len(rows) * len(columns)), cell)
    write_picture(target, images.from_pil(drawn).pixels)
    put(f"{target}  {drawn.width}x{drawn.height}")


def _ratio_labels(chosen: "Recipe") -> tuple[list[str], list[str]]:
    """Rows and columns of a sheet of ratios."""
    first, *others = chosen.style_layers
    columns = [f"content/style {ratio * chosen.content_weight / chosen.style_weight:.3g}" for ratio in RATIOS]
    return [first, *(f"... {layer}" for layer in others)], columns


def _style(stylizer: "Stylizer", given: "StyleGiven", draw: DrawOptions) -> "Style":
    return stylizer.style(given, style_size=draw.style_size, style_crop=draw.style_crop)  # type: ignore[arg-type]


def _styles(
    stylizer: "Stylizer", photos: "list[Photo]", styles: "list[Style]", draw: DrawOptions
) -> "Iterator[Pixels]":
    for style in styles:
        for photo in photos:
            yield stylizer.draw([photo], style, draw)[0].pixels


def _strengths(
    stylizer: "Stylizer", photos: "list[Photo]", styles: "list[Style]", draw: DrawOptions
) -> "Iterator[Pixels]":
    """From the photo itself to the style, and beyond."""
    for photo in photos:
        for style in styles:
            for strength in STRENGTHS:
                yield stylizer.draw([photo], style, replace(draw, strength=strength))[0].pixels


def _ratios(
    stylizer: "Stylizer", photo: "Photo", path: Path, how: "Refinement", draw: DrawOptions
) -> "Iterator[Pixels]":
    """Figure 3 of Gatys, Ecker and Bethge 2015 (arXiv:1508.06576)."""
    from arbitrary_nst import images
    from arbitrary_nst.drawing import strokes

    style, start, chosen = images.style_picture(stylizer.read(path), draw.style_crop), None, how.recipe
    small = strokes.seen(photo, draw.strokes)
    if chosen.init == "stylized":
        start = stylizer.draw([small], stylizer.embed(style, draw, name=path.stem), draw)[0].pixels
    layers = list(chosen.style_layers.items())
    for count in range(1, len(layers) + 1):
        for ratio in RATIOS:
            varied = chosen.with_changes(
                style_layers=dict(layers[:count]), content_weight=ratio * chosen.content_weight
            )
            refiner = stylizer.refiner(replace(how, recipe=varied))
            refined = refiner.refine(small.pixels, style.pixels, start).pixels
            yield strokes.completed(photo, small, refined, stylizer.threads).pixels


def _told(cells: "Iterator[Pixels]", total: int) -> "Iterator[Pixels]":
    """The cells, with a line of progress now and then."""
    began = said = time.monotonic()
    for done, cell in enumerate(cells, 1):
        yield cell
        if time.monotonic() - said > LINE_S:
            said = time.monotonic()
            say(f"{done}/{total}, {(said - began) * (total / done - 1):.0f} s left")
