"""An output folder in use: held open, its manifest read, and cleared of what a killed run left."""

import contextlib
from collections.abc import Callable
from pathlib import Path

from arbitrary_nst.errors import OptionError
from arbitrary_nst.files import writing
from arbitrary_nst.files.directory import Directory
from arbitrary_nst.files.leftovers import remove_left_over
from arbitrary_nst.files.manifest import Manifest


class OutputFolder:
    """Where a run writes; close it to let other runs have what this one claimed.

    It is held: whatever is put in its place meanwhile, and whatever links lie in it, pictures go nowhere else.
    """

    def __init__(self, path: Path, note: Callable[[str], None]) -> None:
        """Make it if need be. Raises OptionError where it is no folder, PhotoError for a manifest that is none."""
        self.path = path
        try:
            path.mkdir(parents=True, exist_ok=True)
            self._folder = Directory.open(path)
        except OSError as exc:
            raise OptionError(
                f"{path}: not a folder for several photos ({exc.strerror})", "{output} another folder"
            ) from exc
        with contextlib.suppress(OSError):
            remove_left_over(path)
        self.manifest = Manifest(self._folder, note=note)
        with contextlib.suppress(OSError):
            self._folder.sync()  # the manifest's name

    def write(self, path: Path, data: bytes, *, overwrite: bool) -> None:
        """Write a file below, whole or not at all; a link of its name is replaced. Raises PhotoError."""
        relative = path.relative_to(self.path)
        try:
            with self._folder.below(relative.parent) as folder:
                writing.write_into(folder, relative.name, data, overwrite=overwrite)
        except OSError as exc:
            raise writing.unwritable(path, exc) from exc

    def close(self) -> None:
        """Give back all that is claimed, and let go of the folder."""
        self.manifest.close()
        self._folder.close()


def manifest_to_read(path: Path) -> Manifest | None:
    """The manifest of a folder that nothing is written to; None where there is no such folder."""
    try:
        with Directory.open(path) as folder:
            return Manifest(folder, write=False)
    except OSError:
        return None
