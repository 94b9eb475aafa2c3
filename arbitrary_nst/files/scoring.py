"""A picture's score while it is on its way to a file."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from arbitrary_nst.errors import NSTError, OptionError
from arbitrary_nst.files import reading
from arbitrary_nst.files.jobs import StyleInUse
from arbitrary_nst.files.settings import Settings
from arbitrary_nst.files.shares import StyleGiven
from arbitrary_nst.images import Photo
from arbitrary_nst.session import Session
from arbitrary_nst.styles.files import is_style_file

if TYPE_CHECKING:
    from arbitrary_nst.scores.score import Score


def with_pictures(
    used: Sequence[StyleInUse], given: Sequence[StyleGiven], session: Session, settings: Settings
) -> list[StyleInUse]:
    """The styles in use with the pictures they were given as, which scores compare with.

    Raises ModelError without VGG19's weights, OptionError for what is not one picture: a Style, a blend.
    """
    session.judge(settings.vgg_weights)  # what is missing is not the first photo's fault
    seen = []
    for style, source in zip(used, given, strict=True):
        if not isinstance(source, Path) or is_style_file(source):
            raise OptionError(f"style {style.name}: scores have to see one picture of it", "the path of the picture")
        data = reading.read_photo_bytes(source, session.options.max_pixels)
        seen.append(style._replace(pictures=style.pictures or ((session.decode(data, name=str(source)), 1.0),)))
    return seen


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
