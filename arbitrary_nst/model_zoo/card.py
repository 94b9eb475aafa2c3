"""Model cards: ``models/<name>.toml``, all that the package knows of a model before it loads it."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Any, Literal, NamedTuple

ModelFormat = Literal["savedmodel", "tflite", "ir"]


class File(NamedTuple):
    """A file that belongs to a model: path below its folder, size in bytes, SHA-256 in hex."""

    path: str
    size: int
    sha256: str


class Download(NamedTuple):
    """A kagglehub handle. ``file`` of it becomes ``path`` of the model; without either all of it does."""

    handle: str
    file: str | None = None
    path: str | None = None


class Published(NamedTuple):
    """What proves the weights of a SavedModel genuine whatever wrapper they came in.

    ``variables``: how many; ``variables_sha256``: of the sorted lines ``name,shape,masked CRC-32C``, as
    ``weights.digest_of_lines`` makes it; ``layout_sha256``: the same of ``name,shape`` alone.
    """

    variables: int
    variables_sha256: str
    layout_sha256: str


class Card(NamedTuple):
    """One model.

    ``numbers``: how many the photo half takes of a style, a scale and a shift for each normalised
    channel. ``style_size``: side in px at which it was trained to read one.
    ``stride``, ``min_side``: photo sides must be a multiple of the one and no less than the other, in px.
    ``bytes_per_pixel``: memory that the photo half takes in OpenVINO by precision, as
    scripts/benchmarks/speed.py measures it.
    ``rank``: the lowest is what ``auto`` prefers. Exactly one of ``files`` and ``published`` is given.
    """

    name: str
    title: str
    licence: str
    format: ModelFormat
    numbers: int
    style_size: int
    stride: int
    min_side: int
    rank: int
    engines: tuple[str, ...]
    bytes_per_pixel: dict[str, int]
    files: tuple[File, ...] = ()
    downloads: tuple[Download, ...] = ()
    published: Published | None = None

    @property
    def key_files(self) -> tuple[str, ...]:
        """The files that are this model: all that is read of its folder, and all that must be there.

        Of a SavedModel these are its weights. Its graph is a program, and none of ours to run.
        """
        if self.files:
            return tuple(file.path for file in self.files)
        return ("variables/variables.index", "variables/variables.data-00000-of-00001")


def models_root() -> Path:
    """The folder of cards and bundled models: inside the package once installed, beside it in a checkout."""
    package = Path(__file__).resolve().parent.parent
    inside = package / "models"
    return inside if inside.is_dir() else package.parent / "models"


@cache
def cards() -> dict[str, Card]:
    """Every card by name, the one that ``auto`` prefers first."""
    read = [_read(path) for path in models_root().glob("*.toml")]
    return {card.name: card for card in sorted(read, key=lambda card: card.rank)}


def _read(path: Path) -> Card:
    table: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    return Card(
        **table["model"] | {"engines": tuple(table["model"]["engines"])},
        files=tuple(File(**file) for file in table.get("files", ())),
        downloads=tuple(Download(**download) for download in table.get("downloads", ())),
        published=Published(**table["published"]) if "published" in table else None,
    )
