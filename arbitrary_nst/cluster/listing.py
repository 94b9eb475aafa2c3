"""Which photos are meant, found one by one: in folders, stores and lists, each once."""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from arbitrary_nst.cluster.destination import Destination
from arbitrary_nst.cluster.stores import Address, Entry, Store, is_address, local, parsed
from arbitrary_nst.errors import OptionError, PhotoError
from arbitrary_nst.files.find import names_in, search
from arbitrary_nst.files.given import Own, is_named_as_made
from arbitrary_nst.files.left_out import LeftOut
from arbitrary_nst.images import kinds

TOGETHER = 1000  # paths of a list that a store is asked about at once
Note = Callable[[str], None]


class Found(NamedTuple):
    """A photo: the root of its store, "" for a local one, its path there, and where below its folder it lies.

    ``size``, in bytes, is -1 for what is not there, or cannot be asked about.
    """

    root: str
    path: str
    below: str = ""
    size: int = -1
    mtime_ns: int = 0

    @property
    def address(self) -> str:
        """What people and manifests call it."""
        return f"{self.root}/{self.path}" if self.root else self.path


class Sources:
    """What was given as photos: folders, files, patterns and addresses, and a list of more."""

    def __init__(self, given: Sequence[str], listed: Callable[[], Iterable[str]], stores: dict[str, Store]) -> None:
        """``listed`` gives the list's lines, each time anew. ``stores`` is filled with those that photos lie in."""
        self._local = [local(each) for each in given if not is_address(each)]
        self._remote = [parsed(each) for each in given if is_address(each)]
        self._listed, self._stores = listed, stores

    def find(self, destination: Destination, own: Own, note: Note, *, recursive: bool = True) -> Iterator[Found]:
        """The photos, those of local folders first. Raises OptionError as ``files.find.expand`` does."""
        seen = set[bytes]()
        for each in self._all(destination, own, note, recursive):
            digest = hashlib.blake2b(each.address.encode(errors="surrogateescape"), digest_size=16).digest()
            if digest not in seen:
                seen.add(digest)
                yield each

    def _all(self, destination: Destination, own: Own, note: Note, recursive: bool) -> Iterator[Found]:
        remote = [(self._store(address), address, self._entry(address)) for address in self._remote]
        far = sum(entry is not None and entry.is_folder for _, _, entry in remote)
        folders = [path for text in self._listed() if not is_address(text) and os.path.isdir(path := local(text))]
        near = sum(os.path.isdir(path) for path in self._local) + len(folders)
        output = destination.folder or Path(os.devnull)
        for each in search(
            self._local, listed=folders, recursive=recursive, output=output, note=note, several=far > 0 and near > 0
        ):
            if own.keeps(each):
                yield _here(each.path, each.below.as_posix() if each.in_folder else "")
        own.tell(note)
        left = LeftOut()
        walk = _Walk(destination, left, note, recursive=recursive)
        for store, address, entry in remote:
            if entry is None or not entry.is_folder:
                yield _there(store, address.path, entry)
            else:
                name = address.path.rpartition("/")[2] or address.host
                yield from walk.through(store, address, name if far + near > 1 else "")
        for line in left.lines():
            note(line)
        yield from self._of_list()

    def _entry(self, address: Address) -> Entry | None:
        store = self._store(address)
        entry = store.entry(address.path) if address.path else Entry("", True, 0, 0)
        if entry is None:
            store.refuse_closed(address.path)
        return entry

    def _store(self, address: Address) -> Store:
        return self._stores.setdefault(address.root, Store.of(address))

    def _of_list(self) -> Iterator[Found]:
        lines = iter(self._listed())
        while chunk := list(islice(lines, TOGETHER)):
            addresses = [parsed(text) for text in chunk if is_address(text)]
            there: dict[tuple[str, str], Entry | None] = {}
            for root in dict.fromkeys(each.root for each in addresses):
                mine = [each for each in addresses if each.root == root]
                paths = list(dict.fromkeys(each.path for each in mine))
                entries = self._store(mine[0]).entries(paths)
                there |= {(root, path): entry for path, entry in zip(paths, entries, strict=True)}
            for text in chunk:
                if is_address(text):
                    address = parsed(text)
                    yield _there(self._store(address), address.path, there[address.root, address.path])
                elif not os.path.isdir(path := local(text)):
                    yield _here(path, "")


