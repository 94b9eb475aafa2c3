"""What endpoints share: who asks, forms that are asked for once, and answers made of jobs."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from arbitrary_nst.server import problems
from arbitrary_nst.server.jobs import Job, Result
from arbitrary_nst.server.problems import Refused
from arbitrary_nst.server.shelf import Shelf
from arbitrary_nst.server.studio import Studio
from arbitrary_nst.server.uploads import Form

MOST_KEYS = 2000
LONGEST_KEY = 200
API = "/api/v1"
KEY = "idempotency-key"


class Desk:
    """Takes in requests for a studio."""

    def __init__(self, studio: Studio) -> None:
        self.studio = studio
        self._once = Shelf[tuple[str, "asyncio.Future[Any]"]](60 * studio.options.keep, MOST_KEYS)
        self._aside = asyncio.Semaphore(2)

    async def form(self, request: Request) -> Form:
        """The form of a request that is to be worked on. Raises Refused."""
        self.studio.check_ready()
        return await self.studio.intake.form(request)

    async def aside(self, work: Callable[[], Any]) -> Any:
        """Do what takes time beside the event loop, not too much of it at once."""
        async with self._aside:
            return await asyncio.to_thread(work)

    async def once(self, request: Request, form: Form, make: Callable[[], Awaitable[Any]]) -> Any:
        """What ``make`` returns, made once for each Idempotency-Key. Raises Refused for a key of another request."""
        key = request.headers.get(KEY)
        if key is None:
            return await make()
        if not 0 < len(key) <= LONGEST_KEY:
            raise Refused("option", "idempotency key: too long", f"up to {LONGEST_KEY} characters")
        digest = f"{request.url.path} {form.digest}"
        if (kept := self._once.get(key)) is not None:
            if kept[0] != digest:
                raise Refused("reused-key", "this Idempotency-Key came with another request", "a new key")
            return await asyncio.shield(kept[1])
        made = asyncio.ensure_future(make())
        self._once.put(key, (digest, made), 1)
        try:
            return await asyncio.shield(made)
        except Exception:
            self._once.pop(key)  # nothing was begun: it may be tried again
            raise

    async def begun(self, request: Request, form: Form, begin: Callable[[], Awaitable[Job]]) -> Job:
        """The job that ``begin`` begins, begun once for each Idempotency-Key."""
        if KEY not in request.headers:
            return await begin()

        async def name() -> str:
            return (await begin()).id

        return self.studio.board.get(await self.once(request, form, name))

    def told(self, job: Job) -> dict[str, Any]:
        """A job as JSON has it."""
        here = f"{API}/jobs/{job.id}"
        links = {"self": here, "events": f"{here}/events"}
        if job.result is not None:
            links["result"] = f"{here}/result"
        if job.preview is not None:
            links["preview"] = f"{here}/preview?number={job.previews}"
        left = self.studio.board.left(job)
        return {
            "id": job.id,
            "kind": job.kind,
            "state": job.state,
            "created": job.created,
            "waiting": self.studio.place(job) if job.state == "queued" else None,
            "progress": job.progress,
            "history": job.history,
            "result": None if job.result is None else _told(job.result),
            "error": job.error,
            "expires_in": None if left is None else round(left),
            "links": links,
            **job.made,
        }

    def accepted(self, job: Job) -> Response:
        """202, and where to look for more."""
        here = f"{API}/jobs/{job.id}"
        return JSONResponse(self.told(job), 202, {"Location": here, "Preference-Applied": "respond-async"})

    async def answer(self, request: Request, job: Job) -> Response:
        """The picture itself, once it is there. A client that leaves ends its job, unless it may ask again by a key."""
        over, gone = (asyncio.ensure_future(each) for each in (job.over(), _gone(request)))
        try:
            await asyncio.wait({over, gone}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            over.cancel()
            gone.cancel()
        if not job.is_over:
            if not job.is_kept:
                self.studio.stop(job)
            return problems.answer_to(Refused("stopped", "the client left"))
        answer = finished(job)
        if job.is_kept:
            answer.headers["Arbstyle-Job"] = job.id
        return answer


def finished(job: Job) -> Response:
    """The picture of a job, or why there is none."""
    if job.result is not None:
        return picture(job.result)
    if job.error is not None:
        return problems.answer(job.error)
    if job.is_over:
        return problems.answer_to(Refused("stopped", "the job was stopped before there was a picture"))
    return problems.answer_to(Refused("state", "there is no picture yet", "again when its state is done"))


def picture(result: Result) -> Response:
    """A picture's file."""
    stages = ", ".join(f"{stage};dur={1000 * seconds:.0f}" for stage, seconds in result.seconds.items())
    headers = {
        "Content-Disposition": f"inline; filename*=UTF-8''{quote(result.name, safe='')}",
        "Server-Timing": stages,
    }
    return Response(result.data, media_type=result.media_type, headers=headers)


def client_of(request: Request) -> str:
    """Who asks, for fairness alone: an address, and what tells clients at one address apart if they say so."""
    address = request.client.host if request.client else ""
    return f"{address} {request.headers.get('arbstyle-client', '')[:64]}"


def prefers_async(request: Request) -> bool:
    """Whether a job is wanted in place of the picture (RFC 7240)."""
    return "respond-async" in request.headers.get("prefer", "").lower()


def _told(result: Result) -> dict[str, Any]:
    width, height = result.size
    return {"width": width, "height": height, "bytes": len(result.data), "type": result.media_type,
            "name": result.name, "notes": list(result.notes),
            "seconds": {stage: round(seconds, 3) for stage, seconds in result.seconds.items()}}  # fmt: skip


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
