"""What is to be done for each photo: where its pictures go, and what is there already. Loads nothing, draws nothing."""

import io
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from arbitrary_nst import images
from arbitrary_nst.errors import OptionError, PhotoError
from arbitrary_nst.files import naming, reading, writing
from arbitrary_nst.files.find import Input
from arbitrary_nst.files.jobs import Job, Output, StyleInUse
from arbitrary_nst.files.manifest import Record
from arbitrary_nst.files.output_folder import ClaimedElsewhere, OutputFolder
from arbitrary_nst.files.results import Result, failed
from arbitrary_nst.files.settings import Settings

WAIT_S = 0.1  # between two looks at what another run is at


class Fingerprint(Protocol):
    """What a picture is known by besides its photo and its name."""

    def of(self, style: StyleInUse) -> Record:
        """All that it is made with."""

    def counting(self, record: Record) -> Record:
        """What of a record must be as it is."""


class Plan:
    """Turns photos into jobs, and puts pictures where they go; it knows the styles and what the output folder holds."""

    def __init__(
        self,
        styles: Sequence[StyleInUse],
        settings: Settings,
        folder: Path | None,
        fingerprint: Fingerprint,
        note: Callable[[str], None],
        *,
        max_pixels: int = images.MAX_PIXELS,
        write: bool = True,
    ) -> None:
        """``folder`` is what results are mirrored into, None for one file. Without ``write`` it is only looked at."""
        self.styles, self.folder = _named_apart(list(styles)), folder
        self._settings, self._fingerprint, self._note, self._max_pixels = settings, fingerprint, note, max_pixels
        self._taken = naming.Taken()
        self._postponed: dict[Input, list[tuple[StyleInUse, Path]]] = {}
        self._left: dict[Input, list[StyleInUse]] = {}  # of photos that come up again
        self.begun = 0  # photos
        self._output = None if folder is None else OutputFolder(folder, settings.existing, note, write=write)

    def made_with(self, style: StyleInUse) -> Record:
        """What must be equal of a picture besides its photo: style, model, settings, and what computes."""
        return self._fingerprint.of(style)

    def close(self) -> None:
        """Let go of the output folder, and let other runs have what was claimed in it."""
        if self._output is not None:
            self._output.close()

    def plan(self, given: Input) -> Job:
        """What is to be done for a photo: its names, and what is there already, by its header alone."""
        source, styles = given.path, self._left.pop(given, self.styles)
        try:
            with reading.open_photo(source) if given.data is None else io.BytesIO(given.data) as file:
                own, size = images.peek(file)
        except OptionError:
            raise
        except Exception as exc:
            return Job(source, [failed(source, exc, style.name) for style in styles])
        own = own or images.suffix_format(source) or "jpg"
        planned = [self._plan_style(given, style, own) for style in styles]
        job = Job(source, [each for each in planned if each is not None], size, given.data)
        self.begun += bool(job.outputs)
        return job

    def _plan_style(self, given: Input, style: StyleInUse, own: images.Format) -> Output | Result | None:
        """One style's part of a job, None where another run is at it; what is in its way is not in the others'."""
        try:
            return self._plan_output(given, style, own)
        except OptionError:
            raise
        except OSError as exc:  # it went away after it was opened
            return failed(given.path, reading.unreadable(given.path, exc), style.name)
        except Exception as exc:
            return failed(given.path, exc, style.name)

    def _plan_output(self, given: Input, style: StyleInUse, own: images.Format) -> Result | Output | None:
        """Where a picture goes, or that there is nothing to do; None while another run has its name."""
        settings = self._settings
        if settings.in_place:
            return _in_place(given.path, style, own)
        one_file = settings.output if self.folder is None else None
        format = naming.choose_format(settings.format, own, one_file)
        if settings.sink is not None:
            return Output(style, None, format, False, None)
        folder = given.path.parent if self.folder is None else self.folder / given.below
        path = one_file or folder / naming.default_name(given.path, style.name, format)
        if one_file is None:
            try:
                path = self._claim(path, given.file)
            except ClaimedElsewhere as exc:
                self._give_way(exc.path)
                self._postponed.setdefault(given, []).append((style, exc.path))
                return None
        planned = None
        try:
            planned = self._settle(given, style, path, format)
        finally:
            if self._output is not None and not isinstance(planned, Output):
                self._output.release(path)
        return planned

    def _claim(self, wanted: Path, source: Path | None) -> Path:
        """The name for a photo's picture, which nothing else is written to until it is there."""
        if self._output is not None:
            return self._output.claim(wanted, source)
        beside_all = self._settings.existing == "rename"
        return self._taken.claim(wanted, source, lambda path: beside_all and os.path.lexists(path))

    def _give_way(self, path: Path) -> None:
        """Leave a picture to the run that is at it. Raises where two of them cannot be meant."""
        if self._settings.existing != "fail":
            return
        what, hint = f"{path}: another run is making it", "{existing=skip}: so runs share the work"
        raise PhotoError(what, hint) if self.begun else OptionError(what, hint)

    def _settle(self, given: Input, style: StyleInUse, path: Path, format: images.Format) -> Result | Output:
        """What is to be done where a name is chosen."""
        record = self._record(given.file, style, path)
        existing, overwrite = self._settings.existing, self._settings.existing == "overwrite"
        goes_on = False
        if existing == "skip" and record is not None and self._output is not None:
            # the manifest knows better than the mere name
            must_equal = self._fingerprint.counting(record)
            if self._output.holds(must_equal, path):
                return Result(str(given.path), style.name, str(path), skipped=True)
            goes_on = self._output.holds_stopped(must_equal, path)
            existing, overwrite = "overwrite", os.path.lexists(path)
        target = naming.settle(path, existing, given.file)
        if target is None:
            return Result(str(given.path), style.name, str(path), skipped=True)
        return Output(style, target, format, overwrite, record, goes_on)

    def put(self, output: Output, data: bytes, sha256: str, *, whole: bool) -> None:
        """Write a picture where it was planned, and that it is there, if it is ``whole``, into the manifest.

        Raises PhotoError.
        """
        assert output.target is not None
        in_place = self._settings.in_place
        if in_place and not whole:  # nothing but a finished picture is worth a photo
            raise PhotoError(f"{output.target}: left as it was, since its refinement was stopped", "the same again")
        if self._output is None:
            writing.make_folder(output.target.parent)
            given_by_name = self._settings.output is not None or in_place
            writing.write_atomically(output.target, data, overwrite=output.overwrite, through_link=given_by_name)
        else:
            record = output.record
            if record is not None and whole:
                record = {**record, "sha256": sha256}
            self._output.put(output.target, data, record, overwrite=output.overwrite, whole=whole)

    def postponed(self, stop: Callable[[], bool]) -> list[Input]:
        """Wait until other runs let go of photos that were left to them: those are to be planned again.

        Only when nothing of this run is in flight: it lets go of what failed, so that no two runs wait for each other.
        """
        if self._output is None:
            return []
        self._output.release_all()
        if not self._postponed:
            return []
        self._note(f"{self.folder}: another run writes into it too; waiting for what that is at")
        while not stop():
            free = [
                given for given, left in self._postponed.items() if all(self._output.is_free(path) for _, path in left)
            ]
            if free:
                for given in free:
                    self._left[given] = [style for style, _ in self._postponed.pop(given)]
                return free
            time.sleep(WAIT_S)
        return []

    def _record(self, source: Path | None, style: StyleInUse, output: Path) -> Record | None:
        """What must be equal for an output to be the one that would be made now."""
        if self.folder is None or source is None:
            return None
        status = source.stat()
        same: Record = {"size": status.st_size, "mtime_ns": status.st_mtime_ns}
        if self._settings.checksum:
            same = {"sha256": reading.sha256_of(reading.read_photo_bytes(source, self._max_pixels))}
        made_with = self.made_with(style)
        return {"input": str(source.absolute()), **same, "output": str(output.relative_to(self.folder)), **made_with}


def _in_place(source: Path, style: StyleInUse, own: images.Format) -> Output:
    """The photo itself as the output. Raises PhotoError where its kind of file is not written."""
    if own != images.suffix_format(source):
        raise PhotoError(f"{source}: in place it would become a {own}", "{output} FILE")
    return Output(style, source, own, True, None)


def _named_apart(styles: list[StyleInUse]) -> list[StyleInUse]:
    """Styles under names of their own: a second `wave` becomes `wave_2`."""
    taken = naming.Taken()
    return [style._replace(name=taken.claim(Path(style.name)).name) for style in styles]
