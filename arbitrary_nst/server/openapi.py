"""This API in OpenAPI's words, made of the option groups and a table of what can be asked for."""

from typing import Any

import arbitrary_nst
from arbitrary_nst.options import Option
from arbitrary_nst.presets import PRESETS
from arbitrary_nst.server import fields, problems

Schema = dict[str, Any]

_BINARY: Schema = {"type": "string", "format": "binary"}
_TYPES: dict[str, Schema] = {
    "file": _BINARY, "boolean": {"type": "boolean"}, "integer": {"type": "integer"}, "number": {"type": "number"},
    "weights": {"type": "array", "items": {"type": "string"}}, "choice": {"type": "string"}, "text": {"type": "string"},
    "regions": {"type": "array", "items": {"type": "string"}},
}  # fmt: skip


# What can be asked for: method, path, in a few words, the answers, the form or the query.
_ROUTES = (
    ("post", "/api/v1/stylize", "Draw a photo in a style", "200 picture, 202 job", "stylize"),
    ("get", "/api/v1/jobs/{id}", "How far a job is", "200 job", ""),
    (
        "delete",
        "/api/v1/jobs/{id}",
        "Stop a job, with the best so far; or forget its result",
        "202 job, 204 nothing",
        "",
    ),
    ("get", "/api/v1/jobs/{id}/events", "A job each time it changes", "200 events", ""),
    ("get", "/api/v1/jobs/{id}/result", "A job's picture", "200 picture", ""),
    ("get", "/api/v1/jobs/{id}/preview", "A job's picture so far, small", "200 picture", ""),
    ("get", "/api/v1/zip", "Pictures of several jobs", "200 zip", "?jobs"),
    ("post", "/api/v1/photos", "Upload a photo once, to draw it often", "201 object", "photo"),
    ("get", "/api/v1/photos/{id}", "An uploaded photo", "200 object", ""),
    ("delete", "/api/v1/photos/{id}", "Keep it no longer", "204 nothing", ""),
    ("get", "/api/v1/photos/{id}/picture", "The photo as a JPEG, upright", "200 picture", "?max_size"),
    ("get", "/api/v1/styles", "Every style", "200 object", ""),
    ("post", "/api/v1/styles", "Add a style of a picture", "201 object, 202 job", "style"),
    ("delete", "/api/v1/styles/{id}", "Remove an own style", "204 nothing", ""),
    ("get", "/api/v1/styles/{id}/thumbnail", "A style's picture, small", "200 picture", ""),
    ("get", "/api/v1/styles/{id}/file", "A learnt style, as the command keeps it", "200 file", ""),
    ("get", "/api/v1/options", "Every option, and the limits", "200 object", ""),
    ("get", "/api/v1/models", "Which models there are", "200 object", ""),
    ("get", "/api/v1/session", "Whether a token is needed, and was shown", "200 object", ""),
    ("post", "/api/v1/session", "Show the token once, for a cookie", "204 nothing", "token"),
    ("delete", "/api/v1/session", "Forget the cookie", "204 nothing", ""),
    ("get", "/api/v1/openapi.json", "This", "200 object", ""),
    ("get", "/healthz", "Whether it lives", "200 object", ""),
    ("get", "/readyz", "Whether it takes photos", "200 object", ""),
    ("get", "/metrics", "Numbers for Prometheus", "200 text", ""),
)


def document() -> Schema:
    """The whole description."""
    forms, paths = _forms(), dict[str, Schema]()
    for method, path, summary, answers, brings in _ROUTES:
        told: Schema = {"summary": summary, "responses": _responses(answers)}
        inside = [("id", "path")] if "{id}" in path else []
        inside += [(brings[1:], "query")] if brings.startswith("?") else []
        if brings in forms:
            schema = {"type": "object", "properties": forms[brings]}
            if "regions" in forms[brings]:
                schema["additionalProperties"] = _BINARY | {"description": "A file that regions names."}
            told["requestBody"] = {"content": {"multipart/form-data": {"schema": schema}}}
            inside += [(name, "header") for name in ("Idempotency-Key", "Prefer", "Arbstyle-Client")]
        told["parameters"] = [
            {"name": name, "in": place, "required": place == "path", "schema": {"type": "string"}}
            for name, place in inside
        ]
        paths.setdefault(path, {})[method] = told
    about = {"title": "arbstyle serve", "version": arbitrary_nst.__version__, "license": {"name": "Apache-2.0"},
             "description": "Artistic style transfer for photos."}  # fmt: skip
    return {
        "openapi": "3.1.0",
        "info": about,
        "paths": paths,
        "components": {
            "schemas": {"Job": _JOB, "Problem": _PROBLEM},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"token": []}, {}],
    }


