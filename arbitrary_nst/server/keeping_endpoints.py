"""``/styles`` and ``/photos``: what clients bring to be used again."""

from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from arbitrary_nst.options import DrawOptions, LearnOptions
from arbitrary_nst.refinement.teaching import refuse_unteachable
from arbitrary_nst.server import fields
from arbitrary_nst.server.desk import Desk, client_of
from arbitrary_nst.server.jobs import Job
from arbitrary_nst.server.photos import Kept
from arbitrary_nst.server.problems import Refused
from arbitrary_nst.server.receiving import check
from arbitrary_nst.server.style_pictures import StylePicture
from arbitrary_nst.server.uploads import Form, safe_name
from arbitrary_nst.server.work import Learning


class Styles:
    """The gallery: built-in styles and own ones."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._studio = desk, desk.studio

    async def listed(self, request: Request) -> Response:
        """Every style."""
        return JSONResponse({"styles": self._studio.gallery.listed()})

    async def thumbnail(self, request: Request) -> Response:
        """A style's picture, small."""
        name = request.path_params["id"]
        data = await self._desk.aside(lambda: self._studio.gallery.thumbnail(name))
        return Response(data, media_type="image/webp", headers={"Cache-Control": "private, max-age=86400"})

    async def file(self, request: Request) -> Response:
        """What was learnt, as the command keeps it."""
        name, data = await self._desk.aside(lambda: self._studio.gallery.file(request.path_params["id"]))
        headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(safe_name(name), safe='')}"}
        return Response(data, media_type="application/octet-stream", headers=headers)

    async def add(self, request: Request) -> Response:
        """Add a picture as a style, or with ``learn`` begin to learn it, which takes minutes."""
        form = await self._desk.form(request)
        learn = form.is_set("learn")
        others = ["picture", "name", "learn", *(["photo", "photo_id"] if learn else [])]
        fields.check_names(form, ["learn"] if learn else [], others)
        upload = form.upload("picture")
        if upload is None:
            raise Refused("option", "picture: there is none", "a style's picture as a file")
        if learn:
            return self._desk.accepted(await self._desk.begun(request, form, lambda: self._learn(request, form)))

        async def add() -> Any:
            return await self._desk.aside(lambda: self._studio.gallery.add(upload, form.text("name")))

        told = await self._desk.once(request, form, add)
        return JSONResponse(told, 201, {"Location": f"/api/v1/styles/{told['id']}"})

    async def remove(self, request: Request) -> Response:
        """Remove an own style."""
        name = request.path_params["id"]
        await self._desk.aside(lambda: self._studio.gallery.remove(name))
        return Response(status_code=204)

    async def _learn(self, request: Request, form: Form) -> Job:
        session, gallery = self._studio.session, self._studio.gallery
        upload = form.uploads["picture"][-1]
        how = fields.read_group(form, LearnOptions())
        refuse_unteachable(session.model.card, how.depth)
        photos = [Kept(each) for each in form.uploads.get("photo", []) if each.data]
        for each in photos:
            check(session, each.upload.data, each.upload.name)
        photos += [self._studio.photos.get(name) for name in form.fields.get("photo_id", []) if name]
        picture: StylePicture = await self._desk.aside(lambda: gallery.prepared(upload, form.text("name")))
        return self._studio.submit(
            Job("learn", client_of(request), Learning(session, gallery, picture, tuple(photos), how))
        )


class PhotosKept:
    """Photos that are uploaded once and drawn often."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._photos = desk, desk.studio.photos

    async def add(self, request: Request) -> Response:
        """Keep a photo for a while."""
        form = await self._desk.form(request)
        fields.check_names(form, [], ["photo"])
        upload = form.upload("photo")
        if upload is None:
            raise Refused("option", "photo: there is none", "a file as photo")

        async def add() -> str:
            kept: Kept = await self._desk.aside(lambda: self._photos.look(upload))
            self._photos.keep(kept)
            return kept.id

        told = self._photos.told(self._photos.get(await self._desk.once(request, form, add)))
        return JSONResponse(told, 201, {"Location": f"/api/v1/photos/{told['id']}"})

    async def show(self, request: Request) -> Response:
        """What it is, and how long it is kept."""
        return JSONResponse(self._photos.told(self._photos.get(request.path_params["id"])))

    async def picture(self, request: Request) -> Response:
        """The photo as a JPEG, upright, at most ``max_size`` px long."""
        kept = self._photos.get(request.path_params["id"])
        size = fields.read_group(Form(_query(request)), DrawOptions()).max_size
        data = await self._desk.aside(lambda: self._photos.picture(kept, size))
        return Response(data, media_type="image/jpeg", headers={"Cache-Control": "private, max-age=600"})

    async def remove(self, request: Request) -> Response:
        """Keep it no longer."""
        self._photos.get(request.path_params["id"])
        self._photos.shelf.pop(request.path_params["id"])
        return Response(status_code=204)


def _query(request: Request) -> dict[str, list[str]]:
    return {name: request.query_params.getlist(name) for name in request.query_params if name == "max_size"}
