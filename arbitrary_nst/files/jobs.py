"""What is to be done, as values: a photo's job, its outputs, and the styles in use."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from arbitrary_nst import images
from arbitrary_nst.files.find import Input
from arbitrary_nst.files.manifest import Record
from arbitrary_nst.files.results import Result
from arbitrary_nst.images import Photo
from arbitrary_nst.styles import Style


class StyleInUse(NamedTuple):
    """A style in use: what the model knows of it, what VGG19 is to see of it, or both. ``sha256`` is of those.

    ``pictures`` are what VGG19 is to see, each with its share.
    """

    name: str
    code: Style | None
    pictures: Sequence[tuple[Photo, float]]
    sha256: str


class Output(NamedTuple):
    """Where one photo in one style goes; ``target`` None is the sink. ``record`` is what the manifest is to say.

    ``goes_on``: a picture is there whose refinement was stopped, and is to be finished.
    """

    style: StyleInUse
    target: Path | None
    format: images.Format
    overwrite: bool
    record: Record | None
    goes_on: bool = False

    @property
    def path(self) -> str | None:
        """The target, as a Result has it."""
        return None if self.target is None else str(self.target)


class Job(NamedTuple):
    """What is to be done for a photo: in each style, in order, an Output, or the Result where there is one already.

    ``data`` is its bytes, where they were given.
    """

    source: Path
    planned: Sequence[Output | Result]
    size: tuple[int, int] = (0, 0)  # width, height
    data: bytes | None = None

    @property
    def outputs(self) -> list[Output]:
        """What is to be made."""
        return [each for each in self.planned if isinstance(each, Output)]

    @property
    def pixels(self) -> int:
        """How many it has."""
        return self.size[0] * self.size[1]


class Plans(Protocol):
    """Who turns photos into jobs and puts pictures where they go: a Planner, or what stands for it elsewhere."""

    @property
    def styles(self) -> Sequence[StyleInUse]:
        """Those that each photo is drawn in."""

    @property
    def begun(self) -> int:
        """Photos with something to do so far."""

    def plan(self, given: Input) -> Job:
        """What is to be done for a photo."""

    def put(self, output: Output, data: bytes, sha256: str, *, whole: bool) -> None:
        """Write a picture. Raises PhotoError."""

    def postponed(self, stop: Callable[[], bool]) -> list[Input]:
        """Photos that are to be planned again."""
