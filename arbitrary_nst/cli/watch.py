"""`arbstyle watch`: stylize what arrives in a folder."""

import time
from pathlib import Path
from typing import Annotated

import typer

from arbitrary_nst.cli import run as running
from arbitrary_nst.cli.interrupt import GRACE_S, Interrupt
from arbitrary_nst.cli.report import ModelDir, Offline, TrustModel, Verbose, report_result, say
from arbitrary_nst.errors import OptionError

POLL_S = 1.0


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
    from arbitrary_nst.files.arrivals import Arrivals
    from arbitrary_nst.files.find import expand
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
        notify=say,
    )
    settings = Settings(
        output, format, quality, metadata, existing="skip", max_size=max_size, stylize_size=stylize_size
    )  # the manifest knows what was made before this watch began
    expand([folder], output=output)  # refuses a folder that is its own output
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise OptionError(f"{output}: cannot be made ({exc.strerror})", "another -o") from exc
    styles, arrivals = [stylizer.style(path) for path in style], Arrivals()
    with Interrupt(GRACE_S) as asked:
        say(f"watching {folder}; Ctrl-C ends it")
        while not asked.is_set():
            ready = arrivals.whole(expand([folder], recursive=recursive, output=output), time.monotonic())
            for result in stylize_many(stylizer, ready, styles, settings, stop=asked.is_set) if ready else ():
                report_result(result, as_json=as_json, to_stdout=False)
            asked.wait(POLL_S)
        raise typer.Exit(asked.exit_code)
