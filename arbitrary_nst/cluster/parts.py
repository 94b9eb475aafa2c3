"""The manifest's parts, Parquet files below the output folder: what was planned, and what became of it.

``arbstyle.parquet/*.parquet`` hold a row for each picture that was made or failed; ``arbstyle.parquet/_plan/`` whose
each name is, written before anything is drawn. A part is written once and never changed. Its name begins with that of
its run, which sorts by time.
"""

import hashlib
import io
import json
import secrets
import time
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from arbitrary_nst.errors import NSTError
from arbitrary_nst.files.manifest import COMPUTED, Record
from arbitrary_nst.files.output_folder import CLUSTERS

PLANS = f"{CLUSTERS}/_plan"
DONE, SKIPPED, FAILED, FATAL = "done", "skipped", "failed", "fatal"  # what became of a row

Row = dict[str, Any]


@cache
def planned() -> pa.Schema:
    """What is to be done: a photo by its store's root and its path there, and the picture's name."""
    return pa.schema(
        {
            "root": pa.string(),
            "path": pa.string(),
            "size": pa.int64(),
            "mtime_ns": pa.int64(),
            "style": pa.int32(),
            "format": pa.string(),
            "output": pa.string(),
            "overwrite": pa.bool_(),
            "known_sha256": pa.string(),  # of the photo that the picture there was made of, where only that is unsure
        }
    )


@cache
def done() -> pa.Schema:
    """What became of a picture. The columns up to ``refining_precision`` are a local manifest's."""
    texts = ("input", "output", "style", "model", "settings", "refinement", *COMPUTED)
    return pa.schema(
        {
            **dict.fromkeys(texts, pa.string()),
            "sha256": pa.string(),
            "size": pa.int64(),
            "mtime_ns": pa.int64(),
            "made": pa.string(),
            "state": pa.string(),
            "style_name": pa.string(),
            "model_name": pa.string(),
            "width": pa.int32(),
            "height": pa.int32(),
            "seconds": pa.float64(),
            "notes": pa.list_(pa.string()),
            "score": pa.string(),
            "kind": pa.string(),  # of an error: its class
            "message": pa.string(),
            "hint": pa.string(),
            "traceback": pa.string(),
            "block": pa.int64(),
            "photo": pa.int32(),  # in its block
        }
    )


def run_name() -> str:
    """A name for this run that sorts after those of runs before it."""
    return f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}{time.time_ns() % 10**9 // 1000:06d}-{secrets.token_hex(3)}"


def run_of(name: str) -> str:
    """The run that a part is of."""
    return "-".join(name.rpartition("/")[2].split("-")[:2])


def table(rows: Iterable[Mapping[str, Any]], schema: pa.Schema) -> pa.Table:
    """Rows as a table; what a row lacks is null."""
    return pa.Table.from_pylist(list(rows), schema=schema)


def encoded(rows: pa.Table) -> bytes:
    """A part's bytes."""
    sink = io.BytesIO()
    parquet.write_table(rows, sink, compression="zstd")
    return sink.getvalue()


def decoded(data: bytes) -> pa.Table:
    """The rows of a part. Raises pyarrow's ArrowException for what is none."""
    return parquet.read_table(pa.BufferReader(data))


def made_digest(record: Record) -> str:
    """Of what a picture is made with besides its photo, and what computed it."""
    parts = [record.get(name) for name in ("style", "model", "settings", "refinement")]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]


def fault_of(error: NSTError | None, traceback: str | None) -> Row:
    """The columns that say what went wrong."""
    if error is None:
        return {}
    return {"kind": type(error).__name__, "message": error.what, "hint": error.hint, "traceback": traceback}


def texts_of(record: Record) -> Record:
    """What a picture is made with as the columns have it."""
    as_json = {name: record[name] and json.dumps(record[name], sort_keys=True) for name in ("settings", "refinement")}
    return {**record, **as_json, "made": made_digest(record)}
