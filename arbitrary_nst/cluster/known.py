"""What is known of the pictures in an output folder, by the manifest of earlier runs, those of `run` too.

A million pictures take about 0.3 GB: columns, and two sorted arrays of hashes to find a row by.
"""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from arbitrary_nst.cluster import parts
from arbitrary_nst.cluster.destination import Destination
from arbitrary_nst.errors import PhotoError
from arbitrary_nst.files import manifest
from arbitrary_nst.files.manifest import Record
from arbitrary_nst.files.output_folder import CLUSTERS

READERS = 16  # threads: most of the time they wait for the store
_TEXTS = ("input", "output", "made", "sha256", *manifest.COMPUTED)
_COLUMNS = (*_TEXTS, "size", "mtime_ns", "state")


class Remembered(NamedTuple):
    """What is known of a picture: of which photo it is, and if it ``is_whole`` what it was made of."""

    input: str
    is_whole: bool
    made: str | None
    sha256: str | None
    size: int | None
    mtime_ns: int | None
    computed: Record


class Known:
    """The rows of a manifest, the last of each output counting."""

    def __init__(self, rows: pa.Table) -> None:
        self._rows = rows
        self._outputs, self._inputs = _Index(rows["output"]), _Index(rows["input"])

    @classmethod
    def read(cls, destination: Destination) -> "Known":
        """All parts there are, and the manifest of `run`. Raises PhotoError where one cannot be read."""
        names = [name for name in destination.listed(CLUSTERS) if name.endswith(".parquet")]
        names.sort(key=lambda name: (parts.run_of(name), not name.startswith(parts.PLANS), name))
        with ThreadPoolExecutor(READERS) as readers:
            tables = list(readers.map(lambda name: _part(destination, name), names))
        return cls(pa.concat_tables([_of_run(destination), *tables]))

    @classmethod
    def nothing(cls) -> "Known":
        """Where nobody asks."""
        return cls(_schema().empty_table())

    def __len__(self) -> int:
        """How many rows."""
        return len(self._rows)

    def of(self, output: str) -> Remembered | None:
        """What is known of a picture."""
        row = self._last(self._outputs.rows(output), "output", output)
        if row is None:
            return None
        computed = {name: row[name] for name in manifest.COMPUTED}
        is_whole = row["state"] == parts.DONE
        return Remembered(
            row["input"], is_whole, row["made"], row["sha256"], row["size"], row["mtime_ns"], computed
        )  # fmt: skip

    def outputs_of(self, photo: str) -> list[str]:
        """The pictures that were ever said to be of this photo."""
        rows = (self._rows.slice(int(row), 1).to_pylist()[0] for row in self._inputs.rows(photo))
        return list(dict.fromkeys(row["output"] for row in rows if row["input"] == photo))

    def _last(self, rows: NDArray[np.int64], name: str, value: str) -> dict[str, Any] | None:
        for number in rows[::-1]:
            row: dict[str, Any] = self._rows.slice(int(number), 1).to_pylist()[0]
            if row[name] == value:
                return row
        return None


class _Index:
    """The rows in which a column has a value, by the value's hash."""

    def __init__(self, column: pa.ChunkedArray) -> None:
        hashes = (hash(each.as_py()) for chunk in column.chunks for each in chunk)
        unsorted = np.fromiter(hashes, np.int64, len(column))
        self._order = np.argsort(unsorted, kind="stable")
        self._hashes = unsorted[self._order]

    def rows(self, value: str) -> NDArray[np.int64]:
        """Their numbers, in order, and those of values with the same hash."""
        first, last = (np.searchsorted(self._hashes, hash(value), side) for side in ("left", "right"))
        return self._order[first:last]


def _schema() -> pa.Schema:
    return pa.schema([parts.done().field(name) for name in _COLUMNS])


def _part(destination: Destination, name: str) -> pa.Table:
    try:
        rows = parts.decoded(destination.read(name))
    except (pa.ArrowException, OSError) as exc:
        raise PhotoError(f"{destination.name(name)}: no part of a manifest ({str(exc)[:120]})", "remove it") from exc
    if name.startswith(parts.PLANS):
        photos = zip(rows["root"].to_pylist(), rows["path"].to_pylist(), strict=True)
        inputs = (f"{root}/{path}" if root else path for root, path in photos)
        return _announced(inputs, rows["output"])
    mask = pa.compute.equal(rows["state"], parts.DONE)
    return rows.filter(mask).select(list(_COLUMNS)).cast(_schema())


def _announced(inputs: Iterable[str], outputs: Any) -> pa.Table:
    given = {"input": pa.array(inputs, pa.string()), "output": outputs}
    return pa.table([given.get(name, pa.nulls(len(outputs), _schema().field(name).type)) for name in _COLUMNS],
                    schema=_schema())  # fmt: skip


def _of_run(destination: Destination) -> pa.Table:
    """What `arbstyle run` knows of a local folder."""
    try:
        data = b"" if destination.folder is None else (destination.folder / manifest.NAME).read_bytes()
    except OSError:
        data = b""
    rows = []
    for line in data.split(b"\n"):
        if (record := manifest.record_in(line)) is not None:
            made = parts.made_digest(record) if "style" in record else None
            rows.append({**record, "made": made, "state": parts.DONE if made else None})
    return parts.table(rows, _schema())
