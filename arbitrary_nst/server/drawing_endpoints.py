"""``/stylize``: a photo and a style to a picture, or to a job."""

import math

from starlette.requests import Request
from starlette.responses import Response

from arbitrary_nst.options import RefineOptions
from arbitrary_nst.refinement.settings import Refinement
from arbitrary_nst.server import fields
from arbitrary_nst.server.attached import Attached
from arbitrary_nst.server.desk import KEY, Desk, client_of, prefers_async
from arbitrary_nst.server.jobs import Job
from arbitrary_nst.server.photos import Kept
from arbitrary_nst.server.problems import Refused
from arbitrary_nst.server.receiving import check
from arbitrary_nst.server.style_pictures import StylePicture
from arbitrary_nst.server.uploads import Form, Upload
from arbitrary_nst.server.work import Asked, Drawing, Refining

OWN_FIELDS = ("photo", "photo_id", "style", "share", "preset", "refine")


class Stylize:
    """POST: draw a photo."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._studio = desk, desk.studio

    async def draw(self, request: Request) -> Response:
        """The picture; or 202 where it takes minutes, or a job is preferred."""
        form = await self._desk.form(request)
        refine = form.is_set("refine")
        groups = ["draw", "encode", *(["refine"] if refine else [])]
        fields.check_names(form, groups, OWN_FIELDS)

        job = await self._desk.begun(request, form, lambda: self._begin(request, form, refine))
        if refine or prefers_async(request):
            return self._desk.accepted(job)
        return await self._desk.answer(request, job)

    async def _begin(self, request: Request, form: Form, refine: bool) -> Job:
        styles = await self._desk.aside(lambda: self._styles(form))
        photo = self._photo(form)
        await self._desk.aside(lambda: self._check(photo.upload))
        draw, encode = fields.drawing(form), fields.read_group(form, fields.ENCODING)
        how = fields.read_group(form, RefineOptions()) if refine else None
        if how is not None and any(picture.is_bare for picture, _ in styles):
            raise Refused("option", "refine: needs a style's picture, not its file", "the picture")
        session, gallery = self._studio.session, self._studio.gallery
        files = Attached(form, self._check, gallery)
        try:
            draw = await self._desk.aside(lambda: files.drawing(draw, refine))
            how = how and files.refining(how)
            if how is not None:
                Refinement.chosen_by(how)  # what makes no sense is told now
            asked = Asked(photo, styles, draw, encode, files)
        except BaseException:
            files.close()
            raise
        work = Drawing(session, gallery, asked) if how is None else Refining(session, gallery, asked, how)
        is_kept = refine or prefers_async(request) or KEY in request.headers
        return self._studio.submit(Job("refine" if refine else "draw", client_of(request), work, is_kept))

    def _photo(self, form: Form) -> Kept:
        upload, name = form.upload("photo"), form.text("photo_id")
        if (upload is None) == (name is None):
            what = "photo: there is none" if upload is None else "photo: there are two"
            raise Refused("option", what, "a file as photo, or the photo_id of one that was uploaded")
        if upload is not None:
            return Kept(upload)
        return self._studio.photos.get(name or "")

    def _check(self, upload: Upload) -> None:
        check(self._studio.session, upload.data, upload.name)

    def _styles(self, form: Form) -> tuple[tuple[StylePicture, float], ...]:
        """The styles, each with its share; names before pictures."""
        pictures = [self._studio.gallery.get(name.strip()) for name in form.fields.get("style", []) if name.strip()]
        for upload in form.uploads.get("style", []):
            if upload.data:
                pictures.append(self._studio.gallery.brought(upload))
        if not pictures:
            raise Refused("option", "style: there is none", "a name of /api/v1/styles, or a picture as a file")
        shares = [_share(text) for text in form.fields.get("share", []) if text.strip()]
        if shares and len(shares) != len(pictures):
            raise Refused("option", f"share: {len(shares)} for {len(pictures)} styles", "one for each style")
        shares = shares or [1.0] * len(pictures)
        total = sum(shares)
        if not 0 < total < math.inf:
            raise Refused("option", "share: not all can be 0", "a number above 0 for the styles that count")
        whole: dict[StylePicture, float] = {}
        for picture, share in zip(pictures, shares, strict=True):
            whole[picture] = whole.get(picture, 0.0) + share / total
        return tuple((picture, share) for picture, share in whole.items() if share > 0)


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = math.nan
    if not 0 <= share < math.inf:
        raise Refused("option", f"share {text[:40]!r}: no share", "a number from 0 on, like 0.7")
    return share
