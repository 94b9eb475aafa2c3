"""`arbstyle run`: photos and a style picture to stylized photos."""

import json
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from arbitrary_nst.cli import refine as refining
from arbitrary_nst.cli.interrupt import GRACE_S, Interrupt
from arbitrary_nst.cli.progress import Progress
from arbitrary_nst.cli.report import (
    EXIT_INTERRUPTED,
    SOME_FAILED,
    ModelDir,
    Offline,
    TrustModel,
    Verbose,
    say,
    verbose_tracebacks,
)
from arbitrary_nst.errors import OptionError

if TYPE_CHECKING:
    from arbitrary_nst.files.find import Input
    from arbitrary_nst.files.plan import Result, Settings
    from arbitrary_nst.stylizer import Stylizer

REFINING_GRACE_S = 60.0  # a step of a large picture takes long, and its result is worth waiting for

Photos = Annotated[
    list[Path] | None,
    typer.Argument(metavar="PHOTO|FOLDER", help="Photos and folders of photos; - reads one from stdin."),
]
StylePictures = Annotated[
    list[Path],
    typer.Option(
        "--style", "-s", metavar="PICTURE", help="Picture to take the style from; several: each photo in each."
    ),
]
FromFile = Annotated[
    Path | None, typer.Option("--from-file", metavar="LIST", help="Photos, one per line or NUL-separated; - is stdin.")
]
Recursive = Annotated[bool, typer.Option("--recursive/--no-recursive", help="Folders with what is below them.")]
Checksum = Annotated[
    bool, typer.Option("--checksum", help="--existing skip: know photos by SHA-256, not size and time.")
]
Limit = Annotated[int | None, typer.Option(min=1, metavar="N", help="Do so many photos; those skipped do not count.")]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Only list what would be done; try two photos for an estimate.")
]
FailFast = Annotated[bool, typer.Option("--fail-fast", help="Stop at the first photo that fails.")]
MaxMemory = Annotated[
    str | None,
    typer.Option(metavar="SIZE", help="Like 4G; a photo that takes more is drawn in strips.  [default: half the free]"),
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
ModelName = Annotated[
    str,
    typer.Option(
        "--model",
        "-m",
        metavar="NAME|FOLDER",
        help="auto, magenta (best), lite, mini, or a model folder. auto: magenta if here or fetchable, else what is.",
    ),
]
EngineName = Annotated[Literal["auto", "openvino", "tensorflow"], typer.Option("--engine", help="What runs the model.")]
Precision = Annotated[Literal["auto", "f32", "bf16"], typer.Option(help="auto: bf16 where the CPU is faster in it.")]
MaxSize = Annotated[
    int | None, typer.Option(min=1, metavar="PX", help="Reduce the photo so that its longest side is at most this.")
]
StylizeSize = Annotated[
    int | None,
    typer.Option(
        min=16, metavar="PX", help="Draw at this longest side, then carry to full size: strokes keep their scale."
    ),
]
StyleSize = Annotated[
    int | None, typer.Option(min=32, max=2048, metavar="PX", help="Side at which the style is read.  [default: 256]")
]
StyleCrop = Annotated[Literal["centre", "none"], typer.Option(help="centre: its middle square; none: squeezed whole.")]
Format = Annotated[
    Literal["auto", "jpg", "png", "webp", "avif", "tiff", "jxl"],
    typer.Option("--format", "-f", help="auto: by the output's suffix, else the photo's own."),
]
Quality = Annotated[int, typer.Option("--quality", "-q", min=1, max=100, metavar="N", help="Of jpg, webp and avif.")]
Metadata = Annotated[Literal["keep", "strip"], typer.Option(help="EXIF and XMP of the photo.")]
OnExisting = Annotated[
    Literal["fail", "skip", "overwrite", "rename"], typer.Option("--existing", help="If the output is there already.")
]
MaxPixels = Annotated[int, typer.Option(min=1, metavar="N", help="Refuse larger pictures before decoding them.")]
AcceptTruncated = Annotated[
    bool, typer.Option("--accept-truncated", help="Read a JPEG or PNG with pixels missing too, with a note.")
]
Json = Annotated[bool, typer.Option("--json", help="One line of JSON per photo on stdout.")]


def run(
    style: StylePictures,
    photos: Photos = None,
    output: Output = None,
    from_file: FromFile = None,
    recursive: Recursive = True,
    model: ModelName = "auto",
    model_dir: ModelDir = None,
    offline: Offline = False,
    trust_model: TrustModel = False,
    engine: EngineName = "auto",
    precision: Precision = "auto",
    max_size: MaxSize = None,
    stylize_size: StylizeSize = None,
    style_size: StyleSize = None,
    style_crop: StyleCrop = "centre",
    format: Format = "auto",
    quality: Quality = 95,
    metadata: Metadata = "keep",
    existing: OnExisting = "fail",
    checksum: Checksum = False,
    limit: Limit = None,
    fail_fast: FailFast = False,
    dry_run: DryRun = False,
    max_pixels: MaxPixels = 200_000_000,
    max_memory: MaxMemory = None,
    accept_truncated: AcceptTruncated = False,
    refine: refining.Refine = False,
    recipe: refining.RecipeName = None,
    steps: refining.Steps = None,
    time_limit: refining.TimeLimit = None,
    content_weight: refining.ContentWeight = None,
    style_weight: refining.StyleWeight = None,
    tv_weight: refining.TvWeight = None,
    layer: refining.Layers = None,
    optimizer: refining.OptimizerName = None,
    init: refining.InitName = None,
    seed: refining.Seed = None,
    pooling: refining.PoolingName = None,
    scales: refining.Scales = None,
    style_scale: refining.StyleScale = None,
    vgg_weights: refining.VggWeights = None,
    preview: refining.Preview = None,
    report: refining.Report = None,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Stylize photos. Size, orientation, colours, transparency and metadata come back as they were."""
    given, listed = photos or [], _listed(photos or [], from_file)
    to_stdout = output == Path("-") or (output is None and Path("-") in (*given, *listed))
    if to_stdout:
        output = Path("-")
        if as_json:
            raise OptionError("--json: stdout carries the picture already", "-o FILE")
        if sys.stdout.isatty():
            raise OptionError("stdout: a terminal cannot show a picture", "-o FILE, or a pipe")
    refinement = refining.build(
        refine, recipe, layer, scales,
        steps=steps, time_limit=time_limit, content_weight=content_weight, style_weight=style_weight,
        tv_weight=tv_weight, optimizer=optimizer, init=init, seed=seed, pooling=pooling, style_scale=style_scale,
        vgg_weights=vgg_weights, preview=preview, report=report,
    )  # fmt: skip
    # NumPy and Pillow come with these; `--help` and a wrong option should not wait for them.
    from arbitrary_nst.files.find import expand
    from arbitrary_nst.files.naming import refuse_inputs
    from arbitrary_nst.files.plan import Settings
    from arbitrary_nst.files.stream import stylize_many
    from arbitrary_nst.stylizer import Stylizer

    stylizer = Stylizer(
        model,
        engine=engine,
        precision=precision,
        model_dir=model_dir,
        offline=offline,
        trust_model=trust_model,
        style_size=style_size,
        style_crop=style_crop,
        max_pixels=max_pixels,
        accept_truncated=accept_truncated,
        max_memory=_bytes(max_memory),
        notify=say,
    )
    found = expand(given, listed=listed, recursive=recursive, output=output, note=say)
    if not found:
        raise OptionError("no photos found", "another folder, or check the suffixes")
    several = len(found) * len(style) > 1
    asked = Interrupt(GRACE_S if refinement is None else REFINING_GRACE_S)
    if preview is not None:
        refuse_inputs(preview, [*style, *(each.path for each in found)], "--preview")
    watch = refining.Watch(preview, report, output, several=several)
    settings = Settings(
        output, format, quality, metadata, existing, max_size, stylize_size, checksum, limit, fail_fast,
        refinement, watch,
    )  # fmt: skip
    if dry_run:
        raise typer.Exit(_rehearse(stylizer, found, style, settings, as_json=as_json))
    with Progress(len(found) * len(style), shown=not to_stdout and refinement is None) as progress, watch:
        for result in stylize_many(stylizer, found, style, settings, stop=asked.is_set):
            progress.count(result)
            report_result(result, as_json=as_json, to_stdout=to_stdout)
    if several:
        progress.sum_up()
    if asked.is_set():
        raise typer.Exit(EXIT_INTERRUPTED)
    if progress.failed:
        raise typer.Exit(SOME_FAILED)


def _rehearse(
    stylizer: "Stylizer", found: "list[Input]", style: list[Path], settings: "Settings", *, as_json: bool
) -> int:
    """List what would be done, and estimate what it takes; the exit code."""
    from arbitrary_nst.files.dry_run import rehearse

    results, estimate = rehearse(stylizer, found, style, settings)
    for result in results:
        report_result(result, as_json=as_json, to_stdout=False)
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

    if str(from_file) == "-" and Path("-") in photos:
        raise OptionError("-: stdin cannot be a photo and a list", "--from-file LIST")
    try:
        return read_list(sys.stdin.buffer.read() if str(from_file) == "-" else from_file.read_bytes())
    except OSError as exc:
        raise OptionError(f"{from_file}: cannot be read ({exc.strerror})", "check the path") from exc


def _bytes(size: str | None) -> int | None:
    """Bytes of a size like 800M or 4G, in powers of ten."""
    if size is None:
        return None
    units = {"K": 10**3, "M": 10**6, "G": 10**9}
    number, unit = (size[:-1], units[size[-1].upper()]) if size[-1:].upper() in units else (size, 1)
    try:
        wanted = int(float(number) * unit)
    except (ValueError, OverflowError):
        wanted = 0
    if wanted <= 0:
        raise OptionError(f"--max-memory {size}: no size", "4G, 800M, or bytes")
    return wanted


def report_result(result: "Result", *, as_json: bool, to_stdout: bool) -> None:
    """Print a result: a line, or one of JSON; on stderr what went wrong."""
    for note in result.notes:
        say(f"{result.input}: {note}")
    if as_json:
        fields = asdict(replace(result, error=None, traceback=None))
        del fields["traceback"]  # for people, with --verbose
        if result.error is not None:
            fields |= {"error": result.error.for_terminal, "kind": type(result.error).__name__}
        print(json.dumps(fields), flush=True)
    if result.error is not None:
        if verbose_tracebacks() and result.traceback:
            sys.stderr.write(result.traceback)
        say(result.error.for_terminal)
    elif not as_json:
        line = f"{result.input} -> {result.output}"
        if not result.planned:
            line += f"  {result.width}x{result.height}  {result.seconds:.2f} s"
        if result.skipped:
            line = f"{result.input} -> {result.output}  skipped, exists already"
        if to_stdout:
            say(line)
        else:
            print(line, flush=True)