def _forms() -> dict[str, Schema]:
    """The fields of each form."""
    return {
        "stylize": {
            "photo": _BINARY | {"description": "The photo, or in its place photo_id."},
            "photo_id": _text("A photo that was uploaded to /photos."),
            "style": _text("A built-in style's name, an own style's id, or a picture as a file. Several are blended."),
            "share": _text("Of each style, in their order, where there are several."),
            "preset": {"type": "string", "enum": list(PRESETS), "description": "Options by a name."},
            "refine": {"type": "boolean", "description": "Refine for minutes: answers 202 and a job."},
        } | _fields("draw", "encode", "refine"),
        "style": {
            "picture": _BINARY,
            "name": _text("What to call it."),
            "learn": {"type": "boolean", "description": "Learn it for minutes: answers 202 and a job."},
            "photo": _BINARY | {"description": "A photo to learn on; several may be given."},
            "photo_id": _text("An uploaded photo to learn on."),
        } | _fields("learn"),
        "photo": {"photo": _BINARY},
        "token": {"token": _text("The token.")},
    }  # fmt: skip


def _responses(answers: str) -> Schema:
    """Like ``200 picture, 202 job``, and a problem for all else."""
    told: Schema = {"default": _answer("What is wrong.", problems.MEDIA_TYPE, _ref("Problem"))}
    for each in answers.split(", "):
        status, what = each.split()
        told[status] = _ANSWERS[what]
    return told


def _fields(*groups: str) -> Schema:
    return {
        option.name: _schema(option, getattr(fields.GROUPS[group], option.name))
        for group in groups
        for option in fields.offered(type(fields.GROUPS[group]))
    }


def _schema(option: Option, default: Any) -> Schema:
    about, kind = option.about, fields.kind_of(option)
    schema: Schema = dict(_TYPES[kind])
    if kind in ("integer", "number"):
        bounds = {"minimum": about.least, "maximum": about.most}
        schema |= {name: bound for name, bound in bounds.items() if abs(bound) != float("inf")}
        if option.choices:
            schema = {"anyOf": [schema, {"type": "string", "enum": list(option.choices)}]}
    elif option.choices:
        schema["enum"] = list(option.choices)
        if fields.takes_file(option):
            schema = {"anyOf": [schema, _BINARY]}
    help = fields.help_of(option) + (f" Default: {about.unset}." if default is None and about.unset else "")
    return schema | {"description": help} | ({} if default is None else {"default": default})


def _answer(description: str, media_type: str | None = None, schema: Schema | None = None) -> Schema:
    return {"description": description} | ({"content": {media_type: {"schema": schema}}} if media_type else {})


def _text(description: str) -> Schema:
    return {"type": "string"} | ({"description": description} if description else {})


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


_ANSWERS = {
    "picture": _answer("The picture.", "image/*", _BINARY),
    "job": _answer("A job.", "application/json", _ref("Job")),
    "object": _answer("What there is.", "application/json", {"type": "object"}),
    "events": _answer("Events, each with a job.", "text/event-stream", _text("")),
    "zip": _answer("A ZIP file.", "application/zip", _BINARY),
    "file": _answer("A .style file.", "application/octet-stream", _BINARY),
    "text": _answer("Text.", "text/plain", _text("")),
    "nothing": _answer("Done."),
}
_PROBLEM: Schema = {
    "type": "object",
    "properties": {
        "type": _text(""), "title": _text(""), "status": {"type": "integer"}, "detail": _text("What was seen."),
        "hint": _text("What to do about it."), "kind": {"type": "string", "enum": list(problems.KINDS)},
    },
    "required": ["type", "title", "status", "detail", "kind"],
}  # fmt: skip
_JOB: Schema = {
    "type": "object",
    "properties": {
        "id": _text(""), "kind": {"enum": ["draw", "refine", "learn"]},
        "state": {"enum": ["queued", "running", "done", "failed", "stopped"]},
        "created": {"type": "number", "description": "Seconds since 1970."},
        "waiting": {"type": ["integer", "null"], "description": "About how many are before it."},
        "progress": {"type": ["object", "null"], "description": "step, last, scale in px, seconds, left, loss."},
        "history": {"type": "array", "description": "Pairs of a step and its loss."},
        "result": {"type": ["object", "null"], "description": "width, height, bytes, type, name, notes, seconds."},
        "style": {"type": "object", "description": "The style that was learnt."},
        "error": {"anyOf": [_ref("Problem"), {"type": "null"}]},
        "expires_in": {"type": ["integer", "null"], "description": "Seconds that the result is still kept."},
        "links": {"type": "object", "description": "self, events; result and preview where there are."},
    },
}  # fmt: skip
