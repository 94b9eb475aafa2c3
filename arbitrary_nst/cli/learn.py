"""`arbstyle style learn`, and what `run --learn` shares with it."""

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from arbitrary_nst.cli.declare import takes_groups
from arbitrary_nst.cli.interrupt import Interrupt
from arbitrary_nst.cli.places import place_of_style
from arbitrary_nst.cli.refine import ReportFolder, Watch
from arbitrary_nst.cli.report import Verbose, put, say
from arbitrary_nst.cli.styling import Styling
from arbitrary_nst.errors import OptionError
from arbitrary_nst.options import (
    DrawOptions,
    Existing,
    LearnOptions,
    ModelOptions,
    OnExisting,
    Opt,
    Options,
    keywords,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from arbitrary_nst.files.find import Input
    from arbitrary_nst.files.shares import StyleGiven
    from arbitrary_nst.images.photo import Pixels
    from arbitrary_nst.refinement.record import Step
    from arbitrary_nst.styles import Style
    from arbitrary_nst.stylizer import Stylizer

GRACE_S = 60.0  # a step of a large network takes long, and what was learnt is worth waiting for


@dataclass(frozen=True, kw_only=True)
class StylingOrLearning(Styling):
    """The same for who may learn the styles first."""

    learn: Annotated[
        float | None,
        Opt("First learn each style for so long, on a sample of these photos, and keep it for the next run.",
            least=0.01, most=1440, unit="MINUTES"),
    ] = None  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Following(Options):
    """How a learning is followed, and what becomes of a style that is there."""

    preview: Annotated[Path | None, Opt("A photo in the style as far as it is, every few seconds.", unit="FILE")] = None
    report: ReportFolder = None
    existing: OnExisting = "fail"


@takes_groups
def learn(
    picture: Annotated[Path, typer.Argument(metavar="PICTURE", help="Picture to learn the style of.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The style, a .style file.")],
    photos: Annotated[
        list[Path] | None,
        typer.Option("--photos", metavar="PHOTO|FOLDER", help="Photos to learn on. Default: scenes of its own."),
    ] = None,
    verbose: Verbose = False,
    how: LearnOptions = LearnOptions(),
    following: Following = Following(),
    model: ModelOptions = ModelOptions(),
) -> None:
    """Learn a style in minutes; every photo then takes one pass.

    VGG19 judges, as with run --refine, on crops of photos. Ctrl-C keeps the best so far.
    """
    from arbitrary_nst.files.given import style_pictures
    from arbitrary_nst.files.naming import refuse_inputs
    from arbitrary_nst.files.writing import write_atomically
    from arbitrary_nst.styles.files import encoded, is_style_file
    from arbitrary_nst.stylizer import Stylizer

    pictures = style_pictures([picture])
    if len(pictures) > 1:
        raise OptionError(f"{picture}: {len(pictures)} pictures, and one is learnt at a time", "one of them")
    picture = pictures[0]
    if is_style_file(picture):
        raise OptionError(f"{picture}: is a style already", "its picture")
    given = [picture, *(photos or [])]
    if following.preview is not None:
        refuse_inputs(following.preview, [*given, output], "--preview")
    target = place_of_style(output, following.existing, given)
    if target is None:
        return
    stylizer = Stylizer(**keywords(teachable(model)), notify=say)
    began = time.monotonic()
    with Interrupt(GRACE_S) as asked:
        style = learn_style(stylizer, picture, photos or (), how, following, asked)
        data = encoded(replace(style, name=output.stem))
        write_atomically(target, data, overwrite=following.existing == "overwrite", through_link=True)
        put(f"{target}  {len(data)} bytes, {style.learnt}, {time.monotonic() - began:.1f} s")
        if asked.is_set():
            raise typer.Exit(asked.exit_code)


def teachable(model: ModelOptions) -> ModelOptions:
    """The model that learns: `mini` where none was named, which is quick to teach, and then beats the others."""
    return replace(model, model="mini") if model.model == "auto" else model


def learn_style(
    stylizer: "Stylizer",
    picture: Path,
    photos: "Sequence[Path | bytes]",
    how: LearnOptions,
    following: Following,
    asked: Interrupt,
) -> "Style":
    """Learn one, with a line of progress, the preview and the report."""
    existing: Existing = "overwrite" if following.existing == "overwrite" else "fail"
    watch = Watch(following.preview, following.report, None, several=False, existing=existing)
    name = str(picture)

    def on_step(step: "Step", draw: "Callable[[], Pixels]") -> bool:
        watch(name, step, draw)
        return asked.is_set()

    with watch:
        style = stylizer.learn(picture, photos, on_step=on_step, **keywords(how))
        watch.end(name)
    return style


def asked_for(minutes: float, draw: DrawOptions, *, refine: bool) -> LearnOptions:
    """How `run --learn MINUTES` learns. Raises OptionError where its pictures were to be refined."""
    if refine:
        raise OptionError("learn: a learnt style is not refined", "one of {learn} and {refine}")
    return LearnOptions(minutes=minutes, style_size=draw.style_size, style_crop=draw.style_crop)


def learn_each(
    stylizer: "Stylizer", styles: "Sequence[StyleGiven]", photos: "Sequence[Input]", how: LearnOptions
) -> "list[StyleGiven]":
    """The styles, those of a blend too, learnt on a sample of the photos; .style files are as they are.

    What was learnt in this way before is taken from the cache. Whoever interrupts it gets no pictures: raises
    typer.Exit.
    """
    from collections.abc import Mapping

    from arbitrary_nst.files.learnt import Kept
    from arbitrary_nst.files.teaching import sampled
    from arbitrary_nst.styles.files import is_style_file

    material = [each.path if each.data is None else each.data for each in sampled(photos, how.seed)]

    def learnt(style: "Style | Path") -> "Style | Path":
        if not isinstance(style, Path) or is_style_file(style):
            return style
        kept = Kept(stylizer, style, how)
        if (before := kept.style()) is not None:
            say(f"{style}: learnt before, {before.learnt}; to learn it anew, delete {kept.path}")
            return before
        with Interrupt(GRACE_S) as asked:
            found = learn_style(stylizer, style, material, how, Following(), asked)
        if asked.is_set():
            raise typer.Exit(asked.exit_code)
        if kept.keep(found):
            say(f"{style}: learnt, and kept for the next run in {kept.path}")
        return found

    return [
        {learnt(part): share for part, share in style.items()} if isinstance(style, Mapping) else learnt(style)
        for style in styles
    ]
