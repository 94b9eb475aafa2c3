"""`arbstyle models export`: a model, or a style in it, as files for other runtimes."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from arbitrary_nst.cli.declare import takes_groups
from arbitrary_nst.cli.report import Verbose, put, say
from arbitrary_nst.errors import EngineError, OptionError
from arbitrary_nst.options import ModelFolder, ModelOptions, Offline, OnExisting, Opt, Options, TrustModel

if TYPE_CHECKING:
    from arbitrary_nst.session import Session
    from arbitrary_nst.styles import Style


@dataclass(frozen=True, kw_only=True)
class Exporting(Options):
    """What the files are, and which model they are made of."""

    format: Annotated[Literal["onnx"], Opt("Of the files.", short="-f")] = "onnx"
    existing: OnExisting = "fail"
    model_dir: ModelFolder = None
    offline: Offline = None
    trust_model: TrustModel = False


@takes_groups
def export(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME|FILE", help="magenta, lite or mini; a .style file, or a built-in style that mini has learnt."
        ),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FOLDER", help="Folder that the files go to.")],
    verbose: Verbose = False,
    how: Exporting = Exporting(),
) -> None:
    """Write a model as two ONNX files, one that reads styles and one that draws; a style as one that draws in it."""
    from arbitrary_nst.files import naming
    from arbitrary_nst.files.writing import make_folder, write_atomically
    from arbitrary_nst.session import Session

    style = _style(name)
    model = name if style is None else style.model_name
    where = {"model_dir": how.model_dir, "offline": how.offline, "trust_model": how.trust_model}
    session = Session(ModelOptions(model=model, **where), notify=say)  # type: ignore[arg-type]
    if style is not None:
        session.refuse_foreign(style, name)
    for file, data in _files(session, style).items():
        target = naming.settle(output / file, how.existing, None)
        if target is None:
            say(f"{output / file}: skipped, exists already")
            continue
        make_folder(target.parent)
        write_atomically(target, data, overwrite=how.existing == "overwrite")
        put(f"{target}  {len(data)} bytes")


def _style(name: str) -> "Style | None":
    """The style of a file, or the built-in one of that name; None for the name of a model."""
    from arbitrary_nst.images import library
    from arbitrary_nst.styles import Style
    from arbitrary_nst.styles.files import is_style_file

    if is_style_file(Path(name)):
        style = Style.load(Path(name))
        if not style.model_name:
            raise OptionError(f"{name}: does not say by name which model it is of", "make it anew")
        return style
    if name not in library.style_names():
        return None
    learnt = library.learnt_style(library.style_picture(name), "mini")
    if learnt is None:
        raise OptionError(
            f"{name}: a picture, which mini has not learnt", f"arbstyle style save {name} -o {name}.style"
        )
    return Style.load(learnt)


def _files(session: "Session", style: "Style | None") -> dict[str, bytes]:
    try:
        from arbitrary_nst.engines.onnx.export import exported, exported_style
    except ImportError as exc:
        raise EngineError(f"onnx: cannot be imported ({exc})", "pip install 'arbitrary-nst[onnx]'") from exc
    return exported(session.model) if style is None else exported_style(session.model, style)
