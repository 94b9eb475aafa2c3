"""How far a run is: a bar on a terminal, and what to know at the end."""

import sys
import time
from typing import TYPE_CHECKING, Any

from arbitrary_nst.cli.report import INTERNAL, SOME_FAILED, lost_lines, printable, say

if TYPE_CHECKING:
    from arbitrary_nst.files.results import Result

SHOWN = 10  # failures named again at the end


class Progress:
    """Counts results, of which there must be ``total``, or with ``limit`` those of so many photos in ``styles``.

    Where stderr is a terminal it shows a bar: pictures done, per second, time left, current file.
    """

    def __init__(self, total: int, *, shown: bool, limit: int | None = None, styles: int = 1) -> None:
        self.failed = self._done = self._skipped = 0
        self._total, self._limit, self._styles = total, limit, styles
        self._begun, self._photo = 0, ""  # photos with a picture that was not skipped, and the last of them
        self._failures: list[str] = []
        self._slowest: Result | None = None
        self._began = time.monotonic()
        self._bar: Any = None
        if shown and total > 1 and sys.stderr.isatty():
            from rich import progress
            from rich.console import Console

            self._bar = progress.Progress(
                "{task.completed}/{task.total}", progress.BarColumn(), "{task.fields[speed]}",
                progress.TimeRemainingColumn(),
                progress.TextColumn("{task.fields[name]}", markup=False),  # a name may look like markup
                console=Console(stderr=True), transient=True,
                redirect_stdout=sys.stdout.isatty(),  # what goes to a file or a pipe is not the bar's business
            )  # fmt: skip
            self._task = self._bar.add_task("", total=self._expected(), speed="", name="")

    def __enter__(self) -> "Progress":
        """Show the bar."""
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()

    def count(self, result: "Result") -> None:
        """Take in a result."""
        if not result.skipped and result.input != self._photo:
            self._begun, self._photo = self._begun + 1, result.input
        if result.error is not None:
            self.failed += 1
            self._failures.append(result.input)
        elif result.skipped:
            self._skipped += 1
        else:
            self._done += 1
            if self._slowest is None or result.seconds > self._slowest.seconds:
                self._slowest = result
        if self._bar is not None:
            speed = f"{self._done / (time.monotonic() - self._began):.2f}/s, {self.failed} failed"
            self._bar.update(self._task, advance=1, total=self._expected(), speed=speed, name=printable(result.input))

    def expect(self, total: int) -> None:
        """Say how many results there must be, where that is known only now."""
        self._total = total

    def line(self, seconds: float) -> str:
        """How far it is after so many seconds, in one line."""
        done = self._done + self._skipped + self.failed
        of = f"/{self._total}" if self._total else ""
        return f"{done}{of}, {self._done / max(seconds, 1e-9):.2f}/s, {self._skipped} skipped, {self.failed} failed"

    def _expected(self) -> int:
        """How many results are to come in all: a limit counts photos, and none that was skipped."""
        if self._limit is None:
            return self._total
        return min(self._total, self._limit * self._styles + self._skipped)

    @property
    def left(self) -> int:
        """How many pictures have no result. Below 0 there were too many."""
        return self._total - self._done - self._skipped - self.failed

    @property
    def is_limit_reached(self) -> bool:
        """Whether as many photos were done as were asked for."""
        return self._limit is not None and self._begun >= self._limit

    def sum_up(self) -> None:
        """One line of what became of all, and one for those that failed."""
        seconds = time.monotonic() - self._began
        line = f"{self._done} done in {seconds:.1f} s, {self._skipped} skipped, {self.failed} failed"
        if self.left > 0:
            line += f", {self.left} not begun"
        if self._slowest is not None:
            line += f"; slowest: {self._slowest.input}, {self._slowest.seconds:.1f} s"
        say(line)
        if self._failures:
            more = len(self._failures) - SHOWN
            say("failed: " + ", ".join(self._failures[:SHOWN]) + (f" and {more} more" if more > 0 else ""))

    def account(self, *, fail_fast: bool) -> int:
        """Check that every picture asked for was done, skipped or failed, or why not; the exit code."""
        if self.left and not (self.is_limit_reached or (fail_fast and self.failed)):
            say(f"internal error: {self.left} pictures more were asked for than accounted for. Try: the same again "
                "with --existing skip, and report this")  # fmt: skip
            return INTERNAL
        if lost_lines():
            say("stdout: not all lines could be written")
            return INTERNAL
        return SOME_FAILED if self.failed else 0
