"""What a refinement leaves behind to look at: its losses as a table and a plot, and the picture at a few steps."""

import csv
import io
import itertools
import os
import re
import stat
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from arbitrary_nst import images
from arbitrary_nst.errors import PhotoError
from arbitrary_nst.files.naming import choose_format, numbered
from arbitrary_nst.files.writing import write_atomically
from arbitrary_nst.hardware.own_folder import kept_in_our_cache
from arbitrary_nst.images.photo import Pixels
from arbitrary_nst.options import Existing
from arbitrary_nst.refinement.record import Step

COLUMNS = ("step", "scale", "seconds", "content", "style", "tv", "total")
TERMS = ("content", "style", "tv", "total")
TABLE, PLOT = "losses.csv", "losses.png"
_SNAPSHOT = re.compile(r"step_[0-9]{5,}\.png")
SNAPSHOTS = (0, 1 / 16, 1 / 4, 1 / 2, 1)  # of the way


def place(folder: Path, existing: Existing) -> Path:
    """The folder for a report under the policy for what exists; one that holds a report already is left as it is.

    Raises PhotoError with ``fail``; ``skip`` and ``rename`` take the next number. Only ``overwrite`` overwrites.
    """
    if existing == "overwrite" or not _holds_report(folder):
        if os.path.lexists(folder / TABLE) and not stat.S_ISREG(os.lstat(folder / TABLE).st_mode):
            raise PhotoError(f"{folder / TABLE}: is no file", "another {report}")
        return folder
    if existing == "fail":
        raise PhotoError(f"{folder}: holds a report already", "another {report}, or {existing=rename}")
    return next(each for number in itertools.count(2) if not _holds_report(each := numbered(folder, number)))


def _holds_report(folder: Path) -> bool:
    """Whether a file of a name that a report writes is there."""
    try:
        return any(name in (TABLE, PLOT) or _SNAPSHOT.fullmatch(name) for name in os.listdir(folder))
    except OSError:
        return False


class LossReport:
    """Writes ``losses.csv`` as it goes, ``step_00000.png`` at a few steps, and ``losses.png`` when closed."""

    def __init__(self, folder: Path, existing: Existing = "fail") -> None:
        """See ``place`` for ``existing``. Raises PhotoError, also where the curves cannot be drawn."""
        if find_spec("matplotlib") is None:
            raise PhotoError("report: its curves need matplotlib", "pip install 'arbitrary-nst[report]'")
        self._folder, self._steps = (folder := place(folder, existing)), list[Step]()
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as exc:
            raise self._unwritable(exc) from exc
        self._left = list(SNAPSHOTS)
        self._last: tuple[int, Pixels | Callable[[], Pixels]] | None = None
        self._add_line(COLUMNS, "w")

    def add(self, step: Step, picture: Pixels | Callable[[], Pixels]) -> None:
        """One line of the table; the picture if it is its turn. Raises PhotoError."""
        self._steps.append(step)
        self._add_line([getattr(step, column) for column in COLUMNS], "a")
        self._last = step.step, picture
        if self._left and step.share >= self._left[0]:
            self._left = [share for share in self._left if share > step.share]
            self._keep_last()

    def _keep_last(self) -> None:
        """Write the last picture seen, if it is not yet."""
        if self._last is not None:
            (step, picture), self._last = self._last, None
            seen = picture() if callable(picture) else picture
            write_picture(self._folder / f"step_{step:05d}.png", seen, through_link=False)

    def close(self) -> None:
        """Write the last picture, whatever ended the search, and draw the plot. Raises PhotoError."""
        self._keep_last()
        if self._steps:
            write_atomically(self._folder / PLOT, plot(self._steps), overwrite=True)

    def _add_line(self, cells: Sequence[Any], mode: Literal["w", "a"]) -> None:
        """A step takes long: between two the table is closed, so that whatever ends the refinement leaves it whole."""
        try:
            with (self._folder / TABLE).open(mode, newline="", encoding="utf-8") as file:
                csv.writer(file).writerow(cells)
        except OSError as exc:
            raise self._unwritable(exc) from exc

    def _unwritable(self, exc: OSError) -> PhotoError:
        return PhotoError(f"{self._folder}: cannot be written ({exc.strerror})", "another {report}")


def write_picture(path: Path, picture: Pixels, *, through_link: bool = True) -> None:
    """In the format of the suffix, PNG where there is none; whole or not at all. Raises PhotoError and OptionError."""
    encoded = images.encode(images.Photo(picture), choose_format("auto", "png", path))
    write_atomically(path, encoded.data, overwrite=True, through_link=through_link)


def plot(steps: list[Step]) -> bytes:
    """The weighted terms over the steps, the scales marked, as a PNG."""
    with kept_in_our_cache():
        from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.subplots()
    numbers = [step.step for step in steps]
    for term in TERMS:
        values = [getattr(step, term) for step in steps]
        if any(value > 0 for value in values):
            axes.plot(numbers, values, label=term, linewidth=2.2 if term == "total" else 1.2)
    for before, after in itertools.pairwise(steps):
        if before.scale != after.scale:
            axes.axvline(after.step, color="0.7", linestyle=":")
            axes.annotate(f" {after.scale} px", (after.step, 1), xycoords=("data", "axes fraction"), va="top")
    axes.set(xlabel="step", ylabel="loss, weighted", yscale="log")
    axes.legend()
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=120)
    return buffer.getvalue()
