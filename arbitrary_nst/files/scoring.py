"""A picture's score while it is on its way to a file."""

from dataclasses import replace

from arbitrary_nst.errors import NSTError
from arbitrary_nst.files.jobs import StyleInUse
from arbitrary_nst.files.settings import Settings
from arbitrary_nst.images import Photo
from arbitrary_nst.scores.score import Score
from arbitrary_nst.session import Session


def scored(
    photo: Photo, style: StyleInUse, picture: Photo, session: Session, settings: Settings
) -> tuple[Score | None, Photo]:
    """The score, None where none is asked for, and the picture; with a note where it cannot be judged, which is no
    fault of the picture."""
    if not settings.score:
        return None, picture
    assert style.picture is not None
    try:
        judge = session.judge(settings.vgg_weights)
        return judge.score(photo.pixels, style.picture.pixels, picture.pixels), picture
    except Exception as exc:
        reason = exc.what if isinstance(exc, NSTError) else f"{type(exc).__name__}: {exc}"
        return None, replace(picture, notes=(*picture.notes, f"not scored: {' '.join(reason.split())[:200]}"))
