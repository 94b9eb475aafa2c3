"""The command `arbstyle`: options to one call, results to lines, errors to exit codes."""

import io
import os
import sys
import warnings
from typing import Annotated

import typer

from arbitrary_nst import __version__
from arbitrary_nst.cli import doctor, grid, models, refine, run, watch
from arbitrary_nst.cli.report import EXIT_INTERRUPTED, INTERNAL, say, verbose_tracebacks
from arbitrary_nst.errors import NSTError

HELP = """Artistic style transfer for photos, in one pass, with Google's pretrained model.

Try: arbstyle run photo.jpg --style painting.jpg

Exit codes: 0 all done, 1 internal error, 2 wrong usage, 3 some photos failed, 4 model missing or not verified,
130 interrupted."""

app = typer.Typer(
    help=HELP, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None
)
app.command("run", no_args_is_help=True)(run.run)
app.command("watch", no_args_is_help=True)(watch.watch)
app.command("grid", no_args_is_help=True)(grid.grid)
app.command("recipes")(refine.recipes)
app.add_typer(models.app, name="models")
app.command("doctor")(doctor.doctor)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"arbstyle {__version__}")
        raise typer.Exit


@app.callback()
def _global_options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command; translate what it raises into one line and an exit code."""
    if isinstance(sys.stdout, io.TextIOWrapper):  # a name that is not text, or not in this encoding, ends no run
        sys.stdout.reconfigure(errors="surrogateescape" if sys.stdout.encoding == "utf-8" else "backslashreplace")
    warnings.filterwarnings("ignore", module="PIL")  # on odd metadata; what is lost of it is in a photo's notes
    try:
        app()
    except NSTError as exc:
        if verbose_tracebacks():
            raise
        say(exc.for_terminal)
        sys.exit(exc.exit_code)
    except BrokenPipeError:
        # The reader left. Python would complain once more when it flushes stdout on the way out.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(INTERNAL)
    except KeyboardInterrupt:
        say("interrupted")
        sys.exit(EXIT_INTERRUPTED)
    except Exception as exc:
        if verbose_tracebacks():
            raise
        say(f"internal error: {type(exc).__name__}: {exc}. Try: --verbose, and report what it prints")
        sys.exit(INTERNAL)
