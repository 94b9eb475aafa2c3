"""An output folder in use: held open, its manifest read, cleared of what a killed run left, and shared with others."""

import contextlib
import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path

from arbitrary_nst.errors import OptionError
from arbitrary_nst.files import naming, writing
from arbitrary_nst.files.directory import Directory
from arbitrary_nst.files.leftovers import remove_left_over
from arbitrary_nst.files.manifest import Manifest, Record
from arbitrary_nst.options import Existing

CLUSTERS = "arbstyle.parquet"  # the manifest of `arbstyle cluster run`, which is not read here


class ClaimedElsewhere(Exception):
    """Another run has this output."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.path = path


class OutputFolder:
    """Where a run writes; close it to let other runs have what this one claimed.

    It is held: whatever is put in its place meanwhile, and whatever links lie in it, pictures go nowhere else.
    """

    def __init__(self, path: Path, existing: Existing, note: Callable[[str], None], *, write: bool = True) -> None:
        """Make it if need be; without ``write`` only look at it. ``note`` is told where it has no locks.

        Raises OptionError where it is no folder, PhotoError where it cannot be made and for a manifest that is no file.
        """
        self.path, self._existing = path, existing
        self._taken = naming.Taken()
        self._root = naming.folded(path)
        self._folder = self._open(write=write)
        if write:
            with contextlib.suppress(OSError):
                remove_left_over(path)
        self._manifest = None if self._folder is None else Manifest(self._folder, write=write, note=note)
        if existing == "skip" and os.path.isdir(path / CLUSTERS):
            note(f"{path}: what `arbstyle cluster run` made there is not known to this run; go on with that")
        if write and self._folder is not None:
            with contextlib.suppress(OSError):
                self._folder.sync()  # the manifest's name

    def _open(self, *, write: bool) -> Directory | None:
        try:
            if write:
                self.path.mkdir(parents=True, exist_ok=True)
            return Directory.open(self.path)
        except OSError as exc:
            if not write:
                return None
            if isinstance(exc, PermissionError) or exc.errno in (errno.EROFS, errno.ENOSPC, errno.EDQUOT):
                raise writing.unwritable(self.path, exc) from exc
            raise OptionError(
                f"{self.path}: not a folder for several photos ({exc.strerror})", "{output} another folder"
            ) from exc

    def claim(self, wanted: Path, photo: Path | None) -> Path:
        """``wanted`` or a numbered name for a photo's picture, which no other run takes until it is released.

        Raises ClaimedElsewhere where another run has it, but with ``rename``, which then takes the next.
        """
        renames, resumes = self._existing == "rename", self._existing == "skip" and photo is not None
        announced: list[Path] = []
        if resumes and self._manifest is not None and photo is not None:
            announced = [path for path in self._manifest.announced(photo) if naming.is_numbered(path, wanted)]

        def is_refused(path: Path) -> bool:
            if self._manifest is None:
                return False
            if not self._manifest.claim(self._key(path)):
                if renames:
                    return True
                raise ClaimedElsewhere(path)
            if renames:
                refused = os.path.lexists(path)
            else:
                refused = resumes and photo is not None and self._manifest.guards(path, photo)
            if refused:
                self.release(path)
            return refused

        return self._taken.claim(wanted, photo, is_refused, announced)

    def release(self, path: Path) -> None:
        """Let other runs have an output."""
        if self._manifest is not None:
            self._manifest.release(self._key(path))

    def release_all(self) -> None:
        """Let other runs have every output that this one claimed."""
        if self._manifest is not None:
            self._manifest.release_all()

    def is_free(self, path: Path) -> bool:
        """Whether no other run has an output."""
        return self._manifest is None or self._manifest.is_free(self._key(path))

    def holds(self, record: Record, path: Path) -> bool:
        """Whether a picture is there, itself and not what a link leads to, and was made as the record says."""
        return self._manifest is not None and _is_file(path) and self._manifest.holds(record)

    def holds_stopped(self, record: Record, path: Path) -> bool:
        """Whether one is there that is on its way to be, and was stopped."""
        return self._manifest is not None and _is_file(path) and self._manifest.holds_stopped(record)

    def put(self, path: Path, data: bytes, record: Record | None, *, overwrite: bool, whole: bool) -> None:
        """Write a picture, whole or not at all, and note it; a link of its name is replaced. Raises PhotoError.

        One that is not ``whole`` was stopped midway, and noted as such: it is to be gone on with.
        """
        assert self._manifest is not None and self._folder is not None
        noted: contextlib.AbstractContextManager[None] = contextlib.nullcontext()
        if record is not None:
            noted = self._manifest.around(record, whole=whole)
        relative = path.relative_to(self.path)
        with noted:
            try:
                with self._folder.below(relative.parent) as folder:
                    writing.write_into(folder, relative.name, data, overwrite=overwrite)
            except OSError as exc:
                raise writing.unwritable(path, exc) from exc
        self.release(path)

    def close(self) -> None:
        """Give back all that is claimed, and let go of the folder."""
        if self._manifest is not None:
            self._manifest.close()
        if self._folder is not None:
            self._folder.close()

    def _key(self, path: Path) -> str:
        """What every run into this folder calls an output, wherever the folder is mounted."""
        return naming.folded(path).removeprefix(self._root)


def _is_file(path: Path) -> bool:
    """Whether a file is there, and no link."""
    try:
        return stat.S_ISREG(os.lstat(path).st_mode)
    except OSError:
        return False
