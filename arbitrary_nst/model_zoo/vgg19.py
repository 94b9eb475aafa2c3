"""VGG19's weights: the places they may be in, how they are fetched, and what proves them."""

import contextlib
import hashlib
import io
import os
import re
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Literal, NamedTuple

from arbitrary_nst.errors import ModelError
from arbitrary_nst.hardware.quiet_tensorflow import quiet
from arbitrary_nst.model_zoo import seals, store

NAME = "vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5"
ORIGIN = f"https://storage.googleapis.com/tensorflow/keras-applications/vgg19/{NAME}"
MD5 = "253f8cb515780f3b799900260a226db6"  # as Keras's own source has it
# The same weights, restored from 8 bit per number: another file, close to the published one and not equal to it.
RESTORED_SHA256 = "1dd711474076e55146f7279987dc1ea8e4ecdd195d940cf8203ab0b8d8d10ba3"

Kind = Literal["published", "restored"]

HINT = "{vgg_weights}, or its .h5 file in ARBSTYLE_MODEL_DIR/vgg19"


class Vgg19File(NamedTuple):
    """A file of weights that was let in, by the SHA-256 that it had then."""

    path: Path
    sha256: str

    def read(self) -> io.BytesIO:
        """The very bytes that were let in, 80 MB of memory. Raises ModelError where the file has changed since."""
        data, sha256 = io.BytesIO(), hashlib.sha256()
        for block in store.blocks(self.path, HINT):
            data.write(block)
            sha256.update(block)
        if sha256.hexdigest() != self.sha256:
            raise ModelError(f"{self.path}: changed since it was checked", "again, when nothing writes to it")
        data.seek(0)
        return data


def resolve_vgg19(
    file: Path | None = None,
    *,
    model_dir: Path | None = None,
    offline: bool | None = None,
    trust: bool = False,
    notify: Callable[[str], None] | None = None,
) -> Vgg19File:
    """The verified file of VGG19's convolutions (ImageNet, Keras layout, no top), fetched if need be.

    Searched are ``file`` alone if given, else the model folders, the cache and Keras's own cache. ``trust`` lets other
    weights of the same layout pass. The published file is proven by its MD5, and compared with the SHA-256 that it had
    when it was first proven here. Raises ModelError.
    """
    found = file or find_vgg19(model_dir)
    if found is None:
        if store.stay_offline(offline):
            raise ModelError("vgg19: not here", f"without {{offline}}, or {HINT}")
        found = _fetch(notify)
    return _checked(found, trust=trust)


def find_vgg19(model_dir: Path | None = None) -> Path | None:
    """The file that would be used, not yet verified; None where it would have to be fetched."""
    for folder in store.places("vgg19", model_dir):
        with contextlib.suppress(OSError):
            for name in sorted(os.listdir(folder)):
                if name.endswith(".h5"):
                    return folder / name
    with contextlib.suppress(RuntimeError):  # there is no home
        kerass_own = Path.home() / ".keras" / "models" / NAME
        return kerass_own if os.path.isfile(kerass_own) else None
    return None


def identify_vgg19(path: Path) -> Kind | None:
    """``published`` for Keras's file, ``restored`` for the same weights restored from 8 bit per number, else None.

    Raises ModelError where the file cannot be read.
    """
    return _identify(path)[0]


def _identify(path: Path) -> tuple[Kind | None, str]:
    """What a file is, and its SHA-256."""
    md5, sha256 = hashlib.md5(usedforsecurity=False), hashlib.sha256()
    for block in store.blocks(path, HINT):
        md5.update(block)
        sha256.update(block)
    if sha256.hexdigest() == RESTORED_SHA256:
        return "restored", RESTORED_SHA256
    return "published" if md5.hexdigest() == MD5 else None, sha256.hexdigest()


def _checked(path: Path, *, trust: bool) -> Vgg19File:
    """Refuse what is neither kind. The file holds numbers only: nothing in it can run."""
    kind, sha256 = _identify(path)
    if kind is None and not trust:
        raise ModelError(
            f"{path}: neither VGG19's published weights nor the known restored ones: not loaded",
            "a fresh copy, or {trust_model} if they are yours",
        )
    if kind == "published" and not trust:
        store.check_pinned("vgg19", sha256, path)
    return Vgg19File(path, sha256)


def _fetch(notify: Callable[[str], None] | None) -> Path:
    """Download through Keras into the cache: whole and verified under its name, or not at all."""
    folder = store.fetched_dir() / "vgg19"
    final = folder / NAME
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with (
            seals.locked(folder.parent / ".vgg19.lock", "vgg19: fetching"),
            tempfile.TemporaryDirectory(dir=folder, prefix=".") as scratch,
        ):
            if not os.path.isfile(final):  # another process may have been quicker
                if notify is not None:
                    notify(f"vgg19: fetching 80 MB to {folder}")
                os.replace(_download(scratch), final)
    except OSError as exc:
        raise ModelError(f"{folder}: cannot be written ({exc.strerror or exc})", "set ARBSTYLE_CACHE_DIR") from exc
    return final


def _download(folder: str) -> str:
    with quiet():
        import keras

    try:
        # Keras draws its bar on stdout
        with contextlib.redirect_stdout(
            sys.stderr if sys.stderr is not None and sys.stderr.isatty() else io.StringIO()
        ):
            path = keras.utils.get_file(NAME, ORIGIN, cache_dir=folder, cache_subdir="", file_hash=MD5)
    except Exception as exc:  # a bare Exception for whatever the network did, ValueError for a wrong hash
        raise ModelError(f"vgg19: not here, and {_reason(exc)}", HINT) from exc
    return str(path)


def _reason(exc: Exception) -> str:
    """Why a download failed, in short: Keras's own words hold the whole address, and urllib's another error's repr."""
    if isinstance(exc, OSError) and exc.errno is not None and not isinstance(exc, ConnectionError | TimeoutError):
        raise exc  # the disk, not the network
    if isinstance(exc, ValueError) or "retrieval incomplete" in str(exc):
        return "arrived damaged"
    if found := re.search(r": (\d{3}) -- ", str(exc)):
        return f"its server refuses (HTTP {found[1]})"
    return "its server cannot be reached"
