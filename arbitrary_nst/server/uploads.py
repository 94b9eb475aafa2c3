"""A request's body: read whole into memory, within limits of bytes, parts and time, before anything is done for it."""

import asyncio
import hashlib
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from urllib.parse import parse_qsl

from python_multipart.exceptions import FormParserError
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

from arbitrary_nst.server.problems import Refused
from arbitrary_nst.server.settings import BODY_S, LONGEST_FIELD, MOST_FIELDS, MOST_UPLOADS

LONGEST_NAME = 100  # characters
# What no file system likes in a name, besides control characters.
_UNSAFE = str.maketrans(dict.fromkeys('/\\:*?"<>|', "-"))


@dataclass(frozen=True)
class Upload:
    """A file of a form: a name that is safe to show and to save under, and its bytes."""

    name: str
    data: bytes

    @property
    def stem(self) -> str:
        """The name without its suffix."""
        return PurePosixPath(self.name).stem


@dataclass(frozen=True)
class Form:
    """What a request brought. ``digest`` is equal for equal forms, whatever separates their parts."""

    fields: dict[str, list[str]] = field(default_factory=dict)
    uploads: dict[str, list[Upload]] = field(default_factory=dict)
    digest: str = ""

    def text(self, name: str) -> str | None:
        """The last value of a field that is given and not empty."""
        values = [value for value in self.fields.get(name, []) if value.strip()]
        return values[-1].strip() if values else None

    def upload(self, name: str) -> Upload | None:
        """The last file of a name; one that a page left empty is none."""
        files = [each for each in self.uploads.get(name, []) if each.data or each.name != "file"]
        return files[-1] if files else None

    def is_set(self, name: str) -> bool:
        """What a yes or no says, no where it is not given. Raises Refused."""
        return truth(name, self.text(name) or "false")


def truth(name: str, text: str) -> bool:
    """Yes or no. Raises Refused."""
    if text.lower() in ("true", "1", "yes", "on"):
        return True
    if text.lower() in ("false", "0", "no", "off"):
        return False
    raise Refused("option", f"{name.replace('_', ' ')} {text!r}: neither true nor false", "true or false")


def safe_name(given: str | None) -> str:
    """The last part of a name without what could lead anywhere or forge anything."""
    last = PurePosixPath((given or "").replace("\\", "/")).name
    kept = "".join(letter for letter in last if letter.isprintable()).translate(_UNSAFE).strip(" .")
    stem, dot, suffix = kept.rpartition(".")
    if dot and len(suffix) <= 10:
        return f"{stem[: LONGEST_NAME - len(suffix) - 1]}.{suffix}"
    return kept[:LONGEST_NAME] or "file"


class _InMemory(MultiPartParser):
    """Files stay in memory, whose bytes are limited: nothing of a client's reaches a disk."""

    spool_max_size = 2**40


class Intake:
    """Reads bodies: of at most ``longest`` bytes each, and four times that of all clients at once."""

    def __init__(self, longest: int) -> None:
        self.longest, self.most = longest, 4 * longest
        self._taken = 0

    async def form(self, request: Request) -> Form:
        """The form in a request's body. Raises Refused."""
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        stream = self._limited(request)
        try:
            async with asyncio.timeout(BODY_S):
                if kind == "application/x-www-form-urlencoded":
                    return await _kept(await _words(stream))
                if kind != "multipart/form-data":
                    raise Refused("no-picture", f"{kind or 'no content type'}: not a form", "multipart/form-data")
                parser = _InMemory(
                    request.headers, stream, max_files=MOST_UPLOADS, max_fields=MOST_FIELDS, max_part_size=LONGEST_FIELD
                )
                return await _kept(await parser.parse())
        except TimeoutError as exc:
            raise Refused("timeout", f"no whole request within {BODY_S:g} s", "a faster line, or less") from exc
        except MultiPartException as exc:
            too_many = exc.message.startswith(("Too many", "Part exceeded"))
            kind = "too-large" if too_many else "option"
            raise Refused(kind, f"the form cannot be read: {exc.message.rstrip('.')}", "multipart/form-data") from exc
        except (FormParserError, ValueError) as exc:
            raise Refused("option", "the form cannot be read", "multipart/form-data") from exc
        except ClientDisconnect as exc:
            raise Refused("stopped", "the client left") from exc
        finally:
            await stream.aclose()

    async def _limited(self, request: Request) -> AsyncGenerator[bytes, None]:
        """The body, a piece at a time. Raises Refused for too much of it, before it is read where that is told."""
        declared = request.headers.get("content-length", "")
        if declared.isdigit() and int(declared) > self.longest:
            raise self._too_large()
        own = 0
        try:
            async for piece in request.stream():
                own += len(piece)
                self._taken += len(piece)
                if own > self.longest:
                    raise self._too_large()
                if self._taken > self.most:
                    raise Refused("busy", "too many uploads at once", "again in a while", retry_after=5)
                yield piece
        finally:
            self._taken -= own

    def _too_large(self) -> Refused:
        return Refused("too-large", f"the request has more than {self.longest / 1e6:g} MB", "a smaller photo")


async def _words(stream: AsyncGenerator[bytes, None]) -> FormData:
    """The fields of a form without files. Raises ValueError, and Refused for too long a one."""
    data = bytearray()
    async for piece in stream:
        data += piece
        if len(data) > MOST_FIELDS * LONGEST_FIELD:
            raise Refused("too-large", "a form without files is not so long", "multipart/form-data")
    pairs = parse_qsl(data.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    return FormData([(name, value) for name, value in pairs])


async def _kept(parsed: FormData) -> Form:
    form, hashed = Form(), hashlib.sha256()
    for name, value in parsed.multi_items():
        hashed.update(f"{len(name)} {name} ".encode())
        if isinstance(value, UploadFile):
            data = await value.read()
            await value.close()
            form.uploads.setdefault(name, []).append(Upload(safe_name(value.filename), data))
            hashed.update(hashlib.sha256(data).digest())
        else:
            text = value
            form.fields.setdefault(name, []).append(text)
            hashed.update(f"{len(text)} {text} ".encode())
    return Form(form.fields, form.uploads, hashed.hexdigest())
