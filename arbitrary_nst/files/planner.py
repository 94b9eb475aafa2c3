"""Who plans: opens the styles, and loads the model before the first photo is read."""

import io
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from arbitrary_nst import images
from arbitrary_nst.errors import OptionError
from arbitrary_nst.files import naming, reading, scoring
from arbitrary_nst.files.find import Input
from arbitrary_nst.files.jobs import StyleInUse
from arbitrary_nst.files.plan import Plan
from arbitrary_nst.files.records import Fingerprint
from arbitrary_nst.files.settings import Settings
from arbitrary_nst.files.shares import StyleGiven
from arbitrary_nst.session import Session
from arbitrary_nst.styles import Style, blend, blended_name, normalised
from arbitrary_nst.styles.files import is_style_file


class Planner(Plan):
    """A plan whose styles it opens, and for which it loads what will be needed: a fault of theirs is no photo's."""

    def __init__(
        self,
        session: Session,
        photos: Sequence[Input],
        styles: Sequence[StyleGiven],
        settings: Settings,
        *,
        write: bool = True,
        several: bool = False,
    ) -> None:
        """``several``: more photos will come than are known now. Without ``write`` the folder is only looked at."""
        self._session, self._settings = session, settings
        several = several or len(photos) > 1 or len(styles) > 1 or any(photo.in_folder for photo in photos)
        if settings.in_place and len(styles) > 1:
            raise OptionError("in place: takes one style", "without {in_place}")
        if several and settings.refinement is not None and settings.refinement.start is not None:
            raise OptionError("init: a file begins one picture", "one photo and one style, or {existing=skip}")
        if settings.mask or settings.regions:
            session.check(settings, _only_size(photos))
        folder = output_folder(settings, several)
        if settings.score:
            scoring.refuse_unscored(styles, session, settings)
        opened = [self._open_style(style) for style in styles]
        refining_precision = None
        if settings.refinement is not None:
            session.vgg19(settings.refinement)
            refining_precision = session.refining_precision
        if any(style.code is not None for style in opened):
            _ = session.engine
        fingerprint = Fingerprint(session, settings, refining_precision)
        super().__init__(
            opened, settings, folder, fingerprint, session.tell, max_pixels=session.options.max_pixels, write=write
        )

    def _open_style(self, style: StyleGiven) -> StyleInUse:
        if not isinstance(style, Mapping):
            return self._open_one(style)
        opened = [(self._open_one(each), share) for each, share in normalised(style).items()]
        pictures = [(picture, part * share) for each, share in opened for picture, part in each.pictures]
        codes = {each.code: share for each, share in opened if each.code is not None}
        if codes:
            code = blend(codes)
            return StyleInUse(code.name, code, pictures, _identity(code))
        parts = sorted(f"{each.sha256} {share:.9g}" for each, share in opened)
        name = blended_name({each.name: share for each, share in opened})
        return StyleInUse(name, None, pictures, reading.sha256_of("\n".join(parts).encode()))

    def _open_one(self, style: Style | Path) -> StyleInUse:
        refinement = self._settings.refinement
        if isinstance(style, Style) or is_style_file(style):
            if refinement is not None:
                what = f"style {style.name}" if isinstance(style, Style) else style
                raise OptionError(f"{what}: refinement needs the picture itself", "{style} with its picture")
            kept = style if isinstance(style, Style) else self._session.load_style(style)
            return StyleInUse(kept.name, kept, (), _identity(kept))
        data = self._read(style)
        whole = self._session.decode(data, name=str(style))
        picture = self._session.trimmed(whole, self._settings, style.stem)
        if refinement is not None and not refinement.begins_stylized:  # the model has no part in it
            return StyleInUse(style.stem, None, ((picture, 1.0),), reading.sha256_of(data))
        code = self._session.ready_style(style, self._settings, whole)
        code = code or self._session.embed(picture, self._settings, name=style.stem, origin=reading.sha256_of(data))
        is_seen = refinement is not None or self._settings.score
        return StyleInUse(code.name, code, ((picture, 1.0),) if is_seen else (), _identity(code))

    def _read(self, path: Path) -> bytes:
        return reading.read_photo_bytes(path, self._session.options.max_pixels)


def _identity(style: Style) -> str:
    """What tells a style from others: where it came from, or if that is not known, all that it draws by."""
    weights = sorted((style.weights or {}).items())
    return style.origin or reading.sha256_of(
        b"".join([style.numbers.tobytes(), *(array.tobytes() for _, array in weights)])
    )


def _only_size(photos: Sequence[Input]) -> list[tuple[int, int]]:
    """The width and height of the photo, where it is the only one and its header tells."""
    if len(photos) != 1:
        return []
    try:
        with reading.open_photo(photos[0].path) if photos[0].data is None else io.BytesIO(photos[0].data) as file:
            _, size = images.peek(file)
    except Exception:  # it is told when its turn comes
        return []
    return [size] if all(size) else []


def output_folder(settings: Settings, several: bool) -> Path | None:
    """The folder that ``output`` means; None where it is one file or not given.

    For one photo it is a file if it has a suffix, or is one already. Raises OptionError for several with a sink, a
    file or the name of one picture, and for a suffix that cannot be written.
    """
    output = settings.output
    if settings.sink is not None and several:
        raise OptionError("sink: takes one picture", "{output} a folder for several photos")
    if settings.sink is not None or output is None or os.path.isdir(output):
        return None if settings.sink is not None else output
    if not several:
        if output.suffix or os.path.lexists(output):
            naming.choose_format(settings.format, "jpg", output)
            return None
    elif os.path.lexists(output):
        raise OptionError(f"{output}: a file, and there are several pictures", "{output} a folder")
    elif images.suffix_format(output) is not None:
        raise OptionError(f"{output}: a picture's name, and there are several", "{output} a folder")
    return output
