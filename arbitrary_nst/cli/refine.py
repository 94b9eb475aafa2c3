"""`arbstyle run --refine`: its options, how far it is, and `arbstyle recipes`."""

import sys
import time
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from arbitrary_nst.cli.report import Verbose, refuse_without, say
from arbitrary_nst.errors import OptionError

if TYPE_CHECKING:
    from arbitrary_nst.files.naming import Existing
    from arbitrary_nst.images.photo import Pixels
    from arbitrary_nst.refinement.loss_report import LossReport
    from arbitrary_nst.refinement.refiner import Refinement, Step

PREVIEW_S = 3.0  # between two previews
LINE_S = 10.0  # between two lines of progress where stderr is no terminal

Refine = Annotated[bool, typer.Option("--refine", help="Then optimise the picture with VGG19; slow and beautiful.")]
RecipeName = Annotated[
    str | None, typer.Option("--recipe", metavar="NAME", help="What to optimise for; see `arbstyle recipes`.")
]
Steps = Annotated[int | None, typer.Option(min=1, metavar="N", help="Evaluations of the loss and its gradient.")]
TimeLimit = Annotated[float | None, typer.Option(metavar="SECONDS", help="Of refinement, per picture.")]
ContentWeight = Annotated[float | None, typer.Option(metavar="X", help="Weight of the photo's content.")]
StyleWeight = Annotated[float | None, typer.Option(metavar="X", help="Weight of the style.")]
TvWeight = Annotated[float | None, typer.Option(metavar="X", help="Weight of total variation; more is smoother.")]
Layers = Annotated[
    list[str] | None,
    typer.Option("--layer", metavar="NAME=X", help="Weight of a style layer, like block4_conv1=0.3; 0 leaves it out."),
]
OptimizerName = Annotated[Literal["adam", "lbfgs"] | None, typer.Option("--optimizer", help="What goes downhill.")]
InitName = Annotated[
    Literal["stylized", "photo", "noise", "style"] | None, typer.Option("--init", help="Picture to begin with.")
]
Seed = Annotated[int | None, typer.Option(min=0, metavar="N", help="Of --init noise.")]
PoolingName = Annotated[Literal["max", "average"] | None, typer.Option("--pooling", help="Of VGG19.")]
Scales = Annotated[
    str | None, typer.Option(metavar="auto|N", help="Sizes from coarse to fine, each 1.41 times the last.")
]
StyleScale = Annotated[
    float | None, typer.Option(metavar="X", help="The style's longest side, as a share of the picture's.")
]
VggWeights = Annotated[Path | None, typer.Option(metavar="FILE", help="VGG19's weights, .h5 without top.")]
Preview = Annotated[Path | None, typer.Option(metavar="FILE", help="The picture so far, every few seconds.")]
Report = Annotated[Path | None, typer.Option(metavar="FOLDER", help="Losses as a table and a plot, and some steps.")]


def build(
    refine: bool, recipe: str | None, layers: list[str] | None, scales: str | None, **given: Any
) -> "Refinement | None":
    """The Refinement that the options mean, or None without --refine. Raises OptionError."""
    given |= {"recipe": recipe, "layer": layers or None, "scales": scales}
    if not refine:
        refuse_without("refinement", "--refine", given)
        return None
    wanted = {name: value for name, value in given.items() if value is not None}
    from arbitrary_nst.refinement import recipes
    from arbitrary_nst.refinement.refiner import Refinement

    for watching in ("preview", "report"):
        wanted.pop(watching, None)
    how = {name: wanted.pop(name) for name in ("vgg_weights", "time_limit", "style_scale", "seed") if name in wanted}
    chosen = recipes.get(wanted.pop("recipe", "arbstyle"))
    if "layer" in wanted:
        wanted["style_layers"] = _layer_weights(dict(chosen.style_layers), wanted.pop("layer"))
    if "scales" in wanted:
        wanted["scales"] = _scales(wanted["scales"])
    return Refinement(chosen.with_changes(**wanted), **how)


def _layer_weights(weights: dict[str, float], given: list[str]) -> dict[str, float]:
    for each in given:
        name, _, number = each.partition("=")
        try:
            weights[name] = float(number)
        except ValueError as exc:
            raise OptionError(f"--layer {each}: no weight", "--layer block4_conv1=0.3") from exc
    return {name: weight for name, weight in weights.items() if weight != 0}


def _scales(text: str) -> int | Literal["auto"]:
    if text == "auto":
        return "auto"
    if not text.isdecimal():
        raise OptionError(f"--scales {text}: no number", "auto, or 1")
    return int(text)


def recipes(verbose: Verbose = False) -> None:
    """List the recipes of run --refine.

    What each weighs, how it goes about it, and where it comes from.
    """
    from arbitrary_nst.refinement.recipes import RECIPES

    for recipe in RECIPES.values():
        print(f"{recipe.name}: {recipe.source}")
        layers = ", ".join(f"{name} {weight:g}" for name, weight in recipe.style_layers.items())
        print(f"    content  {recipe.content_weight:g} x {recipe.content_loss} at {recipe.content_layer}")
        print(f"    style    {recipe.style_weight:g} x {recipe.style_loss} (Gram {recipe.gram_norm}) of {layers}")
        if recipe.tv_weight:
            print(f"    tv       {recipe.tv_weight:g} x sum of differences to the power of {recipe.tv_power}")
        print(f"    begins   with {recipe.init}, at {recipe.scales} scale(s)")
        print(f"    by       {recipe.optimizer}, {recipe.steps} steps, {recipe.pooling} pooling")


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
            from arbitrary_nst.refinement.loss_report import place

            report = place(report, existing)
        self._preview, self._folder, self._output, self._several = preview, report, output, several
        self._report: LossReport | None = None
        self._seen = self._shown = -1e9
        self._drew = False

    def __enter__(self) -> "Watch":
        """Begin."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Finish the report."""
        self._finish()

    def _finish(self) -> None:
        if self._drew:
            sys.stderr.write("\r\x1b[K")
            self._drew = False
        if self._report is not None:
            self._report.close()
            self._report = None

    def __call__(self, name: str, step: "Step", picture: "Pixels") -> None:
        """Take in a step of the refinement that makes ``name``."""
        if step.step == 0:
            self._finish()
            if self._folder is not None:
                from arbitrary_nst.refinement.loss_report import LossReport

                self._report = LossReport(
                    self._folder / self._below(name) if self._several else self._folder, self._existing
                )
        if self._report is not None:
            self._report.add(step, picture)
        now, last = time.monotonic(), step.step == step.last
        if self._preview is not None and (last or now - self._seen >= PREVIEW_S):
            from arbitrary_nst.refinement.loss_report import write_picture

            write_picture(self._preview, picture)
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
            sys.stderr.write(f"\r\x1b[K{line}"[:200])
            sys.stderr.flush()
            self._drew = True
        elif now - self._shown >= LINE_S or step.step == step.last:
            say(line)
            self._shown = now
