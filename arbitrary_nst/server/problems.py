"""Errors as answers: a status, and application/problem+json (RFC 9457) with what was seen and what to do."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from starlette.responses import JSONResponse, Response

from arbitrary_nst.errors import (
    EngineError,
    EngineMemoryError,
    ModelError,
    NSTError,
    OptionError,
    PhotoError,
    as_fields,
    as_flags,
    options_in,
)
from arbitrary_nst.options import DrawOptions, EncodeOptions, LearnOptions, ModelOptions, RefineOptions, keywords

MEDIA_TYPE = "application/problem+json"
# The kind of a problem: its status and what it is called.
KINDS: dict[str, tuple[int, str]] = {
    "option": (400, "An option makes no sense"),
    "token": (401, "A token is needed"),
    "forbidden": (403, "Not from there"),
    "unknown": (404, "Not there"),
    "method": (405, "Not by this method"),
    "timeout": (408, "The request took too long to arrive"),
    "state": (409, "Not in this state"),
    "too-large": (413, "Too large"),
    "no-picture": (415, "Not a picture"),
    "misdirected": (421, "Called by another name"),
    "damaged": (422, "The picture cannot be read"),
    "reused-key": (422, "The key was used for another request"),
    "busy": (429, "Too much is waiting"),
    "stopped": (499, "Stopped"),
    "internal": (500, "An error of the server's own"),
    "engine": (500, "The engine failed"),
    "model": (503, "The model cannot be used"),
    "loading": (503, "The model is being loaded"),
    "stopping": (503, "The server is stopping"),
    "memory": (507, "Too little memory"),
}
SERVERS_OWN = ("model", "engine")  # kinds that no client can do anything about
_GROUPS = (DrawOptions, EncodeOptions, RefineOptions, LearnOptions)
FIELDS = {"refine", "learn"}.union(*(keywords(group()) for group in _GROUPS)) - {"vgg_weights"}
FLAGS = {"allow_host", "state", *keywords(ModelOptions())}  # of ``arbstyle serve``, as far as hints name them
_FOLDERS = re.compile(r"(?<![\w:/.])(?:[A-Za-z]:)?[/\\](?:[^\r\n/\\:;,'\"()]+[/\\])+")


class Refused(NSTError):
    """A request that is answered by a problem. ``retry_after`` is in seconds."""

    def __init__(self, kind: str, what: str, hint: str | None = None, *, retry_after: int | None = None) -> None:
        super().__init__(what, hint)
        self.kind, self.retry_after = kind, retry_after


def kind_of(exc: BaseException) -> str:
    """The kind of problem that an exception is."""
    match exc:
        case Refused():
            return exc.kind
        case EngineMemoryError() | MemoryError():
            return "memory"
        case OptionError():
            return "option"
        case PhotoError():
            return "damaged"
        case ModelError():
            return "model"
        case EngineError():
            return "engine"
    return "internal"


def problem(exc: BaseException, names: Mapping[Path, str] | None = None) -> dict[str, Any]:
    """What to tell of an exception, as JSON has it. ``names``: how the client calls files that are ours."""
    kind = kind_of(exc)
    status, title = KINDS[kind]
    what, hint = "something went wrong that is told in the server's log", None
    if isinstance(exc, NSTError):
        what, hint = exc.what, _hint(exc.hint or "", kind)
        if kind in SERVERS_OWN:
            what = without_folders(what)
    elif kind == "memory":
        what, hint = "out of memory", "a smaller max_size"
    for path, name in (names or {}).items():
        what = what.replace(str(path), name)
    told = {"type": f"urn:arbstyle:problem:{kind}", "title": title, "status": status, "detail": what, "kind": kind}
    return told | ({"hint": hint} if hint else {})


def _hint(hint: str, kind: str) -> str:
    """A hint for who only has a form: what there is no field for is for whoever runs the server, and told as such."""
    own, others = list[str](), list[str]()
    for part in filter(None, hint.split(", or ")):
        named = set(options_in(part))
        if kind in SERVERS_OWN or named - FIELDS or "pip install" in part:
            if named <= FLAGS:
                others.append(as_flags(without_folders(part)))
        else:
            own.append(as_fields(part))
    if others:
        own.append(f"(whoever runs the server) {others[0]}")
    return ", or ".join(own + others[1:])


def for_owner(exc: NSTError) -> str:
    """An error as whoever runs the server is told of it: with paths, and the flags that there are."""
    parts = [as_flags(part) for part in (exc.hint or "").split(", or ") if part and set(options_in(part)) <= FLAGS]
    return f"{exc.what}. Try: {', or '.join(parts)}" if parts else exc.what


def without_folders(text: str) -> str:
    """Paths of this machine with their last parts only: where things lie here is nobody's business."""
    return _FOLDERS.sub("", text)


def answer(told: Mapping[str, Any], retry_after: int | None = None) -> Response:
    """A problem as a response."""
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    if told["status"] == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="arbstyle"'
    return JSONResponse(dict(told), told["status"], headers, media_type=MEDIA_TYPE)


def answer_to(exc: BaseException) -> Response:
    """An exception as a response."""
    return answer(problem(exc), exc.retry_after if isinstance(exc, Refused) else None)
