"""The command `arbstyle`: options to one call, results to lines, errors to exit codes."""

import errno
import sys
import traceback
import warnings
from typing import Annotated

import typer

from arbitrary_nst import __version__
from arbitrary_nst.cli.commands import Where, lazily
from arbitrary_nst.cli.interrupt import GRACE_S, Interrupt, Interrupted
from arbitrary_nst.cli.report import (
    EXIT_INTERRUPTED,
    INTERNAL,
    USAGE,
    lost_lines,
    open_streams,
    put,
    say,
    say_traceback,
    saying_warnings,
    settle_stdout,
    verbose_tracebacks,
    write_stderr,
)
from arbitrary_nst.cli.usage import explain
from arbitrary_nst.errors import NSTError, internal

HELP = """Artistic style transfer for photos, in one pass, with Google's pretrained model.

Try: arbstyle run photo.jpg --style painting.jpg

Exit codes: 0 all done, 1 internal error or no engine, 2 wrong usage, 3 some photos failed,
4 model missing or not verified, 130 interrupted by Ctrl-C, 143 by SIGTERM, 129 by SIGHUP."""

COMMANDS = {
    "run": Where("run", "run", no_args_is_help=True),
    "watch": Where("watch", "watch", no_args_is_help=True),
    "grid": Where("grid", "grid", no_args_is_help=True),
    "presets": Where("styling", "presets"),
    "score": Where("score", "score", no_args_is_help=True),
    "serve": Where("serve", "serve"),
    "recipes": Where("refine", "recipes"),
    "doctor": Where("doctor", "doctor"),
    "help": Where("topics", "topic_help"),
    "cluster": Where("cluster", "app"),
    "style": Where("style", "app"),
    "models": Where("models", "app"),
}
app = typer.Typer(
    cls=lazily(COMMANDS),
    help=HELP,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        put(f"arbstyle {__version__}")
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
    open_streams()
    warnings.filterwarnings("ignore", module="PIL")  # on odd metadata; what is lost of it is in a photo's notes
    with saying_warnings(), Interrupt(GRACE_S, raises=True) as asked:
        code = _run(asked)
    settle_stdout()
    sys.exit(code)


def _run(asked: Interrupt) -> int:
    """Run the command; its exit code."""
    try:
        code = int(app(prog_name="arbstyle", standalone_mode=False) or 0)
        return code or (INTERNAL if lost_lines() else 0)
    except typer.TyperException as exc:
        if type(exc).__name__ == "NoArgsIsHelpError":
            write_stderr(exc.format_message() + "\n")
        else:
            say(explain(exc, sys.argv[1:]).for_terminal)
        return USAGE
    except NSTError as exc:
        if verbose_tracebacks():
            say_traceback(traceback.format_exc())
        say(exc.for_terminal)
        return exc.exit_code
    except BrokenPipeError:  # the reader left
        return INTERNAL
    except Interrupted:
        say("interrupted")
        return asked.exit_code
    except KeyboardInterrupt:  # of a library's own making
        say("interrupted")
        return EXIT_INTERRUPTED
    except Exception as exc:
        if verbose_tracebacks():
            say_traceback(traceback.format_exc())
        if isinstance(exc, OSError) and exc.errno == errno.ENOSPC:  # of a help text that goes to a full disk
            say("stdout: cannot be written, no space left")
            return INTERNAL
        say(internal(exc).for_terminal)
        return INTERNAL
