"""``-``: stdin as a photo, stdout as where one picture goes."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from arbitrary_nst.errors import OptionError, PhotoError

if TYPE_CHECKING:
    from arbitrary_nst.files.find import Input

STREAM = Path("-")


def with_stdin(photos: Sequence[Path]) -> "list[Path | Input]":
    """The photos with what comes from stdin read. Raises PhotoError."""
    from arbitrary_nst.files.find import Input

    if STREAM not in photos:
        return list(photos)
    try:
        given = Input(Path("stdin"), data=sys.stdin.buffer.read())
    except OSError as exc:
        raise PhotoError(f"stdin: cannot be read ({exc.strerror})", "a pipe, or a photo's path") from exc
    return [given if path == STREAM else path for path in photos]


def one_picture_only() -> OptionError:
    """The error where several would go to stdout."""
    return OptionError("-o -: stdout takes one picture", "{output} a folder for several photos")


def write_picture(data: bytes) -> None:
    """Write a picture's file to stdout."""
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()
