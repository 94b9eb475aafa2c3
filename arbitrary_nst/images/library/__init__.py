"""The built-in styles: pictures of our own making, by name; scripts/samples/make_styles.py draws them."""

import tomllib
from functools import cache
from pathlib import Path

from arbitrary_nst.errors import OptionError

FOLDER = Path(__file__).resolve().parent
LEARNT = "learnt"  # the folder below it with learnt styles: learnt/MODEL/NAME.style


@cache
def _descriptions() -> dict[str, str]:
    return tomllib.loads((FOLDER / "styles.toml").read_text(encoding="utf-8"))


def style_names() -> tuple[str, ...]:
    """Every built-in style, as ``--style`` takes it: small letters and hyphens; paint first, then ink, craft, light."""
    return tuple(_descriptions())


def description(name: str) -> str:
    """What the style looks like, one line. Raises OptionError for a name that is none of style_names()."""
    if name not in _descriptions():
        from difflib import get_close_matches  # not at every start

        near = get_close_matches(name, style_names(), 3, 0.5)
        hint = ", or ".join(near) or f"one of {', '.join(style_names())}"
        raise OptionError(f"no built-in style is called {name!r}", hint)
    return _descriptions()[name]


def style_picture(name: str) -> Path:
    """The style's picture: a WebP file, 384 px square, opaque RGB. Raises OptionError as description does."""
    description(name)
    return FOLDER / f"{name}.webp"


def learnt_style(picture: Path, model: str) -> Path | None:
    """The file in which a model has learnt a built-in style, by its picture; None for any other, and where it has not.

    Whether it was this version of the model, the file says.
    """
    if picture.parent != FOLDER:
        return None
    path = FOLDER / LEARNT / model / f"{picture.stem}.style"
    return path if path.is_file() else None


def learnt_by(picture: Path) -> set[str]:
    """The models that have learnt a built-in style, by its picture."""
    return {path.parent.name for path in FOLDER.glob(f"{LEARNT}/*/{picture.stem}.style") if picture.parent == FOLDER}
