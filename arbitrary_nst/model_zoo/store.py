"""Models on disk: the folders they may be in, what is in them, and the cache."""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from arbitrary_nst.errors import ModelError
from arbitrary_nst.hardware import own_folder
from arbitrary_nst.model_zoo.card import Card, models_root

Hashes = dict[str, str]


@dataclass(frozen=True)
class Model:
    """A model that may be loaded. ``digest`` is over the names and contents of all its files.

    ``verified`` is False for one that was let in on trust.
    """

    card: Card
    folder: Path
    digest: str
    verified: bool


def stay_offline(told: bool | None = None) -> bool:
    """Whether to stay off the network: as told, else as ``ARBSTYLE_OFFLINE`` says."""
    return os.environ.get("ARBSTYLE_OFFLINE", "").lower() not in ("", "0", "false", "no") if told is None else told


def cache_dir() -> Path:
    """``$ARBSTYLE_CACHE_DIR``, or the platform's cache folder for this user."""
    return own_folder.cache_dir()


def fetched_dir() -> Path:
    """Where fetched models live, a sub-folder each."""
    return cache_dir() / "models"


def conversions_dir() -> Path:
    """Where engines keep what they made of a model, a sub-folder per model."""
    return cache_dir() / "converted"


def places(name: str, model_dir: Path | None) -> list[Path]:
    """Where a model is looked for, in order."""
    folders = [model_dir, os.environ.get("ARBSTYLE_MODEL_DIR") or None]
    named = [Path(folder).expanduser() / name for folder in folders if folder is not None]
    return list(dict.fromkeys([*named, fetched_dir() / name, models_root() / name]))


def missing_files(card: Card, folder: Path) -> list[str]:
    """What a folder lacks to be this model."""
    return [name for name in card.key_files if not (folder / name).is_file()]


def hash_files(card: Card, folder: Path) -> Hashes:
    """SHA-256 by name, of the card's files, or of every file where the card lists none.

    A SavedModel is loaded as a folder, so a file that was added to it counts as much as one that was changed.
    """
    names = [file.path for file in card.files] or sorted(
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
    )
    hashes = {}
    for name in names:
        try:
            with (folder / name).open("rb") as file:
                hashes[name] = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as exc:
            raise ModelError(f"{folder / name}: cannot be read ({exc.strerror})", "check its permissions") from exc
    return hashes


def digest(hashes: Hashes) -> str:
    """One hex digest over names and contents."""
    return hashlib.sha256(json.dumps(sorted(hashes.items())).encode()).hexdigest()


def _record_path(folder: Path) -> Path:
    key = hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:32]
    return cache_dir() / "verified" / f"{key}.json"


def recorded(folder: Path) -> Hashes | None:
    """The hashes noted when the model in this folder was last proven genuine."""
    try:
        record = json.loads(_record_path(folder).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return dict(record["files"]) if isinstance(record, dict) and isinstance(record.get("files"), dict) else None


def record(folder: Path, hashes: Hashes) -> None:
    """Note the hashes of a model just proven genuine. A cache that cannot be written only costs the next check."""
    path = _record_path(folder)
    text = json.dumps({"folder": str(folder.resolve()), "files": hashes}, indent=1)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False, encoding="utf-8") as file:
            file.write(text)
        os.replace(file.name, path)
    except OSError:
        return


def clear(names: Iterable[str]) -> int:
    """Remove fetched models, their conversions and records from the cache; bytes freed. Nothing else is touched."""
    freed = 0
    for name in names:
        _record_path(fetched_dir() / name).unlink(missing_ok=True)
        (cache_dir() / f"unreachable-{name}").unlink(missing_ok=True)
        for folder in (fetched_dir() / name, conversions_dir() / name):
            freed += folder_bytes(folder)
            shutil.rmtree(folder, ignore_errors=True)
    return freed


def folder_bytes(folder: Path) -> int:
    """Bytes of all files below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
