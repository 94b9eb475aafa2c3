"""How far a run is: a bar on a terminal, and what to know at the end."""

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Any

from arbitrary_nst.cli.report import say

if TYPE_CHECKING:
    from arbitrary_nst.files.plan import Result

SHOWN = 10  # failures named again at the end


class Progress:
    """Counts results. Where stderr is a terminal it shows a bar: photos done, per second, time left, current file."""

    def __init__(self, total: int, *, shown: bool) -> None:
        self.failed = self._done = self._skipped = 0
        self._failures: list[str] = []
        self._slowest: Result | None = None
        self._began = time.monotonic()
        self._bar: Any = None
        if shown and total > 1 and sys.stderr.isatty():
            from rich import progress
            from rich.console import Console

            self._bar = progress.Progress(
                "{task.completed}/{task.total}", progress.BarColumn(), "{task.fields[speed]}",
                progress.TimeRemainingColumn(), "{task.fields[name]}",
                console=Console(stderr=True), transient=True,
                redirect_stdout=sys.stdout.isatty(),  # what goes to a file or a pipe is not the bar's business
            )  # fmt: skip
            self._task = self._bar.add_task("", total=total, speed="", name="")

    def __enter__(self) -> "Progress":
        """Show the bar."""
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()

    def count(self, result: "Result") -> None:
        """Take in a result."""
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
            self._bar.update(self._task, advance=1, speed=speed, name=result.input.replace("[", "\\["))

    def sum_up(self) -> None:
        """One line of what became of all, and one for those that failed."""
        seconds = time.monotonic() - self._began
        line = f"{self._done} done in {seconds:.1f} s, {self._skipped} skipped, {self.failed} failed"
        if self._slowest is not None:
            line += f"; slowest: {self._slowest.input}, {self._slowest.seconds:.1f} s"
        say(line)
        if self._failures:
            more = len(self._failures) - SHOWN
            say("failed: " + ", ".join(self._failures[:SHOWN]) + (f" and {more} more" if more > 0 else ""))
