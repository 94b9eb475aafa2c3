"""Which files of a folder are photos that can be read, and one line for the pictures that are left out."""

import importlib.util
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from arbitrary_nst.images import kinds

PHOTO_SUFFIXES = {
    ".jpg", ".jpeg", ".jpe", ".jfif", ".jif", ".mpo", ".png", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".avif",
}  # fmt: skip
# What an extra is for, and the module that it brings.
EXTRAS = {"HEIF": ("heic", "pillow_heif"), "JXL": ("jxl", "pillow_jxl"), "RAW": ("raw", "rawpy")}
EXTRA_SUFFIXES = {".heic": "HEIF", ".heif": "HEIF", ".hif": "HEIF", ".jxl": "JXL"} | dict.fromkeys(
    kinds.RAW_SUFFIXES, "RAW"
)
# Pictures that are not read at all.
OTHER_PICTURES = {
    ".psd", ".psb", ".jp2", ".j2k", ".jpx", ".jxr", ".wdp", ".pbm", ".pgm", ".ppm", ".pnm", ".tga", ".exr", ".hdr",
    ".pcx", ".xcf", ".svg", ".eps", ".dds", ".qoi", ".fits",
}  # fmt: skip
# What comes in numbers beside photos and holds none: to look into each would cost, on a network drive a lot. And
# downloads that are not done.
NO_PICTURES = {
    ".xmp", ".json", ".jsonl", ".aae", ".thm", ".lrv", ".pp3", ".dop", ".arp", ".mp4", ".mov", ".m4v", ".avi", ".mkv",
    ".webm", ".mts", ".m2ts", ".3gp", ".wav", ".m4a", ".mp3", ".part", ".partial", ".crdownload", ".download", ".tmp",
}  # fmt: skip
# Folders in which stores of photos keep thumbnails, and what was deleted or is an older version.
STORE_FOLDERS = {
    "@eadir", ".thumbnails", ".picasaoriginals", "#recycle", "@recycle", ".@__thumb", "#snapshot", "@recently-snapshot",
    "$recycle.bin", ".trash", ".trashes", ".thumbcache", ".dtrash",
}  # fmt: skip


@dataclass
class LeftOut:
    """What a search has left out so far: files by what they are, folders by name."""

    files: Counter[tuple[str, str]] = field(default_factory=Counter)  # kind of an extra or "", and suffix
    folders: Counter[str] = field(default_factory=Counter)

    @cached_property
    def _missing(self) -> set[str]:
        """Kinds whose extra is not installed."""
        return {kind for kind, (_, module) in EXTRAS.items() if importlib.util.find_spec(module) is None}

    def takes(self, path: Path, head: Callable[[], bytes] | None = None) -> bool:
        """Whether a regular file of a folder is a photo to read; counts the picture that is none.

        By its suffix, and where that says nothing by its first bytes, which ``head`` reads where it is no local file.
        """
        suffix = path.suffix.lower()
        if suffix in PHOTO_SUFFIXES:
            return True
        if suffix in NO_PICTURES:
            return False
        if suffix in OTHER_PICTURES:
            self.files["", suffix] += 1
            return False
        kind = EXTRA_SUFFIXES.get(suffix) or _by_content(path, head)
        if kind in self._missing:
            self.files[kind, suffix] += 1
            return False
        return kind is not None

    def is_store_folder(self, name: str) -> bool:
        """Whether a folder is one of a photo store's own; counts it."""
        if name.lower() not in STORE_FOLDERS:
            return False
        self.folders[name] += 1
        return True

    def lines(self) -> list[str]:
        """At most one line about files, and one about folders."""
        lines = []
        if self.files:
            lines.append(
                f"{_count(self.files.total(), 'file')} skipped: {', '.join(self._parts())}. Try: {self._hint()}"
            )
        if self.folders:
            names = ", ".join(f"{count} {name}" for name, count in sorted(self.folders.items()))
            lines.append(f"{_count(self.folders.total(), 'folder')} left out, of a photo store's own: {names}")
        return lines

    def _parts(self) -> list[str]:
        """Like `2 RAW (.dng, .nef)` and `1 .jxl`."""
        raw = {suffix: count for (kind, suffix), count in self.files.items() if kind == "RAW"}
        suffixes = ", ".join(sorted(suffix or "no suffix" for suffix in raw))
        parts = [f"{sum(raw.values())} RAW ({suffixes})"] if raw else []
        others = sorted((suffix, kind, count) for (kind, suffix), count in self.files.items() if kind != "RAW")
        return parts + [f"{count} {suffix or kind}" for suffix, kind, count in others]

    def _hint(self) -> str:
        kinds_met = {kind for kind, _ in self.files}
        extras = ",".join(sorted(extra for kind, (extra, _) in EXTRAS.items() if kind in kinds_met))
        hints = [f"pip install 'arbitrary-nst[{extras}]'"] if extras else []
        hints += ["convert them to JPEG or PNG"] if "" in kinds_met else []
        return ", or ".join(hints)


def _by_content(path: Path, head: Callable[[], bytes] | None) -> str | None:
    try:
        if head is not None:
            return kinds.kind_of(head())
        with open(path, "rb") as file:
            return kinds.kind_of(file.read(kinds.HEAD))
    except OSError:
        return None


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
