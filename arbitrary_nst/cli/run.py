"""`arbstyle run`: photos and a style picture to stylized photos."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from arbitrary_nst.cli.report import (
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
    from arbitrary_nst.pipeline import Result

Photos = Annotated[list[Path], typer.Argument(metavar="PHOTO", help="Photos to stylize; - reads one from stdin.")]
StylePicture = Annotated[Path, typer.Option("--style", "-s", metavar="PICTURE", help="Picture to take the style from.")]
Output = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="PATH",
        help="File, folder, or - for stdout. Default: PHOTO__STYLE.EXT beside the photo.",
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
Precision = Annotated[Literal["auto", "f32", "bf16"], typer.Option(help="auto: bf16 where the CPU has it.")]
MaxSize = Annotated[
    int | None, typer.Option(min=1, metavar="PX", help="Reduce the photo so that its longest side is at most this.")
]
StyleSize = Annotated[
    int | None, typer.Option(min=32, max=2048, metavar="PX", help="Side at which the style is read.  [default: 256]")
]
StyleCrop = Annotated[Literal["centre", "none"], typer.Option(help="centre: its middle square; none: squeezed whole.")]
Format = Annotated[
    Literal["auto", "jpg", "png", "webp", "avif", "tiff"],
    typer.Option("--format", "-f", help="auto: by the output's suffix, else the photo's own."),
]
Quality = Annotated[int, typer.Option("--quality", "-q", min=1, max=100, help="Of jpg, webp and avif.")]
Metadata = Annotated[Literal["keep", "strip"], typer.Option(help="EXIF and XMP of the photo.")]
OnExisting = Annotated[
    Literal["fail", "skip", "overwrite", "rename"], typer.Option("--existing", help="If the output is there already.")
]
MaxPixels = Annotated[int, typer.Option(min=1, metavar="N", help="Refuse larger pictures before decoding them.")]
Json = Annotated[bool, typer.Option("--json", help="One line of JSON per photo on stdout.")]


def run(
    photos: Photos,
    style: StylePicture,
    output: Output = None,
    model: ModelName = "auto",
    model_dir: ModelDir = None,
    offline: Offline = False,
    trust_model: TrustModel = False,
    engine: EngineName = "auto",
    precision: Precision = "auto",
    max_size: MaxSize = None,
    style_size: StyleSize = None,
    style_crop: StyleCrop = "centre",
    format: Format = "auto",
    quality: Quality = 95,
    metadata: Metadata = "keep",
    existing: OnExisting = "fail",
    max_pixels: MaxPixels = 200_000_000,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Stylize photos. Size, orientation, colours, transparency and metadata come back as they were."""
    to_stdout = output == Path("-") or (output is None and Path("-") in photos)
    if to_stdout:
        output = Path("-")
        if as_json:
            raise OptionError("--json: stdout carries the picture already. Try: -o FILE")
        if sys.stdout.isatty():
            raise OptionError("stdout: a terminal cannot show a picture. Try: -o FILE, or a pipe")
    # NumPy and Pillow come with these; `--help` and a wrong option should not wait for them.
    from arbitrary_nst.pipeline import Settings, stylize_files
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
        notify=say,
    )
    settings = Settings(
        output=output, format=format, quality=quality, metadata=metadata, existing=existing, max_size=max_size
    )
    failed = 0
    for result in stylize_files(stylizer, photos, style, settings):
        failed += result.error is not None
        _report(result, as_json=as_json, to_stdout=to_stdout)
    if failed:
        if len(photos) > 1:
            say(f"{failed} of {len(photos)} photos failed")
        raise typer.Exit(SOME_FAILED)


def _report(result: "Result", *, as_json: bool, to_stdout: bool) -> None:
    for note in result.notes:
        say(f"{result.input}: {note}")
    if as_json:
        fields = asdict(result)
        del fields["traceback"]  # for people, with --verbose
        print(json.dumps(fields), flush=True)
    if result.error is not None:
        if verbose_tracebacks() and result.traceback:
            sys.stderr.write(result.traceback)
        say(result.error)
    elif not as_json:
        line = f"{result.input} -> {result.output}  {result.width}x{result.height}  {result.seconds:.2f} s"
        if result.skipped:
            line = f"{result.input} -> {result.output}  skipped, exists already"
        if to_stdout:
            say(line)
        else:
            print(line, flush=True)
