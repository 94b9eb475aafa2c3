"""`arbstyle cluster run`: photos over many machines."""

import contextlib
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from arbitrary_nst.cli import refine as refining
from arbitrary_nst.cli.declare import takes_groups
from arbitrary_nst.cli.interrupt import Interrupt, Interrupted
from arbitrary_nst.cli.progress import Progress
from arbitrary_nst.cli.report import LINE_S, SOME_FAILED, Verbose, say
from arbitrary_nst.cli.run import Lines
from arbitrary_nst.cli.styling import StylePictures, Styling, with_their_model
from arbitrary_nst.cluster.settings import ClusterOptions
from arbitrary_nst.errors import OptionError
from arbitrary_nst.options import (
    BatchOptions,
    DrawOptions,
    EncodeOptions,
    ModelOptions,
    RefineOptions,
)

if TYPE_CHECKING:
    from arbitrary_nst.files.results import Result

GRACE_S = 20.0  # Ray's processes end within

app = typer.Typer(help="Stylize photos over many machines.", no_args_is_help=True, rich_markup_mode="rich")


@app.command("run", no_args_is_help=True)
@takes_groups
def run(
    style: StylePictures,
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="FOLDER|ADDRESS", help="Folder or store, like s3://bucket/styled.")
    ],
    sources: Annotated[
        list[str] | None,
        typer.Argument(metavar="SOURCE", help="Folders, photos and addresses like s3://bucket/photos."),
    ] = None,
    from_file: Annotated[
        str | None,
        typer.Option("--from-file", metavar="LIST", help="More: text, or Parquet with a column path; - is stdin."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only list what would be done.")] = False,
    verbose: Verbose = False,
    cluster: ClusterOptions = ClusterOptions(),
    styling: Styling = Styling(),
    draw: DrawOptions = DrawOptions(),
    encode: EncodeOptions = EncodeOptions(),
    batch: BatchOptions = BatchOptions(),
    lines: Lines = Lines(),
    model: ModelOptions = ModelOptions(),
    refine: refining.Refine = False,
    refinement: RefineOptions = RefineOptions(),
) -> None:
    """Stylize photos over a Ray cluster: the options and the pictures of `arbstyle run`.

    Any number of photos, from folders, stores and lists, into one folder or store. --existing skip goes on where it
    was stopped, whatever died.
    """
    if not (sources or from_file):
        raise OptionError("no photos given", "arbstyle cluster run SOURCE --style PICTURE -o FOLDER, or --from-file")
    if "-" in (sources or []) or output == "-":
        raise OptionError("-: a cluster reads and writes folders and stores", "arbstyle run")
    if not refine:
        refining.refuse_unused(refinement, batch)
    from arbitrary_nst.cluster.joining import refuse_missing

    refuse_missing()
    from arbitrary_nst.cluster.listing import lines_in, lines_of
    from arbitrary_nst.cluster.run import Asked, spread
    from arbitrary_nst.files.settings import Settings
    from arbitrary_nst.files.shares import styles_given

    how = refining.chosen(refinement, wanted=refine)
    styles = styles_given(style, blend=styling.blend)
    settings = Settings.of(None, draw, encode, batch, refinement=how, vgg_weights=refinement.vgg_weights)
    listed = lines_in(sys.stdin.buffer.read(), name="stdin") if from_file == "-" else lines_of(from_file)
    asked = Asked(sources or [], listed, styles, output, settings, cluster, with_their_model(model, styles))
    bars = _may_show_bars(cluster, lines) and not dry_run
    progress = Progress(0, shown=False)
    results = spread(asked, say, progress.expect, dry_run=dry_run, bars=bars)
    with contextlib.closing(results):  # which ends Ray
        code = _follow(results, progress, lines, bars=bars)
    if code or dry_run:
        raise typer.Exit(code or (SOME_FAILED if progress.failed else 0))
    progress.sum_up()
    raise typer.Exit(progress.account(fail_fast=batch.fail_fast))


def _may_show_bars(cluster: ClusterOptions, lines: Lines) -> bool:
    """Whether Ray's bars may have the screen: it draws them on stdout, and a client gets none."""
    is_client = (cluster.address or "").startswith("ray://")
    return sys.stdout.isatty() and sys.stderr.isatty() and not (is_client or lines.as_json or lines.print0)


def _follow(results: "Iterable[Result]", progress: Progress, lines: Lines, *, bars: bool) -> int:
    """Report each result as it comes; the exit code of who interrupts that, else 0."""
    with Interrupt(GRACE_S, raises=True) as asked, _telling(progress, shown=not bars):
        try:
            for result in results:
                progress.count(result)
                if not bars or result.error is not None or result.notes:
                    lines.tell(result)
        except Interrupted:
            progress.sum_up()
            say("interrupted; what is written is whole, and --existing skip goes on")
            return asked.exit_code
    return 0


@contextlib.contextmanager
def _telling(progress: Progress, *, shown: bool) -> Iterator[None]:
    """A line of how far it is every 10 s, from a thread: between two blocks no result comes."""
    over = threading.Event()

    def tell() -> None:
        began = time.monotonic()
        while not over.wait(LINE_S):
            say(progress.line(time.monotonic() - began))

    thread = threading.Thread(target=tell, name="progress", daemon=True)
    if shown:
        thread.start()
    try:
        yield
    finally:
        over.set()
