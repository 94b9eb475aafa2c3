"""A picture's score while it is on its way to a file."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from arbitrary_nst.errors import NSTError, OptionError
from arbitrary_nst.files.jobs import StyleInUse
from arbitrary_nst.files.settings import Settings
from arbitrary_nst.files.shares import StyleGiven
from arbitrary_nst.images import Photo
from arbitrary_nst.session import Session
from arbitrary_nst.styles.files import is_style_file

if TYPE_CHECKING:
    from arbitrary_nst.scores.score import Score


def refuse_unscored(given: Sequence[StyleGiven], session: Session, settings: Settings) -> None:
    """Raise ModelError without VGG19's weights, OptionError for a style that is not one picture: a Style, a blend."""
    session.judge(settings.vgg_weights)  # what is missing is not the first photo's fault
    for style in given:
        if not isinstance(style, Path) or is_style_file(style):
            name = getattr(style, "name", "blend")
            raise OptionError(f"style {name}: scores have to see one picture of it", "the path of the picture")


def scored(
    photo: Photo, style: StyleInUse, picture: Photo, session: Session, settings: Settings
) -> tuple["Score | None", Photo]:
    """The score, None where none is asked for, and the picture; with a note where it cannot be judged, which is no
    fault of the picture."""
    if not settings.score:
        return None, picture
    ((seen, _),) = style.pictures
    try:
        judge = session.judge(settings.vgg_weights)
        return judge.score(photo.pixels, seen.pixels, picture.pixels), picture
    except Exception as exc:
        reason = exc.what if isinstance(exc, NSTError) else f"{type(exc).__name__}: {exc}"
        return None, replace(picture, notes=(*picture.notes, f"not scored: {' '.join(reason.split())[:200]}"))
