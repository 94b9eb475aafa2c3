"""Photos that were uploaded once, to be drawn often: their files, and the last reduced copy for drafts."""

import secrets
import threading
from dataclasses import dataclass, field, replace
from typing import Any

from arbitrary_nst import images
from arbitrary_nst.images import Photo
from arbitrary_nst.server.problems import Refused
from arbitrary_nst.server.receiving import check, opened
from arbitrary_nst.server.shelf import Shelf
from arbitrary_nst.server.uploads import Upload
from arbitrary_nst.session import Session

DRAFT = 1600  # px: a reduced copy up to this is kept decoded, of about 31 MB
MOST_COPIES = 8  # of so many photos, those that were used last


@dataclass(eq=False)
class Kept:
    """A photo's file, and the copy that was last drawn from. Safe for threads."""

    upload: Upload
    size: tuple[int, int] = (0, 0)
    id: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    _copy: tuple[int, Photo] | None = None  # with its longest side, as is the last draft
    _draft: tuple[int, Photo] | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def cost(self, session: Session, max_size: int | None) -> int:
        """How many pixels are decoded to read it. Raises Refused for what is no picture, or too large."""
        copy = self._copy
        if copy is not None and max_size is not None and max_size <= copy[0]:
            return copy[0] ** 2
        return check(session, self.upload.data, self.upload.name)

    def drop_copy(self) -> None:
        """Let go of the decoded copy; it is made again when needed."""
        self._copy = self._draft = None

    def read(self, session: Session, max_size: int | None) -> Photo:
        """The decoded photo, reduced to ``max_size`` where that is a draft's. Raises Refused."""
        if max_size is None or max_size > DRAFT:
            return opened(session, self.upload.data, self.upload.name)
        with self._lock:
            if self._copy is None or self._copy[0] < max_size:
                whole = opened(session, self.upload.data, self.upload.name)
                self.size = whole.size
                self._copy = max_size, images.resize_longest(whole, max_size)
            if self._draft is None or self._draft[0] != max_size:
                self._draft = max_size, images.resize_longest(self._copy[1], max_size)
            return self._draft[1]


class Photos:
    """The photos that clients have uploaded, for a while after their last use."""

    def __init__(self, session: Session, seconds: float, most: int) -> None:
        self._session = session
        self.shelf = Shelf[Kept](seconds, most)

    def look(self, upload: Upload) -> Kept:
        """A photo, whose header is sound, with a small copy decoded. Takes time. Raises Refused."""
        check(self._session, upload.data, upload.name)
        kept = Kept(upload)
        kept.read(self._session, DRAFT)
        return kept

    def keep(self, kept: Kept) -> dict[str, Any]:
        """Keep it, and tell of it."""
        self.shelf.put(kept.id, kept, len(kept.upload.data))
        self._thin_out()
        return self.told(kept)

    def told(self, kept: Kept) -> dict[str, Any]:
        """A photo as JSON has it."""
        width, height = kept.size
        return {
            "id": kept.id,
            "name": kept.upload.name,
            "width": width,
            "height": height,
            "expires_in": round(self.shelf.left(kept.id)),
            "picture": f"/api/v1/photos/{kept.id}/picture",
        }

    def get(self, name: str) -> Kept:
        """The photo. Raises Refused where its time is over."""
        if (kept := self.shelf.get(name)) is None:
            raise Refused("unknown", "no such photo, or its time is over", "upload it again")
        self._thin_out()
        return kept

    def _thin_out(self) -> None:
        for kept in self.shelf.things()[:-MOST_COPIES]:
            kept.drop_copy()

    def picture(self, kept: Kept, max_size: int | None) -> bytes:
        """The photo upright, in sRGB, as a JPEG that every browser shows; transparent places on white."""
        photo = kept.read(self._session, max_size)
        if max_size is not None:
            photo = images.resize_longest(photo, max_size)
        return images.encode(replace(photo, notes=()), "jpg", quality=90, metadata="strip").data
