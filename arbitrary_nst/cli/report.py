"""What every command shares: how it speaks, its exit codes and its common options."""

import contextlib
import io
import json
import logging
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from arbitrary_nst.cli.declare import declared_as
from arbitrary_nst.options import ModelOptions

if TYPE_CHECKING:
    from arbitrary_nst.files.results import Result

LINE_S = 10.0  # between two lines of progress where stderr is no terminal
INTERNAL, USAGE, SOME_FAILED, NO_MODEL, EXIT_INTERRUPTED = 1, 2, 3, 4, 130

_verbose = False
_lost: OSError | None = None  # what became of a line on stdout


def printable(text: str) -> str:
    """Text on one line, its control characters spelled out: a file name moves no cursor and forges no line."""
    return "".join(char if char.isprintable() else _spelled(char) for char in text)


def _spelled(char: str) -> str:
    """A character as an escape; of a byte that is no text, which Python keeps as half a pair, the byte."""
    return f"\\x{ord(char) - 0xDC00:02x}" if "\udc80" <= char <= "\udcff" else repr(char)[1:-1]


def say(line: str) -> None:
    """One line to stderr, whatever control characters a file name brought along."""
    write_stderr(f"arbstyle: {printable(line)}\n")


@contextlib.contextmanager
def saying_warnings() -> Iterator[None]:
    """Say what the library's own logger warns of meanwhile, once: whatever other libraries hung on the root."""
    logger, handler = logging.getLogger("arbitrary_nst"), _Saying(logging.WARNING)
    propagated, logger.propagate = logger.propagate, False
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.propagate = propagated


class _Saying(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        say(record.getMessage())


def say_traceback(text: str) -> None:
    """A traceback to stderr; its lines are marked, so that a name with a newline forges none of ours."""
    write_stderr("".join(f"| {printable(line)}\n" for line in text.splitlines()))


def write_stderr(text: str) -> None:
    """Text to stderr as it is, if there is one."""
    if sys.stderr is not None:  # as under pythonw; print() would take stdout then, which may carry a picture
        with contextlib.suppress(OSError, ValueError):  # nobody listens: no reason to end
            sys.stderr.write(text)
            sys.stderr.flush()


def put(line: str) -> None:
    """One line to stdout, harmless as ``say``'s."""
    write_stdout(printable(line) + "\n")


def put_table(rows: Sequence[Sequence[str]]) -> None:
    """Lines whose cells stand below one another."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    widths[-1] = 0
    for row in rows:
        put("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)))


def write_stdout(text: str) -> None:
    """Text to stdout as it is. A full disk there ends nothing, but is told once, and at the end by ``lost_lines``.

    Raises BrokenPipeError where the reader left.
    """
    global _lost
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as exc:
        if _lost is None:
            say(f"stdout: cannot be written ({exc.strerror}); going on without")
        _lost = exc


def lost_lines() -> bool:
    """Whether a line did not reach stdout."""
    return _lost is not None


def open_streams() -> None:
    """Give closed standard streams somewhere to go: the next file opened would take their place, and their lines.

    So do pythonw and `2>&-`, which Python tells by None.
    """
    global _lost
    _lost = None
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest that is free
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115
    if isinstance(sys.stdout, io.TextIOWrapper):  # a name that is not text, or not in this encoding, ends no run
        sys.stdout.reconfigure(errors="surrogateescape" if sys.stdout.encoding == "utf-8" else "backslashreplace")


def settle_stdout() -> None:
    """Turn stdout away if what waits in it cannot be written: Python would complain of it on the way out."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def report_result(result: "Result", *, as_json: bool, to_stdout: bool, print0: bool = False) -> None:
    """Print a result: a line, one of JSON, or its path and a NUL; on stderr what went wrong."""
    for note in result.notes:
        say(f"{result.input}: {note}")
    if as_json:
        fields = asdict(replace(result, error=None, traceback=None))
        del fields["traceback"]  # for people, with --verbose
        if result.error is not None:
            fields |= {"error": result.error.for_terminal, "kind": type(result.error).__name__}
        write_stdout(json.dumps(fields) + "\n")
    if result.error is not None:
        if verbose_tracebacks() and result.traceback:
            say_traceback(result.traceback)
        say(result.error.for_terminal)
    elif print0:
        write_stdout(f"{result.output}\0")
    elif not as_json:
        line = f"{result.input} -> {result.output or '-'}"
        if not result.planned:
            line += f"  {result.width}x{result.height}  {result.seconds:.2f} s"
        if result.score is not None:
            line += f"  closed {result.score.closed:.2f}"
        if result.skipped:
            line = f"{result.input} -> {result.output}  skipped, exists already"
        (say if to_stdout else put)(line)


def verbose_tracebacks() -> bool:
    """Whether the user asked for tracebacks."""
    return _verbose


def _set_verbose(wanted: bool) -> None:
    global _verbose
    _verbose = wanted


Verbose = Annotated[
    bool, typer.Option("--verbose", callback=_set_verbose, is_eager=True, help="Show the traceback of an error.")
]
ModelDir = Annotated[Path | None, declared_as(ModelOptions, "model_dir")]
