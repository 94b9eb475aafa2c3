"""What every command shares: how it speaks, its exit codes and its common options."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from arbitrary_nst.cli.declare import declaration
from arbitrary_nst.options import ModelOptions, declared

INTERNAL, USAGE, SOME_FAILED, NO_MODEL, EXIT_INTERRUPTED = 1, 2, 3, 4, 130

_verbose = False


def say(line: str) -> None:
    """One line to stderr, whatever control characters a file name brought along."""
    printable = "".join(char if char.isprintable() else repr(char)[1:-1] for char in line)
    print(f"arbstyle: {printable}", file=sys.stderr, flush=True)


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
    Path | None, declaration(next(option for option in declared(ModelOptions) if option.name == "model_dir"))
]
