"""Where pictures go, with their manifest: a local folder, or one of a store."""

import contextlib
from pathlib import Path

from arbitrary_nst.cluster.stores import Store, is_address, local, parsed
from arbitrary_nst.errors import OptionError, PhotoError
from arbitrary_nst.files import writing
from arbitrary_nst.files.directory import Directory
from arbitrary_nst.files.leftovers import remove_left_over


class Destination:
    """The folder that pictures and their manifest go to: a local one, or one of a store. Names are relative to it."""

    def __init__(self, text: str) -> None:
        """Raises OptionError for an address that means nothing."""
        self.folder: Path | None = None
        self._store: Store | None = None
        if not is_address(text):
            self.folder, self.shown = local(text).absolute(), str(local(text))
            return
        address = parsed(text)
        self.shown, self._store, self._below = address.shown, Store.of(address), address.path

    @property
    def address(self) -> tuple[str, str] | None:
        """The root of its store and the path in it; None of a local folder."""
        return None if self._store is None else (self._store.root, self._below)

    def name(self, relative: str) -> str:
        """The address or path of a picture."""
        return f"{self.shown.rstrip('/')}/{relative}" if self.folder is None else str(Path(self.shown) / relative)

    def _path(self, relative: str) -> str:
        return "/".join(filter(None, (self._below, relative)))

    def make(self) -> None:
        """Make a local folder, and clear it of what killed workers left. Raises OptionError where it cannot be one."""
        if self.folder is None:
            return
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as exc:
            raise OptionError(f"{self.shown}: not a folder for photos ({exc.strerror})", "{output} another") from exc
        with contextlib.suppress(OSError):
            remove_left_over(self.folder)

    def listed(self, below: str = "") -> list[str]:
        """The names of all files below a folder. Raises PhotoError."""
        if self.folder is not None:
            found = sorted((self.folder / below).rglob("*"))
            return [path.relative_to(self.folder).as_posix() for path in found if path.is_file()]
        assert self._store is not None
        entries = self._store.listed(self._path(below), recursive=True)
        return [each.path[len(self._below) :].lstrip("/") for each in entries if not each.is_folder]

    def read(self, relative: str) -> bytes:
        """A file's bytes. Raises PhotoError."""
        if self._store is not None:
            return self._store.read(self._path(relative))
        assert self.folder is not None
        try:
            return (self.folder / relative).read_bytes()
        except OSError as exc:
            raise PhotoError(f"{self.folder / relative}: cannot be read ({exc.strerror})", "check it") from exc

    def write(self, relative: str, data: bytes, *, overwrite: bool) -> None:
        """Put a file there, whole or not at all. Raises PhotoError."""
        if self._store is not None:
            self._store.write(self._path(relative), data)
            return
        assert self.folder is not None
        where = Path(relative)
        try:
            with Directory.open(self.folder) as folder, folder.below(where.parent) as below:
                writing.write_into(below, where.name, data, overwrite=overwrite)
        except OSError as exc:
            raise writing.unwritable(self.folder / where, exc) from exc
