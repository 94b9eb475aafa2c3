"""`arbstyle run --refine`: its options, how far it is, and `arbstyle recipes`."""

import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from arbitrary_nst.cli.report import LINE_S, Verbose, printable, put, say, write_stderr
from arbitrary_nst.errors import OptionError
from arbitrary_nst.options import BatchOptions, Opt, Options, RefineOptions, differing

if TYPE_CHECKING:
    from collections.abc import Callable

    from arbitrary_nst.files.loss_report import LossReport
    from arbitrary_nst.images.photo import Pixels
    from arbitrary_nst.options import Existing
    from arbitrary_nst.refinement.record import Step
    from arbitrary_nst.refinement.settings import Refinement

PREVIEW_S = 3.0  # between two previews

Refine = Annotated[
    bool,
    typer.Option(
        "--refine", help="Then optimise the picture with VGG19; slow and beautiful.", rich_help_panel="Refinement"
    ),
]


ReportFolder = Annotated[Path | None, Opt("Losses as a table and a plot, and some steps.", unit="FOLDER")]


@dataclass(frozen=True, kw_only=True)
class Watching(Options):
    """How a refinement is followed."""

    preview: Annotated[Path | None, Opt("The picture so far, every few seconds.", unit="FILE")] = None
    report: ReportFolder = None


def chosen(refinement: RefineOptions, *, wanted: bool) -> "Refinement | None":
    """How to refine, by these options; None where it is not ``wanted``."""
    if not wanted:
        return None
    from arbitrary_nst.refinement.settings import Refinement

    return Refinement.chosen_by(refinement)


def refuse_without(mode: str, hint: str, *groups: Options) -> None:
    """Raise OptionError for the first option that was given without what it belongs to."""
    for group in groups:
        for name in differing(group):
            raise OptionError(f"{name.replace('_', ' ')}: belongs to {mode}", f"{hint} with it")


def refuse_unused(refinement: RefineOptions, batch: BatchOptions, *others: Options) -> None:
    """Raise OptionError for an option of a refinement where none is made, but for the VGG19 that scores."""
    ours = replace(refinement, vgg_weights=None) if batch.score else refinement
    refuse_without("refinement", "{refine}", ours, *others)


def recipes(verbose: Verbose = False) -> None:
    """List the recipes of run --refine.

    What each weighs, how it goes about it, and where it comes from.
    """
    from arbitrary_nst.refinement.recipes import RECIPES

    for recipe in RECIPES.values():
        put(f"{recipe.name}: {recipe.source}")
        layers = ", ".join(f"{name} {weight:g}" for name, weight in recipe.style_layers.items())
        put(f"    content  {recipe.content_weight:g} x {recipe.content_loss} at {recipe.content_layer}")
        put(f"    style    {recipe.style_weight:g} x {recipe.style_loss} (Gram {recipe.gram_norm}) of {layers}")
        if recipe.tv_weight:
            put(f"    tv       {recipe.tv_weight:g} x sum of differences to the power of {recipe.tv_power}")
        put(f"    begins   with {recipe.init}, at {recipe.scales} scale(s)")
        put(f"    by       {recipe.optimizer}, {recipe.steps} steps, {recipe.pooling} pooling")


class Watch:
    """Follows refinements: a line on stderr, the preview, the report; use it as a context manager."""

    def __init__(
        self,
        preview: Path | None,
        report: Path | None,
        output: Path | None,
        *,
        several: bool,
        existing: "Existing" = "fail",
    ) -> None:
        """Raises PhotoError where the one report would overwrite another."""
        self._existing = existing
        if report is not None and not several:
            from arbitrary_nst.files.loss_report import place

            report = place(report, existing)
        self._preview, self._folder, self._output, self._several = preview, report, output, several
        self._report: LossReport | None = None
        self._seen = self._shown = -1e9
        self._drew = False

    def __enter__(self) -> "Watch":
        """Begin."""
        return self

    def __exit__(self, *_: object) -> None:
        """Leave no file open."""
        self._clear_line()
        self._report = None

    def end(self, name: str) -> None:
        """Finish the report of ``name``."""
        self._clear_line()
        if self._report is not None:
            report, self._report = self._report, None
            report.close()

    def _clear_line(self) -> None:
        if self._drew:
            write_stderr("\r\x1b[K")
            self._drew = False

    def __call__(self, name: str, step: "Step", picture: "Pixels | Callable[[], Pixels]") -> None:
        """Take in a step of the refinement that makes ``name``; a picture that takes time may come as a function."""
        if step.step == 0:
            self._clear_line()
            self._report = None  # of one that failed
            if self._folder is not None:
                from arbitrary_nst.files.loss_report import LossReport

                self._report = LossReport(
                    self._folder / self._below(name) if self._several else self._folder, self._existing
                )
        if self._report is not None:
            self._report.add(step, picture)
        now, last = time.monotonic(), step.step == step.last
        if self._preview is not None and (last or now - self._seen >= PREVIEW_S):
            from arbitrary_nst.files.loss_report import write_picture

            write_picture(self._preview, picture() if callable(picture) else picture)
            self._seen = now
        self._show(name, step, now)

    def _below(self, name: str) -> Path:
        """Where the report of one picture of several goes: as the picture lies in the output folder."""
        path = Path(name)
        if self._output is not None and path.is_relative_to(self._output):
            return path.relative_to(self._output)
        return Path(path.name)

    def _show(self, name: str, step: "Step", now: float) -> None:
        line = f"{name}: step {step.step}/{step.last} at {step.scale} px, loss {step.total:.5g}"
        if step.step:
            line += f", {step.seconds / step.step:.2f} s per step, {step.left:.0f} s left"
        if sys.stderr.isatty():
            write_stderr(f"\r\x1b[K{printable(line)}"[:200])
            self._drew = True
        elif now - self._shown >= LINE_S or step.step == step.last:
            say(line)
            self._shown = now
