"""`arbstyle score`: how good pictures are, in numbers."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from arbitrary_nst.cli.declare import declared_as
from arbitrary_nst.cli.report import SOME_FAILED, ModelDir, Verbose, put, say, write_stdout
from arbitrary_nst.errors import PhotoError
from arbitrary_nst.options import ModelOptions, RefineOptions

if TYPE_CHECKING:
    from arbitrary_nst.scores.score import Score

COLUMNS = {
    "closed": "{:.2f}",
    "content": "{:.0f}",
    "closed_256": "{:.2f}",
    "content_256": "{:.0f}",
    "stripe": "{:.1f}",
    "stripe_worst": "{:.1f}",
    "mesh": "{:.4f}",
    "rings": "{:.1f}",
    "halo": "{:.0f}",
    "halo_width": "{:.0f}",
    "shift": "{:.0f}",
    "spread": "{:.1f}",
    "edges": "{:.2f}",
}


def score(
    photo: Annotated[Path, typer.Argument(metavar="PHOTO", help="The photo.")],
    style: Annotated[Path, typer.Argument(metavar="STYLE", help="The style picture, or the name of a built-in style.")],
    results: Annotated[
        list[Path], typer.Argument(metavar="RESULT...", help="Pictures of the photo in the style, whoever made them.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="One line of JSON per result.")] = False,
    vgg_weights: Annotated[Path | None, declared_as(RefineOptions, "vgg_weights")] = None,
    model_dir: ModelDir = None,
    offline: Annotated[bool | None, declared_as(ModelOptions, "offline")] = None,
    trust_model: Annotated[bool, declared_as(ModelOptions, "trust_model")] = False,
    verbose: Verbose = False,
) -> None:
    """Score pictures: how far they went to the style and from the photo, and what shows in them.

    `arbstyle help scores` tells what each number means. No model draws; VGG19's weights, 80 MB, are fetched once.
    """
    from arbitrary_nst import images
    from arbitrary_nst.stylizer import Stylizer

    stylizer = Stylizer(model_dir=model_dir, offline=offline, trust_model=trust_model, notify=say)
    judge = stylizer.judge(vgg_weights)  # first of all: without it nothing can be said
    seen, target = stylizer.read(photo), images.style_picture(stylizer.read_style(style, "a score"))
    failed, width = 0, max(len("result"), *(len(str(path)) for path in results))
    if not as_json:
        put("  ".join(["result".ljust(width), *COLUMNS]))
    for path in results:
        try:
            scored = judge.score(seen.pixels, target.pixels, stylizer.read(path).pixels, name=str(path))
        except PhotoError as exc:
            failed += 1
            say(exc.for_terminal)
            continue
        if as_json:
            named = {"photo": str(photo), "style": str(style), "result": str(path)}
            write_stdout(json.dumps(named | asdict(scored)) + "\n")
        else:
            put("  ".join([str(path).ljust(width), *_cells(scored)]))
    if failed:
        raise typer.Exit(SOME_FAILED)


def _cells(scored: "Score") -> Iterator[str]:
    for name, form in COLUMNS.items():
        value = getattr(scored, name)
        yield ("-" if value is None else form.format(value)).rjust(len(name))
