"""`arbstyle run`: photos and a style picture to stylized photos."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from arbitrary_nst.cli import learn as learning
from arbitrary_nst.cli import refine as refining
from arbitrary_nst.cli.declare import takes_groups
from arbitrary_nst.cli.interrupt import GRACE_S, Interrupt
from arbitrary_nst.cli.progress import Progress
from arbitrary_nst.cli.report import (
    SOME_FAILED,
    Verbose,
    report_result,
    say,
)
from arbitrary_nst.cli.streams import STREAM, one_picture_only, with_stdin, write_picture
from arbitrary_nst.cli.styling import StylePictures, with_their_model
from arbitrary_nst.errors import OptionError
from arbitrary_nst.hardware import lean_keras
from arbitrary_nst.options import (
    BatchOptions,
    DrawOptions,
    EncodeOptions,
    ModelOptions,
    Opt,
    Options,
    RefineOptions,
    keywords,
)

if TYPE_CHECKING:
    from arbitrary_nst.engines.loaded import Loaded
    from arbitrary_nst.files.find import Input
    from arbitrary_nst.files.results import Result
    from arbitrary_nst.files.settings import Settings
    from arbitrary_nst.files.shares import StyleGiven
    from arbitrary_nst.hardware.decoding import Decoding
    from arbitrary_nst.stylizer import Stylizer

_kept = list[object]()  # to the end: OpenVINO takes as long to let a model go as a picture to be written
REFINING_GRACE_S = 60.0  # a step of a large picture takes long, and its result is worth waiting for

Photos = Annotated[
    list[Path] | None,
    typer.Argument(metavar="PHOTO|FOLDER", help="Photos and folders of photos; - reads one from stdin."),
]
FromFile = Annotated[
    Path | None, typer.Option("--from-file", metavar="LIST", help="Photos, one per line or NUL-separated; - is stdin.")
]
Output = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="PATH",
        help="Folder, or for one photo a file with its suffix, or - for stdout. "
        "Default: PHOTO__STYLE.EXT beside the photo.",
    ),
]


@dataclass(frozen=True, kw_only=True)
class Lines(Options):
    """What stdout says of each photo."""

    as_json: Annotated[bool, Opt("One line of JSON per photo on stdout.", flag="--json")] = False
    print0: Annotated[bool, Opt("Instead of lines, the paths of the results as they are, each with a NUL.")] = False

    def __post_init__(self) -> None:
        """Raise OptionError for both."""
        super().__post_init__()
        if self.as_json and self.print0:
            raise OptionError("print0: json prints the paths already", "one of the two")

    def tell(self, result: "Result", *, to_stdout: bool = False) -> None:
        """Say of a picture what became of it; ``to_stdout``: stdout carries the picture itself."""
        report_result(result, as_json=self.as_json, print0=self.print0, to_stdout=to_stdout)


@dataclass(frozen=True, kw_only=True)
class LinesOrDryRun(Lines):
    """The same, or what it would say."""

    dry_run: Annotated[bool, Opt("Only list what would be done; try two photos for an estimate.")] = False


@takes_groups
def run(
    style: StylePictures,
    photos: Photos = None,
    output: Output = None,
    from_file: FromFile = None,
    verbose: Verbose = False,
    styling: learning.StylingOrLearning = learning.StylingOrLearning(),
    draw: DrawOptions = DrawOptions(),
    encode: EncodeOptions = EncodeOptions(),
    batch: BatchOptions = BatchOptions(),
    lines: LinesOrDryRun = LinesOrDryRun(),
    model: ModelOptions = ModelOptions(),
    refine: refining.Refine = False,
    refinement: RefineOptions = RefineOptions(),
    watching: refining.Watching = refining.Watching(),
) -> None:
    """Stylize photos. Size, orientation, colours, transparency and metadata come back as they were."""
    given, listed = photos or [], _listed(photos or [], from_file)
    to_stdout = output == STREAM or (output is None and STREAM in (*given, *listed))
    if to_stdout:
        output = None
        _refuse_stdout(lines)
    if not refine:
        refining.refuse_unused(refinement, batch, watching)
    if styling.learn is not None:
        how_to_learn, model = learning.asked_for(styling.learn, draw, refine=refine), learning.teachable(model)
    may_skip = lines.dry_run or batch.existing == "skip"  # and need no model
    begun = None if may_skip or refine or styling.learn is not None else _begun(model, style, given, draw)
    # NumPy and Pillow come with these; `--help` and a wrong option should not wait for them.
    from arbitrary_nst.files.given import refuse_misread
    from arbitrary_nst.files.planner import output_folder
    from arbitrary_nst.files.settings import Settings
    from arbitrary_nst.files.shares import styles_given
    from arbitrary_nst.stylizer import Stylizer

    how = refining.chosen(refinement, wanted=refine)
    refuse_misread(given)
    styles = styles_given(style, blend=styling.blend, beside=given)
    stylizer = Stylizer(**keywords(with_their_model(model, styles)), notify=say)
    if begun is not None:
        stylizer.go_on_with(*begun)
    if lean_keras.PROCESS_IS_OURS:
        _kept.append(stylizer)
    found = _found(given, listed, output, styles, batch, draw)
    _refuse_places(found, styles, output, batch, watching, to_stdout=to_stdout)
    several = len(found) * len(styles) > 1
    watch = refining.Watch(watching.preview, watching.report, output, several=several, existing=batch.existing)
    settings = Settings.of(output, draw, encode, batch, refinement=how, on_step=watch, on_end=watch.end,
                           sink=write_picture if to_stdout else None, vgg_weights=refinement.vgg_weights)  # fmt: skip
    output_folder(settings, several or found[0].in_folder)
    if lines.dry_run:
        raise typer.Exit(_rehearse(stylizer, found, styles, settings, lines))
    is_needed = batch.existing != "skip" and (how is None or how.begins_stylized)  # else the model may not be
    if lean_keras.PROCESS_IS_OURS and begun is None and is_needed:
        stylizer.load_ahead(style, draw)
    if styling.learn is not None:
        styles = learning.learn_each(stylizer, styles, found, how_to_learn)
    raise typer.Exit(_stylized(stylizer, found, styles, settings, watch, lines))


def _found(
    given: list[Path],
    listed: list[Path],
    output: Path | None,
    styles: "list[StyleGiven]",
    batch: BatchOptions,
    draw: DrawOptions,
) -> "list[Input]":
    """The photos to stylize. Raises OptionError where there are none."""
    from arbitrary_nst.files.find import expand
    from arbitrary_nst.files.given import refuse_in_place, without_own
    from arbitrary_nst.files.shares import pictures_of

    taken = with_stdin([*given, *listed])
    if batch.in_place:
        refuse_in_place(taken)
    found = expand(taken[: len(given)], listed=taken[len(given) :], recursive=batch.recursive, output=output, note=say)
    found = without_own(found, pictures_of(styles), say, draw)
    if not found:
        raise OptionError("no photos found", "another folder, or check the suffixes")
    return found


def _refuse_places(
    found: "list[Input]",
    styles: "list[StyleGiven]",
    output: Path | None,
    batch: BatchOptions,
    watching: refining.Watching,
    *,
    to_stdout: bool,
) -> None:
    """Raise where no result could be put, or a preview would be put over what was given."""
    from arbitrary_nst.files.given import refuse_unwritable
    from arbitrary_nst.files.naming import refuse_inputs
    from arbitrary_nst.files.shares import pictures_of

    if to_stdout and (len(found) * len(styles) > 1 or found[0].in_folder):
        raise one_picture_only()
    if batch.existing != "skip" and not to_stdout:  # which may find that all is there
        refuse_unwritable(output, found)
    if watching.preview is not None:
        refuse_inputs(watching.preview, [*pictures_of(styles), *(each.path for each in found)], "--preview")


def _stylized(
    stylizer: "Stylizer",
    found: "list[Input]",
    styles: "list[StyleGiven]",
    settings: "Settings",
    watch: refining.Watch,
    lines: Lines,
) -> int:
    """Stylize, and say of each picture what became of it; the exit code."""
    from arbitrary_nst.files.stream import stylize_many

    refines, to_stdout, pictures = settings.refinement is not None, settings.sink is not None, len(found) * len(styles)
    progress = Progress(pictures, shown=not to_stdout and not refines, limit=settings.limit, styles=len(styles))
    with Interrupt(REFINING_GRACE_S if refines else GRACE_S) as asked:
        with progress, watch:
            for result in stylize_many(stylizer, found, styles, settings, stop=asked.is_set):
                progress.count(result)
                lines.tell(result, to_stdout=to_stdout)
        if pictures > 1:
            progress.sum_up()
        return asked.exit_code if asked.is_set() else progress.account(fail_fast=settings.fail_fast)


def _begun(
    model: ModelOptions, styles: list[Path], photos: list[Path], draw: DrawOptions
) -> "tuple[Loaded, Decoding] | None":
    """A model and the first pictures, which are loaded while the rest is imported; None for one that is chosen later.

    First what decodes them is imported, so that they are decoded beside the import of the engine, and the engine
    compiles beside that of the rest.
    """
    if not lean_keras.PROCESS_IS_OURS:
        return None
    from arbitrary_nst.engines.loaded import Loaded
    from arbitrary_nst.hardware.decoding import Decoding

    begun, decoding = Loaded(model, say), Decoding(model)
    if not begun.is_here():
        return None
    decoding.begin([*styles[:1], *photos[:1]])
    begun.load_ahead(styles, draw)
    return begun, decoding


def _refuse_stdout(lines: Lines) -> None:
    """Raise OptionError where stdout cannot take the picture."""
    if lines.as_json or lines.print0:
        raise OptionError(f"--{'json' if lines.as_json else 'print0'}: stdout carries the picture already", "-o FILE")
    if sys.stdout.isatty():
        raise OptionError("stdout: a terminal cannot show a picture", "-o FILE, or a pipe")


def _rehearse(
    stylizer: "Stylizer", found: "list[Input]", styles: "list[StyleGiven]", settings: "Settings", lines: Lines
) -> int:
    """List what would be done, and estimate what it takes; the exit code."""
    from arbitrary_nst.files.dry_run import rehearse

    results, estimate = rehearse(stylizer, found, styles, settings)
    for result in results:
        lines.tell(result)
    failing = sum(result.error is not None for result in results)
    skipped = sum(result.skipped for result in results)
    line = f"{len(results) - failing - skipped} to do, {skipped} skipped, {failing} would fail"
    if estimate is not None:
        line += f"; about {estimate.seconds:.0f} s and {estimate.memory / 1e9:.1f} GB of memory"
    say(line)
    return SOME_FAILED if failing else 0


def _listed(photos: list[Path], from_file: Path | None) -> list[Path]:
    """The photos named in a list."""
    if from_file is None:
        if not photos:
            raise OptionError("no photos given", "arbstyle run PHOTO --style PICTURE, or --from-file LIST")
        return []
    from arbitrary_nst.files.find import read_list

    if from_file == STREAM and STREAM in photos:
        raise OptionError("-: stdin cannot be a photo and a list", "--from-file LIST")
    try:
        return read_list(sys.stdin.buffer.read() if from_file == STREAM else from_file.read_bytes())
    except OSError as exc:
        raise OptionError(f"{from_file}: cannot be read ({exc.strerror})", "check the path") from exc
