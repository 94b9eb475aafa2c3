"""A client's bytes to a Photo, with what is wrong with them told apart: no picture, too large, or damaged."""

import io

from arbitrary_nst import images
from arbitrary_nst.errors import PhotoError
from arbitrary_nst.hardware.decoding import check_decoding
from arbitrary_nst.images import Photo, kinds
from arbitrary_nst.images.opening import check_size
from arbitrary_nst.server.problems import Refused
from arbitrary_nst.session import Session


def check(session: Session, data: bytes, name: str) -> int:
    """How many pixels a picture has, by its header alone. Raises Refused for what is none or too large."""
    if not data:
        raise Refused("no-picture", f"{name}: the file is empty", "a picture")
    limits = session.options
    _, (width, height) = images.peek(io.BytesIO(data))
    try:
        check_size((width, height), name=name, max_pixels=limits.max_pixels)
    except PhotoError as exc:
        raise Refused("too-large", exc.what, "a smaller copy") from exc
    if kinds.kind_of(data[: kinds.HEAD]) is None:
        try:
            session.decode(data, name=name)  # says what it is instead
        except PhotoError as exc:
            raise Refused("no-picture", exc.what, exc.hint) from exc
    try:
        check_decoding(data, name=name, max_pixels=limits.max_pixels, max_memory=limits.max_memory)
    except PhotoError as exc:
        raise Refused("too-large", exc.what, "a smaller copy") from exc
    return width * height


def opened(session: Session, data: bytes, name: str) -> Photo:
    """The decoded picture. Raises Refused."""
    check(session, data, name)
    try:
        return session.decode(data, name=name)
    except PhotoError as exc:
        kind = "no-picture" if isinstance(exc.__cause__, ImportError) else "damaged"
        raise Refused(kind, exc.what, exc.hint) from exc
