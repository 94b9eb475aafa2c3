"""What Ray runs on each worker: a model loaded once, and a block of photos at a time."""

import json
import os
import secrets
import time
import traceback
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import Any

from arbitrary_nst.cluster import parts
from arbitrary_nst.cluster.ledger import DEATHS
from arbitrary_nst.cluster.parts import Row
from arbitrary_nst.cluster.plan import addressed
from arbitrary_nst.cluster.shipped import Shipped
from arbitrary_nst.cluster.work import Work, address_of
from arbitrary_nst.errors import NSTError, PhotoError, internal
from arbitrary_nst.files.output_folder import CLUSTERS
from arbitrary_nst.files.results import Result, failed
from arbitrary_nst.files.stream import stylize_many

FLUSH_S = 30.0  # how long what became of pictures may stay unwritten, where a block takes that long


class Worker:
    """Draws blocks. It never raises: Ray would end the job, or try for ever; what is wrong is told in a row."""

    def __init__(self, shipped: "list[Any]", ledgers: list[Any], run: str) -> None:
        """``shipped``: the reference to a Shipped, in a list, so that it is fetched here and no part of the task."""
        import ray

        self._ledgers, self._run = ledgers, run
        self._fault: Row | None = None
        try:
            self._shipped: Shipped = ray.get(shipped[0])
            self._session, self._settings = self._shipped.unpack()
            if any(made.style.code is not None for made in self._shipped.styles):
                _ = self._session.engine
        except Exception as exc:
            self._fault = _fault(exc)

    def __call__(self, blocks: Any) -> Any:
        """Tables of what became of the blocks' pictures, which are described by rows as ``Blocks`` has them."""
        if self._fault is not None:
            return parts.table([self._fault], parts.done())
        rows: list[Row] = []
        try:
            for block in blocks.to_pylist():
                rows += self._draw(block)
        except Exception as exc:
            rows.append(_fault(exc))
        return parts.table(rows, parts.done())

    def _draw(self, block: Row) -> list[Row]:
        """Draw a block's photos, but those that a try before came to an end with."""
        import ray

        number, photos = block["block"], self._photos_of(block)
        ended, begun = ray.get(self._ledger(number).begin.remote(number))
        again, out = bool(ended or begun), _Out(self._shipped, self._run, number)
        out.add(row for rows in ended.values() for row in rows)
        left = {photo: rows for photo, rows in photos.items() if photo not in ended}
        for photo in [photo for photo in left if begun.get(photo, 0) >= DEATHS]:
            out.add(self._end(number, photo, [_fatal_photo(row, self._shipped) for row in left.pop(photo)]))
        together = [{photo: left.pop(photo)} for photo in list(left) if photo in begun]  # which one was it?
        for some in (*together, left):
            for rows in self._stream(number, some, again=again):
                out.add(rows)
        out.flush()
        return out.rows

    def _stream(self, block: int, photos: dict[int, list[Row]], *, again: bool) -> Iterator[list[Row]]:
        """Draw some photos: the rows of each, once it is done in all its styles."""
        import ray

        if not photos:
            return
        ledger = self._ledger(block)
        work = Work(
            self._shipped,
            photos,
            lambda photo: ray.get(ledger.step.remote(block, {}, [photo])),
            again=again,
        )
        made: dict[int, list[Row]] = {photo: [] for photo in photos}
        shipped = self._shipped
        try:
            for result in stylize_many(
                self._session, work.inputs, (), self._settings, planner=work, memory=shipped.memory
            ):
                photo = work.number(result)
                planned = photos[photo][len(made[photo])]
                made[photo].append(_row(result, planned, shipped, work.sha256.get(photo)))
                if len(made[photo]) == len(photos[photo]):
                    yield self._end(block, photo, made[photo])
        finally:
            work.close()

    def _end(self, block: int, photo: int, rows: list[Row]) -> list[Row]:
        """Have it known that a photo came to its end."""
        rows = [{**row, "block": block, "photo": photo} for row in rows]
        self._ledger(block).step.remote(block, {photo: rows}, [])
        return rows

    def _ledger(self, block: int) -> Any:
        return self._ledgers[block % len(self._ledgers)]

    def _photos_of(self, block: Row) -> dict[int, list[Row]]:
        """The planned rows of a block, by photo."""
        data = self._shipped.destination.read(block["part"])
        rows = parts.decoded(data).slice(block["start"], block["count"]).to_pylist()
        return {number: list(each) for number, (_, each) in enumerate(groupby(rows, key=address_of))}


class _Out:
    """The rows of a block, written as a part of the manifest at its end, and now and then before."""

    def __init__(self, shipped: Shipped, run: str, block: int) -> None:
        self._destination = shipped.destination
        self._name = f"{CLUSTERS}/{run}-{block:07d}"
        self._unwritten: list[Row] = []
        self._wrote = time.monotonic()
        self.rows: list[Row] = []

    def add(self, rows: Iterable[Row]) -> None:
        new = list(rows)
        self.rows += new
        # one that was there already, after all, is known by its photo as it is now
        self._unwritten += [{**row, "state": parts.DONE} if row["state"] == parts.SKIPPED else row for row in new]
        if time.monotonic() - self._wrote > FLUSH_S:
            self.flush()

    def flush(self) -> None:
        if self._unwritten:
            data = parts.encoded(parts.table(self._unwritten, parts.done()))
            self._destination.write(f"{self._name}-{secrets.token_hex(4)}.parquet", data, overwrite=True)
        self._unwritten, self._wrote = [], time.monotonic()


def _row(result: Result, planned: Row, shipped: Shipped, sha256: str | None) -> Row:
    """What became of a picture."""
    made = shipped.styles[planned["style"]]
    address = address_of(planned)
    result = addressed(result, address)
    state = parts.FAILED if result.error is not None else parts.SKIPPED if result.skipped else parts.DONE
    row = {
        **parts.texts_of(made.record),
        "input": address,
        "output": planned["output"],
        "size": planned["size"],
        "mtime_ns": planned["mtime_ns"],
        "sha256": sha256,
        "state": state,
        "style_name": made.style.name,
        "model_name": result.model,
        "width": result.width,
        "height": result.height,
        "seconds": result.seconds,
        "notes": list(result.notes),
        "score": None if result.score is None else json.dumps(asdict(result.score)),
    }
    if result.engine is not None:
        row |= {"engine": result.engine, "precision": result.precision}
    return row | parts.fault_of(result.error, result.traceback)


def _fatal_photo(planned: Row, shipped: Shipped) -> Row:
    """The row of a photo that is left out, since workers died of it."""
    address = address_of(planned)
    what = f"{address}: {DEATHS} workers died while they had it in hand; left out"
    exc = PhotoError(what, "a smaller {max_size}, or look at the file")
    result = failed(Path(address), exc, shipped.styles[planned["style"]].style.name)
    return _row(result, planned, shipped, None)


def _fault(exc: Exception) -> Row:
    """What ends the whole run, as a row."""
    error = exc if isinstance(exc, NSTError) else internal(exc)
    where = os.uname().nodename if hasattr(os, "uname") else "a worker"
    told = parts.fault_of(error, "".join(traceback.format_exception(exc)))
    return {"state": parts.FATAL, **told, "message": f"{error.what} (on {where})"}
