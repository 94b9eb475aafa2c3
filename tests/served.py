"""A server's application around the fake engine, asked in process; and one of its own process on loopback."""

import asyncio
import json
import threading

import httpx
from fakes import fake_stylizer

from arbitrary_nst.server.app import make_app
from arbitrary_nst.server.settings import ServeOptions
from arbitrary_nst.server.studio import Studio

TOKEN = "a-token-of-sixteen-characters"


class Gate:
    """Holds the fake engine up: ``entered`` counts photos that it was given, ``open`` lets them through."""

    def __init__(self, engine):
        self.entered, self._open, works = threading.Semaphore(0), threading.Event(), engine.transform

        def transform(photo, numbers):
            self.entered.release()
            assert self._open.wait(30)
            return works(photo, numbers)

        engine.transform = transform

    def open(self):
        self._open.set()

    def wait(self):
        assert self.entered.acquire(timeout=10)


class Served:
    """A context manager; ``get``, ``post`` and ``delete`` are httpx's. ``start`` false leaves the model unloaded."""

    def __init__(self, *, token=None, start=True, stylizer=None, **options):
        self.said, self.log = [], []
        self.stylizer = stylizer or fake_stylizer()
        self.studio = Studio(self.stylizer, ServeOptions(**options), self.said.append)
        self.app = make_app(self.studio, token, self.log.append)
        self._start = start

    def __enter__(self):
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False, client=("127.0.0.1", 1234))
        self.client = httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8765", timeout=30)
        if self._start:
            self.studio.start()
            assert self.studio.loaded.wait(10)
        return self

    def __exit__(self, *exception):
        self.studio.close()
        self.run(self.client.aclose())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def begin(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    def run(self, coroutine):
        return self.begin(coroutine).result(30)

    def get(self, path, **more):
        return self.run(self.client.get(path, **more))

    def post(self, path, **more):
        return self.run(self.client.post(path, **more))

    def delete(self, path, **more):
        return self.run(self.client.delete(path, **more))

    def stylize(self, photo, **fields):
        return self.post("/api/v1/stylize", **form(photo, **fields))

    def over(self, job):
        """A job once it is over, by its events."""
        return events(self.get(f"/api/v1/jobs/{job['id']}/events").text)[-1][1]


def form(photo=None, *, name="photo.png", files=(), headers=None, **fields):
    """What httpx takes: a photo's bytes and fields, lists for several values."""
    uploads = [*([("photo", (name, photo))] if photo is not None else []), *files]
    fields = {"style": "mosaic"} | fields
    fields = {key: value for key, value in fields.items() if value is not None}
    return {"data": fields, "files": uploads, "headers": headers}


def events(text):
    """Pairs of a name and the job."""
    found = []
    for part in text.split("\n\n"):
        lines = dict(line.split(": ", 1) for line in part.splitlines() if ": " in line and line[0] != ":")
        if "event" in lines:
            found.append((lines["event"], json.loads(lines["data"])))
    return found
