"""Fetch a model from Kaggle: locked, into a temporary folder, verified, then moved into place."""

import contextlib
import os
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from arbitrary_nst.errors import ModelError
from arbitrary_nst.hardware import own_folder
from arbitrary_nst.model_zoo import seals, store, verification
from arbitrary_nst.model_zoo.card import Card, Download

KAGGLE = "https://api.kaggle.com"
# What `auto` may take to learn that nothing answers, name look-up and vanishing packets included, in seconds.
REACH_BUDGET = 8.0
# How long `auto` then believes it, in seconds: a firewalled machine pays once, not for every photo.
REMEMBER = 3600.0

COPY_HINT = "or copy the model from another machine to a folder named by ARBSTYLE_MODEL_DIR"


def pull(card: Card, *, force: bool = False, notify: Callable[[str], None] | None = None) -> Path:
    """Fetch and verify a model; the folder it is in.

    A verified copy that is already there is kept unless ``force``. Of two processes at once the second waits and
    finds the first one's copy. A killed or failed download leaves nothing that counts as a model. Raises ModelError.
    """
    if not card.downloads:
        raise ModelError(f"{card.name}: comes with the package and cannot be fetched", "reinstall arbitrary-nst")
    final = store.fetched_dir() / card.name
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
        with seals.locked(final.parent / f".{card.name}.lock", f"{card.name}: fetching"):
            if force or store.missing_files(card, final):
                for stale in final.parent.glob(f".{card.name}-*"):  # of a process that was killed: we hold the lock
                    shutil.rmtree(stale, ignore_errors=True)
                if notify is not None:
                    notify(f"{card.name}: fetching to {final}")
                _pull_into(card, final)
    except OSError as exc:
        raise ModelError(
            f"{final}: cannot be written ({exc.strerror or exc})", "free some space, or set ARBSTYLE_CACHE_DIR"
        ) from exc
    return final


def _pull_into(card: Card, final: Path) -> None:
    scratch = Path(tempfile.mkdtemp(prefix=f".{card.name}-", dir=final.parent))
    try:
        fetched = scratch / "model"
        for download in card.downloads:
            _place(_from_kaggle(card, download.handle, scratch), download, card.key_files, fetched)
        if missing := store.missing_files(card, fetched):
            raise ModelError(f"{card.name}: what came lacks {missing[0]}", f"again later, {COPY_HINT}")
        hashes = store.hash_files(card, fetched)
        try:
            verification.check(card, fetched, hashes)
        except ModelError as exc:
            raise ModelError(
                f"{card.name}: what came is not the published model ({exc.what})", f"another network, {COPY_HINT}"
            ) from exc
        if os.path.exists(final):
            os.replace(final, scratch / "replaced")
        os.replace(fetched, final)
        store.record(final, hashes)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _place(source: Path, download: Download, wanted: tuple[str, ...], model: Path) -> None:
    """Copy what belongs to the model, and nothing else that came along."""
    names = {download.file: download.path} if download.file and download.path else {name: name for name in wanted}
    for there, here in names.items():
        (model / here).parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):  # a file that did not come is reported with the others
            shutil.copyfile(source / there, model / here)


def _from_kaggle(card: Card, handle: str, scratch: Path) -> Path:
    """The folder that kagglehub fetched, from a cache of its own: it believes whatever lies in the shared one."""
    try:
        with _quiet_kagglehub(scratch / "kaggle"):
            import kagglehub

            return Path(kagglehub.model_download(handle))
    except Exception as exc:  # kagglehub raises its own errors, requests', tarfile's and json's
        what, hint = _reason(exc)
        raise ModelError(f"{card.name}: {what}", f"{hint}, {COPY_HINT}") from exc


@contextlib.contextmanager
def _quiet_kagglehub(cache: Path) -> Iterator[None]:
    """A private cache, nothing on stdout, and a progress bar only where a person looks at it."""
    settings = {"KAGGLEHUB_CACHE": str(cache), "KAGGLEHUB_VERBOSITY": "error"}
    if sys.stderr is None or not sys.stderr.isatty():
        settings["TQDM_DISABLE"] = "1"
    try:
        Path.home()
    except RuntimeError:  # kagglehub cannot be imported without one
        settings["HOME"] = str(cache)
    with own_folder.environment(settings), contextlib.redirect_stdout(sys.stderr):
        yield


def _reason(exc: Exception) -> tuple[str, str]:
    """Why a download failed, and what to do."""
    response = getattr(exc, "response", None)
    status = getattr(response, "status_code", None)
    if status in (401, 403) or type(exc).__name__ == "UnauthenticatedError":
        return f"Kaggle refuses (HTTP {status or 401})", "a Kaggle API token (KAGGLE_API_TOKEN)"
    if status == 404:
        return "Kaggle does not have it any more (HTTP 404)", "a newer arbitrary-nst"
    if status is not None:
        return f"Kaggle is busy (HTTP {status})", "again in some minutes"
    if type(exc).__name__ == "DataCorruptionError":
        return "arrived damaged", "again"
    import requests

    if isinstance(exc, requests.exceptions.ConnectionError | requests.exceptions.Timeout):
        return "Kaggle cannot be reached", "check the network and HTTPS_PROXY"
    if isinstance(exc, OSError) and exc.errno is not None:
        raise exc  # the disk, not the network
    detail = " ".join(str(exc).split())[:120]
    return f"the download failed ({type(exc).__name__}: {detail})", "again"


def recently_unreachable(card: Card) -> bool:
    """Whether `auto` failed to fetch this model within the last hour."""
    try:
        return time.time() - _memory(card).stat().st_mtime < REMEMBER
    except OSError:
        return False


def remember_unreachable(card: Card) -> None:
    """Spare the next runs the attempt, for an hour."""
    with contextlib.suppress(OSError):
        _memory(card).parent.mkdir(parents=True, exist_ok=True)
        _memory(card).touch()


def _memory(card: Card) -> Path:
    return own_folder.cache_dir() / f"unreachable-{card.name}"


def reachable() -> bool:
    """Whether Kaggle answers at all, decided within ``REACH_BUDGET`` even where packets or name look-ups vanish."""
    answered = threading.Event()

    def ask() -> None:
        import requests

        with contextlib.suppress(requests.exceptions.RequestException):
            requests.head(KAGGLE, timeout=REACH_BUDGET / 2)  # any answer at all will do
            answered.set()

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(REACH_BUDGET)
    return answered.is_set()
