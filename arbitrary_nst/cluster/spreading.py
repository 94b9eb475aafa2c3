"""Ray Data at work: blocks over a pool of actors, and what became of them as it comes."""

import contextlib
import json
from collections.abc import Iterator
from typing import Any

from arbitrary_nst import errors
from arbitrary_nst.cluster import joining, ledger, parts
from arbitrary_nst.cluster.destination import Destination
from arbitrary_nst.cluster.joining import Room
from arbitrary_nst.cluster.parts import Row
from arbitrary_nst.cluster.shipped import Shipped
from arbitrary_nst.cluster.worker import Worker
from arbitrary_nst.files.results import Result
from arbitrary_nst.scores.score import Score

AHEAD = 2  # blocks that a worker has: one in hand and one that waits


def results(
    ray: Any, blocks: list[dict[str, Any]], shipped: Shipped, room: Room, run: str, *, bars: bool
) -> Iterator[Result]:
    """A Result for each picture, as its block is done, in no order. Raises what ended the whole run."""
    seen = set[int]()
    spread = _from_within if ray.util.client.ray.is_connected() else tables
    for table in spread(ray, blocks, [ray.put(shipped)], room, run, bars=bars):
        rows = [row for row in table.to_pylist() if row["block"] not in seen]
        for row in rows:
            if row["state"] == parts.FATAL:
                raise _error(row)
            yield result_of(row, shipped.destination)
        seen |= {row["block"] for row in rows}


def tables(
    ray: Any, blocks: list[dict[str, Any]], shipped: list[Any], room: Room, run: str, *, bars: bool
) -> Iterator[Any]:
    """A table of rows for each block, which Ray Data hands to the workers and, where one died, to another."""
    books = ledger.started(room.workers)
    count = min(room.workers, len(blocks))
    pool = {"size": count} if room.fixed else {"min_size": 1, "max_size": count, "initial_size": count}
    with _configured(ray, bars=bars):
        spread = ray.data.from_items(blocks, override_num_blocks=len(blocks)).map_batches(
            Worker,
            batch_size=None,
            batch_format="pyarrow",
            fn_constructor_args=(shipped, books, run),
            compute=ray.data.ActorPoolStrategy(**pool, max_tasks_in_flight_per_actor=AHEAD),
            num_cpus=room.cpus,
            num_gpus=room.gpus or None,
            memory=room.memory,
        )
        for table in spread.iter_batches(batch_size=None, batch_format="pyarrow", prefetch_batches=0):
            yield table
            for block in table["block"].drop_null().unique().to_pylist():
                books[block % len(books)].forget.remote(block)


class _Conductor:
    """Ray Data at work inside the cluster, for who is joined to it as a client, which cannot drive it."""

    def __init__(self, blocks: list[dict[str, Any]], shipped: list[Any], room: Room, run: str) -> None:
        self._tables = tables(joining.import_ray(), blocks, shipped, room, run, bars=False)

    def next(self) -> Any:
        """The next table, None after the last."""
        return next(self._tables, None)


def _from_within(
    ray: Any, blocks: list[dict[str, Any]], shipped: list[Any], room: Room, run: str, *, bars: bool
) -> Iterator[Any]:
    """``tables``, driven by an actor of the cluster."""
    conductor = ray.remote(_Conductor).options(num_cpus=0).remote(blocks, shipped, room, run)
    while (table := ray.get(conductor.next.remote())) is not None:
        yield table


@contextlib.contextmanager
def _configured(ray: Any, *, bars: bool) -> Iterator[None]:
    """Ray Data's settings as they are to be here, and afterwards as they were."""
    context = ray.data.DataContext.get_current()
    wanted = {
        "enable_progress_bars": bars,
        "enable_rich_progress_bars": True,
        "use_ray_tqdm": False,
        "print_on_execution_start": False,
        "execution_no_progress_timeout_s": -1,  # a refinement of a large photo may take hours
    }
    before = {name: getattr(context, name) for name in wanted if hasattr(context, name)}
    try:
        for name in before:
            setattr(context, name, wanted[name])
        yield
    finally:
        for name, value in before.items():
            setattr(context, name, value)


def result_of(row: Row, destination: Destination) -> Result:
    """A row as the Result that a local run has."""
    error = _error(row) if row["kind"] else None
    return Result(
        row["input"],
        row["style_name"],
        None if error else destination.name(row["output"]),
        row["width"],
        row["height"],
        row["seconds"] or 0.0,
        row["model_name"],
        row["engine"] if row["model_name"] else None,
        row["precision"] if row["model_name"] else None,
        skipped=row["state"] == parts.SKIPPED,
        notes=tuple(row["notes"] or ()),
        score=row["score"] and Score(**json.loads(row["score"])),
        error=error,
        traceback=row["traceback"],
    )


def _error(row: Row) -> errors.NSTError:
    kind = getattr(errors, row["kind"], errors.NSTError)
    error: errors.NSTError = kind(row["message"], row["hint"] or None)
    return error
