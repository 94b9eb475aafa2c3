"""``/jobs`` and ``/zip``: how far a job is, what came of it, and many pictures in one file."""

import asyncio
import io
import json
import zipfile
from collections.abc import AsyncIterator, Iterator
from pathlib import PurePosixPath

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from arbitrary_nst.server.desk import Desk, finished
from arbitrary_nst.server.jobs import Job, Result
from arbitrary_nst.server.problems import Refused
from arbitrary_nst.server.settings import EVENT_S

MOST_ZIPPED = 500
PAUSE_S = 0.1  # between events: a page has no use for more


class Jobs:
    """What clients ask of jobs, each by its id."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._studio = desk, desk.studio

    def _job(self, request: Request) -> Job:
        return self._studio.board.get(request.path_params["id"])

    async def show(self, request: Request) -> Response:
        """How far it is."""
        return JSONResponse(self._desk.told(self._job(request)))

    async def stop(self, request: Request) -> Response:
        """End it, with the best so far; of one that is over, forget the result."""
        job = self._job(request)
        if job.is_over:
            self._studio.board.forget(job)
            return Response(status_code=204)
        self._studio.stop(job)
        return JSONResponse(self._desk.told(job), 202)

    async def result(self, request: Request) -> Response:
        """The picture."""
        return finished(self._job(request))

    async def preview(self, request: Request) -> Response:
        """The picture so far, small."""
        job = self._job(request)
        if job.preview is None:
            raise Refused("state", "there is nothing to see yet", "again in a moment")
        return Response(job.preview, media_type="image/jpeg")

    async def events(self, request: Request) -> Response:
        """The job each time that something has changed, to its end (server-sent events)."""
        job = self._job(request)

        async def told() -> AsyncIterator[str]:
            yield "retry: 2000\n\n"
            while True:
                seen, is_over = job.version, job.is_over and job.is_put_away
                name = "end" if is_over else "progress"
                yield f"event: {name}\nid: {seen}\ndata: {json.dumps(self._desk.told(job))}\n\n"
                if is_over:
                    return
                while not await job.change(seen, EVENT_S):
                    yield ": still here\n\n"
                await asyncio.sleep(PAUSE_S)

        return StreamingResponse(told(), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})

    async def zip(self, request: Request) -> Response:
        """The pictures of several jobs, one after the other into one file."""
        names = [name for given in request.query_params.getlist("jobs") for name in given.split(",") if name]
        if not 0 < len(names) <= MOST_ZIPPED:
            raise Refused("option", f"jobs: {len(names)}", f"1 to {MOST_ZIPPED} ids, like jobs=ID,ID")
        results = [self._studio.board.get(name).result for name in names]
        pictures = [result for result in results if result is not None]
        if not pictures:
            raise Refused("state", "none of these jobs has a picture yet", "again when their state is done")
        headers = {"Content-Disposition": 'attachment; filename="styled.zip"'}
        return StreamingResponse(zipped(pictures), media_type="application/zip", headers=headers)


def zipped(results: list[Result]) -> Iterator[bytes]:
    """A ZIP file, a picture at a time; stored, as pictures are compressed already."""
    file = _Passing()
    taken = set[str]()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for result in results:
            archive.writestr(unique(result.name, taken), result.data)
            yield file.taken()
    yield file.taken()


def unique(name: str, taken: set[str]) -> str:
    """The name, with a number where it is taken already; small and capital letters are the same to some."""
    path, number, own = PurePosixPath(name), 1, name
    while own.lower() in taken:
        number += 1
        own = f"{path.stem}-{number}{path.suffix}"
    taken.add(own.lower())
    return own


class _Passing(io.RawIOBase):
    """A file that hands on what is written, and has no beginning to go back to."""

    def __init__(self) -> None:
        self._pieces = list[bytes]()

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        piece = bytes(data)  # type: ignore[call-overload]
        self._pieces.append(piece)
        return len(piece)

    def taken(self) -> bytes:
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)
