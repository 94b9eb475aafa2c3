"""What became of a photo: a Result, also where an error ended it."""

import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from arbitrary_nst.errors import EngineMemoryError, NSTError, PhotoError, internal

if TYPE_CHECKING:
    from arbitrary_nst.scores.score import Score


@dataclass(frozen=True)
class Result:
    """What became of one photo in one style.

    ``width`` and ``height`` are the written picture's, in px; ``seconds`` is what decoding, drawing and writing took
    together; a dry run has ``planned`` instead. ``score`` is there where it was asked for and a picture was made.
    ``error`` says what went wrong, its class of what kind it is; ``traceback`` where.
    """

    input: str
    style: str | None = None
    output: str | None = None
    width: int | None = None
    height: int | None = None
    seconds: float = 0.0
    model: str | None = None
    engine: str | None = None
    precision: str | None = None
    skipped: bool = False
    planned: bool = False
    notes: tuple[str, ...] = ()
    score: "Score | None" = None
    error: NSTError | None = None
    traceback: str | None = None


def failed(source: Path, exc: BaseException, style: str | None = None) -> Result:
    """The result of a photo that an error ended, whatever it was."""
    match exc:
        case NSTError():
            kind, what, hint = type(exc), exc.what, exc.hint
        case MemoryError():
            kind, what, hint = EngineMemoryError, "not enough memory", "{max_size}"
        case OSError():
            kind, what, hint = PhotoError, f"{exc.strerror or exc}", "check the disk, the path and its permissions"
        case _:
            kind, what, hint = NSTError, internal(exc).what, internal(exc).hint
    error = kind(what if str(source) in what else f"{source}: {what}", hint)
    return Result(str(source), style, error=error, traceback="".join(traceback.format_exception(exc)))
