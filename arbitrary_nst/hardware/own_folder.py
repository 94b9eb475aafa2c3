"""Libraries that would write to the user's home: what they keep goes to our own cache."""

import contextlib
import os
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

# Variables that name a library's folder, the sub-folder of our cache that it gets, and where it is by default. The
# default stays in use where the user has settings there.
FOLDERS = {
    "KERAS_HOME": ("keras", "~/.keras/keras.json"),
    "MPLCONFIGDIR": ("matplotlib", "~/.config/matplotlib/matplotlibrc"),
}
# Where nothing can be written: what stands for the cache of who has no home.
NO_CACHE = Path(os.devnull) / "arbitrary_nst"
_one_at_a_time = threading.RLock()  # the environment belongs to the whole process


def cache_dir() -> Path:
    """``$ARBSTYLE_CACHE_DIR``, or the platform's cache folder for this user; ``NO_CACHE`` where there is no home."""
    from platformdirs import user_cache_path

    try:
        if chosen := os.environ.get("ARBSTYLE_CACHE_DIR"):
            return Path(chosen).expanduser()
        folder = user_cache_path("arbitrary_nst", appauthor=False)
    except (RuntimeError, KeyError):
        return NO_CACHE
    return folder if folder.is_absolute() else NO_CACHE


@contextlib.contextmanager
def kept_in_our_cache() -> Iterator[None]:
    """What Keras and matplotlib read inside, when they are imported, as their folder lies in our cache.

    The environment is afterwards as it was.
    """
    with _one_at_a_time:
        ours = {
            name: str(cache_dir() / folder)
            for name, (folder, default) in FOLDERS.items()
            if name not in os.environ and not os.path.exists(Path(default).expanduser())
        }
        with environment(ours):
            yield


@contextlib.contextmanager
def environment(settings: Mapping[str, str]) -> Iterator[None]:
    """Variables of the environment inside, which is afterwards as it was."""
    before = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
