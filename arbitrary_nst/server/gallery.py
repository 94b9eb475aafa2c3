"""The styles of a server: those built in, and those that clients add, which may be kept in a folder."""

import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from arbitrary_nst import images
from arbitrary_nst.errors import OptionError, PhotoError
from arbitrary_nst.images import library
from arbitrary_nst.options import DrawOptions, one_of
from arbitrary_nst.server.problems import Refused
from arbitrary_nst.server.receiving import check, opened
from arbitrary_nst.server.style_pictures import OWN_ID, StyleFolder, StylePicture, shown
from arbitrary_nst.server.uploads import Upload
from arbitrary_nst.session import Session
from arbitrary_nst.styles import Style
from arbitrary_nst.styles.files import decoded, encoded, is_style_file
from arbitrary_nst.styles.thumbnails import joined

MOST_OWN = 200  # styles that clients have added
MOST_READ = 64  # styles whose numbers are remembered
LARGEST = 2048  # px: of an own style's picture
THUMBNAIL = 192  # px


class Gallery:
    """Built-in styles by their names, own ones by ids of ours. Safe for threads.

    ``folder`` keeps own styles from one start to the next; ``notify`` is told of what lies there and cannot be read.
    """

    def __init__(self, session: Session, folder: Path | None, notify: Callable[[str], None]) -> None:
        self._session, self._notify = session, notify
        self._folder = None if folder is None else StyleFolder(folder)
        self._own = dict[str, StylePicture]()
        self._thumbnails = dict[str, bytes]()
        self._read = OrderedDict[tuple[str, Any, str], Style]()
        self._lock = threading.RLock()
        if self._folder is not None:
            self._own |= {picture.id: picture for picture in self._folder.read(MOST_OWN, notify)}

    def listed(self) -> list[dict[str, Any]]:
        """Every style, as JSON has it: own ones first, the newest at the top."""
        with self._lock:
            own = sorted(self._own.values(), key=lambda each: -each.created)
        told: list[dict[str, Any]] = [_told(each) for each in own]
        for name in library.style_names():
            told.append(
                _links({"id": name, "name": name, "description": library.description(name), "kind": "built-in"})
            )
        return told

    def get(self, name: str) -> StylePicture:
        """The style of a built-in name or an own one's id. Raises OptionError."""
        with self._lock:
            if (own := self._own.get(name)) is not None:
                return own
        if OWN_ID.fullmatch(name):
            raise OptionError("style: that own style is gone", "another of /api/v1/styles")
        one_of("style", name, library.style_names())
        return StylePicture(name, library.style_picture(name).read_bytes(), name)

    def style(self, picture: StylePicture, options: DrawOptions) -> Style:
        """What the model knows of it, read once for these options."""
        if picture.learnt is not None and (picture.learnt.seen or picture.is_bare):
            return picture.learnt
        key = picture.digest, options.style_size, options.style_crop
        with self._lock:
            style = self._read.get(key)
        if style is None:
            style = self._embedded(picture, options)  # not within the lock: a large picture holds up nobody else
        with self._lock:
            self._read[key] = style
            self._read.move_to_end(key)
            if len(self._read) > MOST_READ:
                self._read.popitem(last=False)
        return style

    def _embedded(self, picture: StylePicture, options: DrawOptions) -> Style:
        """As the model has learnt it, or as it reads its picture."""
        if picture.id in library.style_names():
            ready = self._session.ready_style(library.style_picture(picture.id), options)
            if ready is not None:
                return ready
        photo = opened(self._session, picture.data, picture.name)
        if picture.learnt is not None:
            return self._session.with_picture(picture.learnt, photo)
        return self._session.embed(photo, options, name=picture.name, origin=picture.digest)

    def thumbnail(self, name: str) -> bytes:
        """A small WebP of a style. Raises OptionError."""
        picture = self.get(name)
        if (made := self._thumbnails.get(picture.digest)) is None:
            photo = images.resize_longest(opened(self._session, picture.data, picture.name), THUMBNAIL)
            made = images.encode(photo, "webp", quality=80, metadata="strip").data
            self._thumbnails[picture.digest] = made
        return made

    def brought(self, upload: Upload) -> StylePicture:
        """A style that comes with a request: a picture, or a ``.style`` file. Raises Refused and OptionError."""
        if not is_style_file(Path(upload.name)):
            check(self._session, upload.data, upload.name)
            return StylePicture(upload.stem, upload.data)
        try:
            style = decoded(upload.data, name=upload.name)
            self._session.refuse_foreign(style, upload.name)
        except PhotoError as exc:
            raise Refused("damaged", exc.what, exc.hint) from exc
        return StylePicture(style.name, joined(style.thumbnails) or b"", learnt=style, is_bare=True)

    def file(self, name: str) -> tuple[str, bytes]:
        """The name and the bytes of a learnt style's ``.style`` file. Raises Refused and OptionError."""
        picture = self.get(name)
        if picture.learnt is None:
            raise Refused("state", "this style was not learnt", "its picture")
        return f"{picture.name}.style", encoded(picture.learnt)

    def prepared(self, upload: Upload, name: str | None = None) -> StylePicture:
        """A style of an uploaded picture, of a size that is worth keeping. Raises Refused."""
        photo = images.resize_longest(opened(self._session, upload.data, upload.name), LARGEST)
        data = images.encode(photo, "webp", quality=95, metadata="strip").data
        return StylePicture(shown(name or upload.stem), data)

    def add(self, upload: Upload, name: str | None = None) -> dict[str, Any]:
        """Keep a style of a picture or a ``.style`` file. Raises Refused."""
        if is_style_file(Path(upload.name)):
            style = self.brought(upload)
            return self.keep(replace(style, name=shown(name or style.name)))
        return self.keep(self.prepared(upload, name))

    def keep(self, picture: StylePicture) -> dict[str, Any]:
        """Keep a style as it is, under an id of ours. Raises Refused where there are too many.

        What no folder takes, a full one, is kept as long as the server runs, and that is told in a ``note``.
        """
        picture = replace(picture, id=f"own-{secrets.token_hex(8)}", created=time.time())
        with self._lock:
            if len(self._own) >= MOST_OWN:
                raise Refused("state", f"there are {MOST_OWN} own styles already", "remove one first")
            self._own[picture.id] = picture
        try:
            if self._folder is not None:
                self._folder.save(picture)
        except (OSError, PhotoError) as exc:
            reason = getattr(exc, "strerror", None) or str(exc)
            self._notify(f"style {picture.name}: not kept in the folder of own styles ({reason})")
            return _told(picture) | {"note": "it is kept until the server ends: its folder of styles takes no more"}
        return _told(picture)

    def remove(self, name: str) -> None:
        """Remove an own style. Raises Refused."""
        with self._lock:
            picture = self._own.pop(name, None)
        if picture is None:
            built_in = name in library.style_names()
            raise Refused(*(("state", "a built-in style stays") if built_in else ("unknown", "no such style")))
        self._thumbnails.pop(picture.digest, None)
        if self._folder is not None:
            self._folder.remove(picture.id)


def _told(picture: StylePicture) -> dict[str, Any]:
    told = {"id": picture.id, "name": picture.name, "created": picture.created}
    if picture.learnt is None:
        return _links(told | {"kind": "own", "description": ""})
    file = f"/api/v1/styles/{picture.id}/file"
    return _links(told | {"kind": "learnt", "description": picture.learnt.learnt, "file": file})


def _links(told: dict[str, Any]) -> dict[str, Any]:
    return told | {"thumbnail": f"/api/v1/styles/{told['id']}/thumbnail"}
