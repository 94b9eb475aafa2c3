"""A model of two files of ten bytes, and a Kaggle that serves it."""

import hashlib
import os
from pathlib import Path

from arbitrary_nst.model_zoo import card as cards
from arbitrary_nst.model_zoo import store

CONTENTS = {"style.bin": b"style half", "photo.bin": b"photo half"}


def card():
    files = tuple(cards.File(name, len(data), hashlib.sha256(data).hexdigest()) for name, data in CONTENTS.items())
    downloads = tuple(cards.Download(f"owner/{name}", "1.bin", name) for name in CONTENTS)
    return cards.Card(
        "best", "t", "Apache-2.0", "tflite", 4, 256, 4, 16, 1, ("openvino",), {"f32": 300}, files, downloads
    )


def write_model(folder: Path, **changed: bytes) -> Path:
    folder.mkdir(parents=True)
    for name, data in (CONTENTS | changed).items():
        (folder / name).write_bytes(data)
    return folder


def serve(handle, contents=CONTENTS):
    """What kagglehub.model_download does with a handle: a folder in its cache."""
    folder = Path(os.environ["KAGGLEHUB_CACHE"]) / handle
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "1.bin").write_bytes(contents[handle.split("/")[1]])
    return str(folder)


class Kaggle:
    """Serves the toy model; tests replace ``serve`` to make it fail."""

    def __init__(self):
        self.calls, self.reachable, self.contents = 0, True, dict(CONTENTS)

    def serve(self, handle):
        self.calls += 1
        print("kagglehub talks on stdout")
        return serve(handle, self.contents)


def left_over():
    """What lies among the fetched models, locks aside."""
    return [path.name for path in store.fetched_dir().iterdir() if not path.name.endswith(".lock")]


def quiet(line):
    pass
