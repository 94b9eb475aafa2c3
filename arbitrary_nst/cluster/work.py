"""A block of planned photos as `files.stream` takes them: fetched ahead, drawn, put where they were planned."""

import hashlib
import io
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from arbitrary_nst import images
from arbitrary_nst.cluster.parts import Row
from arbitrary_nst.cluster.plan import Made
from arbitrary_nst.cluster.shipped import Shipped
from arbitrary_nst.cluster.stores import Store
from arbitrary_nst.files import reading
from arbitrary_nst.files.find import Input
from arbitrary_nst.files.jobs import Job, Output, StyleInUse
from arbitrary_nst.files.results import Result, failed

FETCHED_AHEAD = 4  # photos, compressed as they are, beside those that the stream has decoded


def address_of(row: Row) -> str:
    """What people and manifests call a row's photo."""
    return f"{row['root']}/{row['path']}" if row["root"] else str(row["path"])


class Work:
    """The plans of some of a block's photos, each a list of rows, one for a style. It stands for a Planner."""

    def __init__(
        self, shipped: Shipped, photos: Mapping[int, Sequence[Row]], begin: Callable[[int], None], *, again: bool
    ) -> None:
        """``begin`` is told of each photo before anything is done with it. ``again``: a try before may have written."""
        self._shipped, self._photos, self._begin, self._again = shipped, photos, begin, again
        self._numbers = {Path(address_of(rows[0])): number for number, rows in photos.items()}
        self._order = {number: place for place, number in enumerate(photos)}
        self._fetched: dict[int, Future[bytes]] = {}
        self._waiting = iter(photos.items())
        self._fetchers = ThreadPoolExecutor(FETCHED_AHEAD, "fetch")
        self.sha256: dict[int, str] = {}  # of each photo that was read
        self.begun = 0

    @property
    def styles(self) -> Sequence[StyleInUse]:
        """Those in use."""
        return [made.style for made in self._shipped.styles]

    @property
    def inputs(self) -> list[Input]:
        """The photos for the stream."""
        return [Input(path) for path in self._numbers]

    def number(self, result: Result) -> int:
        """Which photo a Result is of."""
        return self._numbers[Path(result.input)]

    def plan(self, given: Input) -> Job:
        """What is to be done for a photo, whose bytes are here already."""
        number = self._numbers[given.path]
        rows = self._photos[number]
        self._begin(number)
        try:
            data = self._take(number)
            _, size = images.peek(io.BytesIO(data))
        except Exception as exc:
            return Job(given.path, [failed(given.path, exc, self._made(row).style.name) for row in rows])
        self.sha256[number] = hashlib.sha256(data).hexdigest()
        planned = [self._output(given.path, row, self.sha256[number]) for row in rows]
        self.begun += any(isinstance(each, Output) for each in planned)
        return Job(given.path, planned, size, data)

    def _made(self, row: Row) -> Made:
        return self._shipped.styles[row["style"]]

    def _output(self, source: Path, row: Row, sha256: str) -> Output | Result:
        style = self._made(row).style
        if row["known_sha256"] == sha256:
            return Result(str(source), style.name, row["output"], skipped=True)
        return Output(style, Path(row["output"]), row["format"], row["overwrite"] or self._again, None)

    def put(self, output: Output, data: bytes, sha256: str, *, whole: bool) -> None:
        """Write a picture. Raises PhotoError."""
        assert output.target is not None
        self._shipped.destination.write(output.target.as_posix(), data, overwrite=output.overwrite)

    def postponed(self, stop: Callable[[], bool]) -> list[Input]:
        """None: names are given out by one planner."""
        return []

    def close(self) -> None:
        """Fetch no more."""
        self._fetchers.shutdown(cancel_futures=True)

    def _take(self, number: int) -> bytes:
        """A photo's bytes; the next are fetched meanwhile. Raises PhotoError."""
        while len(self._fetched) <= FETCHED_AHEAD and (following := next(self._waiting, None)) is not None:
            self._fetched[following[0]] = self._fetchers.submit(self._fetch, following[1][0])
        return self._fetched.pop(number).result()

    def _fetch(self, row: Row) -> bytes:
        most = self._shipped.options.max_pixels
        if not row["root"]:
            return reading.read_photo_bytes(Path(row["path"]), most)
        return fetched(self._shipped.stores[row["root"]], row["path"], row["size"], most)


def fetched(store: Store, path: str, size: int, max_pixels: int) -> bytes:
    """A photo's bytes from a store; of a long one only if its header is that of a photo we take. Raises PhotoError."""
    if size <= reading.SHORT:
        return store.read(path)
    with store.open(path) as file:
        images.look(file, size, name=store.shown(path), max_pixels=max_pixels)
        return bytes(file.read())