def _here(path: Path, below: str) -> Found:
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return Found("", str(path.absolute()), below)
    return Found("", str(path.absolute()), below, status.st_size, status.st_mtime_ns)


def _there(store: Store, path: str, entry: Entry | None) -> Found:
    if entry is None or entry.is_folder:
        return Found(store.root, path)
    return Found(store.root, path, "", entry.size, entry.mtime_ns)


class _Walk:
    """The way through a store's folders, by the rules of the way through local ones."""

    def __init__(self, destination: Destination, left: LeftOut, note: Note, *, recursive: bool) -> None:
        self._destination, self._left, self._note, self._recursive = destination, left, note, recursive

    def through(self, store: Store, start: Address, name: str) -> Iterator[Found]:
        """The photos below an address; ``name`` is what it is mirrored under. Raises OptionError for the output."""
        if self._destination.address == (store.root, start.path):
            what = f"{start.shown}: is the output folder too"
            raise OptionError(what, f"another {{output}}, or {start.shown}/styled")
        yield from self._folder(store, start.path, name)

    def _folder(self, store: Store, folder: str, below: str) -> Iterator[Found]:
        entries = [each for each in store.listed(folder) if each.path != folder]
        stems = {PurePosixPath(each.path).stem for each in entries}
        made, folders = 0, list[str]()
        for each in entries:
            name = each.path.rpartition("/")[2]
            if each.is_folder:
                folders += [each.path] if not self._left.is_store_folder(name) and name[:1] != "." else []
            elif name[:1] != "." and self._takes(store, each.path):
                if is_named_as_made(name, stems):
                    made += 1
                else:
                    yield Found(store.root, each.path, below, each.size, each.mtime_ns)
        if made:
            self._note(
                f"{store.shown(folder)}: left out: {made}, made by arbstyle; name one to stylize it all the same"
            )
        for path in folders if self._recursive else ():
            if self._destination.address != (store.root, path):
                yield from self._folder(store, path, f"{below}/{path.rpartition('/')[2]}".lstrip("/"))

    def _takes(self, store: Store, path: str) -> bool:
        try:
            return self._left.takes(Path(path), lambda: store.head(path, kinds.HEAD))
        except PhotoError as exc:
            self._note(f"{exc.what}: skipped")
            return False


def lines_of(path: str | None) -> Callable[[], Iterator[str]]:
    """The photos that a list names, by its path or address; none without one.

    Raises OptionError where it cannot be read, PhotoError where it lies in a store that does not give it.
    """
    return (lambda: iter(())) if path is None else lines_in(_read(path), name=path)


def lines_in(data: bytes, *, name: str) -> Callable[[], Iterator[str]]:
    """Those of lines, or separated by NUL bytes, or of a column ``path`` of Parquet; ``name`` is for messages."""
    if data[:4] == b"PAR1":
        return lambda: _of_parquet(name, data)
    return lambda: names_in(data)


def _read(path: str) -> bytes:
    if is_address(path):
        address = parsed(path)
        return Store.of(address).read(address.path)
    try:
        return local(path).read_bytes()
    except OSError as exc:
        raise OptionError(f"{path}: cannot be read ({exc.strerror})", "check the path") from exc


def _of_parquet(path: str, data: bytes) -> Iterator[str]:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        file: Any = parquet.ParquetFile(pa.BufferReader(data))
        if "path" not in file.schema_arrow.names:
            there = ", ".join(file.schema_arrow.names)[:200]
            raise OptionError(f"{path}: has no column called path, but {there}", "that name for the one with paths")
        for batch in file.iter_batches(columns=["path"]):
            yield from (str(each) for each in batch.column(0).to_pylist() if each)
    except (pa.ArrowException, OSError) as exc:
        raise OptionError(f"{path}: no Parquet that can be read ({str(exc)[:120]})", "a list of paths") from exc
