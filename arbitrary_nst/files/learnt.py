"""Styles that a run learnt, kept in the cache: the same picture is not learnt twice by one model in the same way."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

from arbitrary_nst.errors import NSTError, PhotoError
from arbitrary_nst.files import reading
from arbitrary_nst.model_zoo import seals
from arbitrary_nst.model_zoo.store import learnt_dir
from arbitrary_nst.options import DrawOptions, LearnOptions, differing
from arbitrary_nst.session import Session
from arbitrary_nst.styles import Style
from arbitrary_nst.styles.files import write

WAY = 2  # of learning; styles of another way are learnt anew


class Kept:
    """Where the cache keeps what one model learns of one picture, however the photos differ that it learns on."""

    def __init__(self, session: Session, picture: Path, how: LearnOptions) -> None:
        """Raises PhotoError for a picture that cannot be read."""
        self._session, self._picture, self._how = session, picture, how
        self._data = reading.read_photo_bytes(picture, session.options.max_pixels)
        asked = [WAY, reading.sha256_of(self._data), session.model.digest, differing(how)]
        key = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
        self.path = learnt_dir() / f"{key[:40]}.style"

    def style(self) -> Style | None:
        """What is kept, under the picture's name; None where nothing is, or nothing that can be believed."""
        if not seals.ours_in_ours(self.path):
            return None
        try:
            kept = self._session.load_style(self.path)
        except NSTError:
            return None
        read_as = DrawOptions(style_size=self._how.style_size, style_crop=self._how.style_crop)
        photo = self._session.decode(self._data, name=str(self._picture))  # a file of a style holds no picture
        kept = self._session.with_picture(kept, photo, read_as, name=self._picture.stem)
        return replace(kept, name=self._picture.stem)

    def keep(self, style: Style) -> bool:
        """For the next run, and whether it is kept: a cache that cannot be written keeps nothing."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            write(style, self.path, 0o644)  # one that others can write is not believed
        except (OSError, PhotoError):
            return False
        return True
