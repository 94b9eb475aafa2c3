"""What a server tells of itself: whether it is ready, its options, models and numbers; and where a token is shown."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

import arbitrary_nst
from arbitrary_nst import model_zoo
from arbitrary_nst.refinement.teaching import LEARNING_MODELS
from arbitrary_nst.server import accounts, fields
from arbitrary_nst.server.desk import Desk
from arbitrary_nst.server.guard import COOKIE, Doorkeeper
from arbitrary_nst.server.openapi import document
from arbitrary_nst.server.problems import Refused
from arbitrary_nst.server.settings import LONGEST_FIELD, MOST_UPLOADS


class About:
    """Questions about the server."""

    def __init__(self, desk: Desk, doorkeeper: Doorkeeper) -> None:
        self._desk, self._studio, self._doorkeeper = desk, desk.studio, doorkeeper

    async def healthz(self, request: Request) -> Response:
        """It lives."""
        return JSONResponse({"status": "alive"})

    async def readyz(self, request: Request) -> Response:
        """It takes photos; 503 while the model is being loaded, and while stopping."""
        self._studio.check_ready()
        return JSONResponse({"status": "ready"})

    async def metrics(self, request: Request) -> Response:
        """Numbers for Prometheus."""
        return Response(self._studio.accounts.text(), media_type=accounts.MEDIA_TYPE)

    async def options(self, request: Request) -> Response:
        """Every option, so that a page can be built of them, and the server's limits."""
        session, options = self._studio.session, self._studio.options
        limits = {
            "body_bytes": options.max_body,
            "pixels": session.options.max_pixels,
            "files": MOST_UPLOADS,
            "field_bytes": LONGEST_FIELD,
            "queue": options.queue,
            "keep_seconds": 60 * options.keep,
            "hold_bytes": options.hold,
        }
        return JSONResponse(
            {
                "version": arbitrary_nst.__version__,
                "model": session.model.card.name if self._studio.state == "ready" else None,
                "can_learn": self._studio.state == "ready" and session.model.card.format in LEARNING_MODELS,
                "presets": fields.described_presets(),
                "groups": fields.described(),
                "limits": limits,
            }
        )

    async def models(self, request: Request) -> Response:
        """Which models there are, and which is in use."""
        session = self._studio.session
        rows = await self._desk.aside(lambda: model_zoo.list_models(session.options.model_dir))
        in_use = session.model.card.name if self._studio.state == "ready" else None
        told = [
            {"name": row.name, "state": row.state, "bytes": row.bytes, "licence": row.licence,
             "in_use": row.name == in_use}
            for row in rows
        ]  # fmt: skip
        return JSONResponse({"models": told})

    async def openapi(self, request: Request) -> Response:
        """This API in OpenAPI's words."""
        return JSONResponse(document())

    async def signed_in(self, request: Request) -> Response:
        """Whether a token is needed, and whether this request has shown it."""
        return JSONResponse(
            {"token_needed": self._doorkeeper.asks, "let_in": self._doorkeeper.lets_in(request.headers)}
        )

    async def sign_in(self, request: Request) -> Response:
        """Show the token once; a cookie stands for it from then on, which no script reads and no other site sends."""
        form = await self._studio.intake.form(request)
        if self._doorkeeper.asks and not self._doorkeeper.knows(form.text("token") or ""):
            raise Refused("token", "that is not the token", "the line in the server's token file")
        answer = Response(status_code=204)
        if self._doorkeeper.asks:
            secure = request.headers.get("x-forwarded-proto") == "https" or request.url.scheme == "https"
            answer.set_cookie(COOKIE, self._doorkeeper.cookie, httponly=True, samesite="strict", secure=secure)
        return answer

    async def sign_out(self, request: Request) -> Response:
        """Forget it."""
        answer = Response(status_code=204)
        answer.delete_cookie(COOKIE)
        return answer
