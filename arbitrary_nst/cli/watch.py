"""`arbstyle watch`: stylize what arrives in a folder."""

import contextlib
from pathlib import Path
from typing import Annotated

import typer

from arbitrary_nst.cli import run as running
from arbitrary_nst.cli.interrupt import GRACE_S, Interrupt
from arbitrary_nst.cli.report import EXIT_INTERRUPTED, ModelDir, Offline, TrustModel, Verbose, say
from arbitrary_nst.errors import OptionError


def watch(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Folder to watch.")],
    style: running.StylePictures,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FOLDER", help="Folder for the results.")],
    recursive: running.Recursive = True,
    model: running.ModelName = "auto",
    model_dir: ModelDir = None,
    offline: Offline = False,
    trust_model: TrustModel = False,
    engine: running.EngineName = "auto",
    precision: running.Precision = "auto",
    max_size: running.MaxSize = None,
    stylize_size: running.StylizeSize = None,
    format: running.Format = "auto",
    quality: running.Quality = 95,
    metadata: running.Metadata = "keep",
    as_json: running.Json = False,
    verbose: Verbose = False,
) -> None:
    """Stylize what is in a folder, and what arrives.

    Each photo once, and only when it is whole. Ctrl-C ends it.
    """
    if not folder.is_dir():
        raise OptionError(f"{folder}: no folder", "a folder that photos arrive in")
    from arbitrary_nst.files.arrivals import arriving
    from arbitrary_nst.files.find import expand
    from arbitrary_nst.files.plan import Planner, Settings
    from arbitrary_nst.files.stream import stylize_many
    from arbitrary_nst.stylizer import Stylizer

    stylizer = Stylizer(
        model,
        engine=engine,
        precision=precision,
        model_dir=model_dir,
        offline=offline,
        trust_model=trust_model,
        notify=say,
    )
    settings = Settings(
        output, format, quality, metadata, existing="skip", max_size=max_size, stylize_size=stylize_size
    )  # the manifest knows what was made before this watch began
    expand([folder], output=output)  # refuses a folder that is its own output
    asked = Interrupt(GRACE_S)
    with contextlib.closing(Planner(stylizer, [], style, settings, several=True)) as planner:
        say(f"watching {folder}; Ctrl-C ends it")
        for ready in arriving(folder, asked, recursive=recursive, output=output, note=say):
            for result in stylize_many(stylizer, ready, style, settings, stop=asked.is_set, planner=planner):
                running.report_result(result, as_json=as_json, to_stdout=False)
    raise typer.Exit(EXIT_INTERRUPTED)
