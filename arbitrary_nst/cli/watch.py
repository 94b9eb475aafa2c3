"""`arbstyle watch`: stylize what arrives in a folder."""

import contextlib
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from arbitrary_nst.cli import learn as learning
from arbitrary_nst.cli import refine as refining
from arbitrary_nst.cli import run as running
from arbitrary_nst.cli.declare import takes_groups
from arbitrary_nst.cli.interrupt import GRACE_S, Interrupt
from arbitrary_nst.cli.report import SOME_FAILED, Verbose, say
from arbitrary_nst.cli.streams import STREAM, one_picture_only
from arbitrary_nst.cli.styling import StylePictures, with_their_model
from arbitrary_nst.errors import OptionError
from arbitrary_nst.options import BatchOptions, DrawOptions, EncodeOptions, ModelOptions, RefineOptions, keywords

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from arbitrary_nst.files.planner import Planner
    from arbitrary_nst.files.results import Result
    from arbitrary_nst.files.settings import Settings


@takes_groups
def watch(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Folder to watch.")],
    style: StylePictures,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FOLDER", help="Folder for the results.")],
    verbose: Verbose = False,
    styling: learning.StylingOrLearning = learning.StylingOrLearning(),
    draw: DrawOptions = DrawOptions(),
    encode: EncodeOptions = EncodeOptions(),
    batch: BatchOptions = BatchOptions(existing="skip"),
    lines: running.Lines = running.Lines(),
    model: ModelOptions = ModelOptions(),
    refine: refining.Refine = False,
    refinement: RefineOptions = RefineOptions(),
    watching: refining.Watching = refining.Watching(),
) -> None:
    """Stylize what is in a folder, and what arrives.

    Each photo once, and only when it is whole. Ctrl-C ends it, and so do --limit and --fail-fast.
    """
    if not refine:
        refining.refuse_unused(refinement, batch, watching)
    if output == STREAM:
        raise one_picture_only()
    _refuse_what_cannot_be_watched(folder)
    if styling.learn is not None:
        how_to_learn, model = learning.asked_for(styling.learn, draw, refine=refine), learning.teachable(model)
    from arbitrary_nst.files.arrivals import arriving
    from arbitrary_nst.files.find import expand
    from arbitrary_nst.files.given import refuse_unwritable, without_own
    from arbitrary_nst.files.planner import Planner
    from arbitrary_nst.files.settings import Settings
    from arbitrary_nst.files.shares import pictures_of, styles_given
    from arbitrary_nst.files.stream import stylize_many
    from arbitrary_nst.stylizer import Stylizer

    styles = styles_given(style, blend=styling.blend)
    how = refining.chosen(refinement, wanted=refine)
    watch = refining.Watch(watching.preview, watching.report, output, several=True)
    stylizer = Stylizer(**keywords(with_their_model(model, styles)), notify=say)
    settings = Settings.of(output, draw, encode, batch, refinement=how, on_step=watch, on_end=watch.end,
                           vgg_weights=refinement.vgg_weights)  # fmt: skip
    pictures = pictures_of(styles)
    there = expand([folder], recursive=batch.recursive, output=output)  # refuses a folder that is its own output
    refuse_unwritable(output, [])
    if styling.learn is not None:
        styles = learning.learn_each(stylizer, styles, without_own(there, pictures, say, draw), how_to_learn)
    with (
        Interrupt(GRACE_S if how is None else running.REFINING_GRACE_S) as asked,
        contextlib.closing(Planner(stylizer, [], styles, settings, several=True)) as planner,
    ):
        say(f"watching {folder}; Ctrl-C ends it")
        arrivals = arriving(folder, asked, recursive=batch.recursive, output=output, note=say)
        drawn = (
            stylize_many(stylizer, each, styles, _left(settings, planner.begun), stop=asked.is_set, planner=planner)
            for each in (without_own(arrived, pictures, say, draw) for arrived in arrivals)
        )
        code = _report_all(drawn, batch, lines, watch, planner)
        raise typer.Exit(asked.exit_code if code is None else code)


def _refuse_what_cannot_be_watched(folder: Path) -> None:
    from arbitrary_nst.files.given import refuse_locked

    if not os.path.isdir(folder):
        raise OptionError(f"{folder}: no folder", "a folder that photos arrive in")
    refuse_locked(folder)


def _left(settings: "Settings", begun: int) -> "Settings":
    """The same with what is left of the limit, which counts all that arrives."""
    return settings if settings.limit is None else replace(settings, limit=settings.limit - begun)


def _report_all(
    batches: "Iterable[Iterator[Result]]",
    batch: BatchOptions,
    lines: running.Lines,
    watch: refining.Watch,
    planner: "Planner",
) -> int | None:
    """A line for each picture as it is done; the exit code where ``limit`` or ``fail_fast`` ends it, None elsewhere."""
    failed = False
    for results in batches:
        with watch:
            for result in results:
                lines.tell(result)
                failed |= result.error is not None
        if planner.begun == batch.limit or (failed and batch.fail_fast):
            return SOME_FAILED if failed else 0
    return None
