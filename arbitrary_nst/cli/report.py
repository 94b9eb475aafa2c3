"""What every command shares: how it speaks, its exit codes and its common options."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from arbitrary_nst.errors import OptionError

INTERNAL, USAGE, SOME_FAILED, NO_MODEL, EXIT_INTERRUPTED = 1, 2, 3, 4, 130

_verbose = False


def say(line: str) -> None:
    """One line to stderr, whatever control characters a file name brought along."""
    printable = "".join(char if char.isprintable() else repr(char)[1:-1] for char in line)
    print(f"arbstyle: {printable}", file=sys.stderr, flush=True)


def refuse_without(mode: str, hint: str, given: dict[str, Any]) -> None:
    """Raise OptionError for the first option that was given without what it belongs to."""
    for name, value in given.items():
        if value is not None:
            raise OptionError(f"--{name.replace('_', '-')}: belongs to {mode}", f"{hint} with it")


def verbose_tracebacks() -> bool:
    """Whether the user asked for tracebacks."""
    return _verbose


def _set_verbose(wanted: bool) -> None:
    global _verbose
    _verbose = wanted


Verbose = Annotated[
    bool, typer.Option("--verbose", callback=_set_verbose, is_eager=True, help="Show the traceback of an error.")
]
ModelDir = Annotated[
    Path | None,
    typer.Option(
        envvar="ARBSTYLE_MODEL_DIR",
        show_envvar=True,
        metavar="FOLDER",
        help="Folder with one sub-folder per model, searched first.",
    ),
]
Offline = Annotated[
    bool, typer.Option("--offline", envvar="ARBSTYLE_OFFLINE", show_envvar=True, help="Never touch the network.")
]
TrustModel = Annotated[
    bool,
    typer.Option(
        "--trust-model",
        help="Load an unknown or changed model all the same. A model is a program: it can do what you can.",
    ),
]
