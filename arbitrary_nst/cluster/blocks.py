"""Planned photos in blocks of about as many bytes, written as parts of the manifest before any is drawn."""

from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from arbitrary_nst.cluster import parts
from arbitrary_nst.cluster.destination import Destination
from arbitrary_nst.cluster.parts import PLANS, Row
from arbitrary_nst.files.output_folder import CLUSTERS
from arbitrary_nst.files.results import Result

PART_ROWS = 8192
FIRST_BYTES, LARGEST_BYTES = 4_000_000, 64_000_000  # of a block's photos: small ones first, so that all workers begin
MOST_PHOTOS = 256
WRITERS = 8  # threads; parts that wait to be written are few


class Blocks:
    """Takes planned photos and describes blocks of them: which part, from which row, how many rows and bytes."""

    def __init__(self, destination: Destination, run: str, workers: int) -> None:
        self._destination, self._run, self._workers = destination, run, workers
        self._writers = ThreadPoolExecutor(WRITERS, "part")
        self._writing: list[Future[None]] = []
        self._described: list[dict[str, Any]] = []
        self._part = self.pictures = 0
        self._rows: list[Row] = []  # of the part
        self._failed: list[Row] = []  # and what is not even begun
        self._failed_part = 0
        self._start = self._bytes = self._photos = 0  # of the block

    def add(self, rows: list[Row]) -> None:
        """Take a photo's rows. Raises PhotoError where a part cannot be written."""
        self.pictures += len(rows)
        self._rows += rows
        self._bytes += max(0, rows[0]["size"])
        self._photos += 1
        if self._bytes >= self._most_bytes() or self._photos >= MOST_PHOTOS:
            self._end_block()
            if len(self._rows) >= PART_ROWS:
                self._end_part()

    def fail(self, result: Result) -> None:
        """Take what failed already, for the manifest. Raises PhotoError where a part cannot be written."""
        row = {"input": result.input, "style_name": result.style, "state": parts.FAILED}
        self._failed.append(row | parts.fault_of(result.error, result.traceback))
        if len(self._failed) >= PART_ROWS:
            self._end_failed()

    def _end_failed(self) -> None:
        if self._failed:
            name = f"{CLUSTERS}/{self._run}-failed-{self._failed_part:05d}.parquet"
            self._submit(name, parts.table(self._failed, parts.done()))
        self._failed, self._failed_part = [], self._failed_part + 1

    def _most_bytes(self) -> int:
        """Each worker gets two small blocks, then two of twice the size, and so on."""
        doubled = len(self._described) // max(1, 2 * self._workers)
        return min(LARGEST_BYTES, FIRST_BYTES << min(doubled, 10))

    def _name(self) -> str:
        return f"{PLANS}/{self._run}-{self._part:05d}.parquet"

    def _end_block(self) -> None:
        count = len(self._rows) - self._start
        if count:
            block = len(self._described)
            self._described.append(
                {"block": block, "part": self._name(), "start": self._start, "count": count, "bytes": self._bytes}
            )
        self._start, self._bytes, self._photos = len(self._rows), 0, 0

    def _end_part(self) -> None:
        if self._rows:
            self._submit(self._name(), parts.table(self._rows, parts.planned()))
        self._rows, self._start, self._part = [], 0, self._part + 1

    def _submit(self, name: str, rows: Any) -> None:
        """Have a part written."""
        self._writing.append(
            self._writers.submit(lambda: self._destination.write(name, parts.encoded(rows), overwrite=False))
        )
        while len(self._writing) > WRITERS:
            self._writing.pop(0).result()

    def described(self) -> list[dict[str, Any]]:
        """The blocks, once all photos were taken and are written down. Raises PhotoError."""
        self._end_block()
        self._end_part()
        self._end_failed()
        for each in self._writing:
            each.result()
        return self._described

    def close(self) -> None:
        """Write no more."""
        self._writers.shutdown(cancel_futures=True)
