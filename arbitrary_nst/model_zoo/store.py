"""Models on disk: the folders they may be in, what is in them, and the cache."""

import contextlib
import hashlib
import json
import os
import shutil
import stat
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from arbitrary_nst.errors import ModelError
from arbitrary_nst.hardware import own_folder
from arbitrary_nst.model_zoo import seals
from arbitrary_nst.model_zoo.card import Card, models_root

Hashes = dict[str, str]


class Model(NamedTuple):
    """A model that may be loaded. ``digest`` is over the names and contents of the files that are it.

    ``verified`` is False for one that was let in on trust.
    """

    card: Card
    folder: Path
    digest: str
    verified: bool


def stay_offline(told: bool | None = None) -> bool:
    """Whether to stay off the network: as told, else as ``ARBSTYLE_OFFLINE`` says."""
    return os.environ.get("ARBSTYLE_OFFLINE", "").lower() not in ("", "0", "false", "no") if told is None else told


def fetched_dir() -> Path:
    """Where fetched models live, a sub-folder each."""
    return own_folder.cache_dir() / "models"


def conversions_dir() -> Path:
    """Where engines keep what they made of a model, a sub-folder per model."""
    return own_folder.cache_dir() / "converted"


def numbers_dir() -> Path:
    """Where the numbers of style pictures are kept, a sub-folder per model."""
    return own_folder.cache_dir() / "styles"


def learnt_dir() -> Path:
    """Where styles that were learnt are kept, of all models."""
    return own_folder.cache_dir() / "learnt"


def places(name: str, model_dir: Path | None) -> list[Path]:
    """Where a model is looked for, in order."""
    folders = [model_dir, os.environ.get("ARBSTYLE_MODEL_DIR") or None]
    named = [Path(folder).expanduser() / name for folder in folders if folder is not None]
    return list(dict.fromkeys([*named, fetched_dir() / name, models_root() / name]))


def missing_files(card: Card, folder: Path) -> list[str]:
    """What a folder lacks to be this model."""
    return [name for name in card.key_files if not os.path.isfile(folder / name)]


def hash_files(card: Card, folder: Path) -> Hashes:
    """SHA-256 by name of the files that are the model; whatever else lies in its folder is never read."""
    return {name: _copy(folder / name, None) for name in card.key_files}


@contextlib.contextmanager
def snapshot(card: Card, folder: Path, expected: str) -> Iterator[Path]:
    """A private copy of a model's files, made and hashed in one reading, so that what was checked is what is loaded.

    ``expected`` is the ``digest`` they must have. Raises ModelError where they have another one.
    """
    with tempfile.TemporaryDirectory(prefix="arbitrary_nst-") as scratch:
        copy, hashes = Path(scratch), {}
        for name in card.key_files:
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            with (copy / name).open("xb") as file:
                hashes[name] = _copy(folder / name, file)
        if digest(hashes) != expected:
            raise ModelError(f"{folder}: changed while it was read", "again, when nothing writes to it")
        yield copy


def in_memory(card: Card, folder: Path, expected: str) -> dict[str, bytes]:
    """The same as ``snapshot`` for a small model: the bytes of its files by name. Raises ModelError."""
    files = {name: (folder / name).read_bytes() for name in card.key_files}
    if digest({name: hashlib.sha256(data).hexdigest() for name, data in files.items()}) != expected:
        raise ModelError(f"{folder}: changed while it was read", "again, when nothing writes to it")
    return files


def _copy(path: Path, target: BinaryIO | None) -> str:
    """SHA-256 of a file, read once, and into ``target`` on the way."""
    whole = hashlib.sha256()
    for block in blocks(path):
        whole.update(block)
        if target is not None:
            target.write(block)
    return whole.hexdigest()


def blocks(path: Path, hint: str = "check its permissions") -> Iterator[bytes]:
    """A regular file's bytes, a megabyte at a time. Raises ModelError."""
    try:
        # Without waiting for a writer, should it be a pipe by now
        with open(os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise ModelError(f"{path}: not a regular file", "a whole copy of the model")
            while block := file.read(1 << 20):
                yield block
    except OSError as exc:
        raise ModelError(f"{path}: cannot be read ({exc.strerror})", hint) from exc


def digest(hashes: Hashes) -> str:
    """One hex digest over names and contents."""
    return hashlib.sha256(json.dumps(sorted(hashes.items())).encode()).hexdigest()


def _record_path(folder: Path) -> Path:
    key = hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:32]
    return own_folder.cache_dir() / "verified" / f"{key}.json"


def recorded(folder: Path) -> Hashes | None:
    """The hashes noted when the model in this folder was last proven genuine."""
    path = _record_path(folder)
    try:
        record = json.loads(path.read_text(encoding="utf-8")) if seals.only_ours(path) else None
    except (OSError, ValueError, RecursionError):
        return None
    return dict(record["files"]) if isinstance(record, dict) and isinstance(record.get("files"), dict) else None


def record(folder: Path, hashes: Hashes) -> None:
    """Note the hashes of a model just proven genuine. A cache that cannot be written only costs the next check."""
    _note(_record_path(folder), json.dumps({"folder": str(folder.resolve()), "files": hashes}, indent=1))


def pin_path(name: str) -> Path:
    """The file that holds the SHA-256 of this model's weights, as they were when first proven here."""
    return own_folder.cache_dir() / "verified" / f"{name}.sha256"


def check_pinned(name: str, sha256: str, where: Path) -> None:
    """Remember the SHA-256 of a model's weights when they are first proven here, whatever folder they lie in.

    Raises ModelError for others that have the published checksums too: those are weaker than this.
    """
    path = pin_path(name)
    try:
        pinned = path.read_text(encoding="utf-8").strip() if seals.only_ours(path) else None
    except (OSError, ValueError):
        pinned = None
    if pinned is None:
        _note(path, f"{sha256}\n")
    elif pinned != sha256:
        raise ModelError(
            f"{where}: its weights have the published checksums, but are not those that were proven here before; "
            f"one of the two is forged ({path} remembers the former)"
        )


def _note(path: Path, text: str) -> None:
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        seals.write(path, text)


def clear(names: Iterable[str]) -> int:
    """Remove fetched models and what was made of them and noted from the cache; bytes freed. Nothing else goes."""
    freed = 0
    for name in names:
        with contextlib.suppress(NotADirectoryError):  # there is no cache
            _record_path(fetched_dir() / name).unlink(missing_ok=True)
            (own_folder.cache_dir() / f"unreachable-{name}").unlink(missing_ok=True)
        for folder in (fetched_dir() / name, conversions_dir() / name, numbers_dir() / name):
            freed += folder_bytes(folder)
            shutil.rmtree(folder, ignore_errors=True)
    return freed


def clear_learnt() -> int:
    """Remove the styles that were learnt from the cache; bytes freed."""
    freed = folder_bytes(learnt_dir())
    shutil.rmtree(learnt_dir(), ignore_errors=True)
    return freed


def folder_bytes(folder: Path) -> int:
    """Bytes of all files below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if os.path.isfile(path))
