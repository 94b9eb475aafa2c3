"""What the tests of `cluster` share: photos, trees of pictures, and a cluster without Ray."""

import contextlib
import pickle
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from PIL import Image

from arbitrary_nst import ModelOptions, Stylizer
from arbitrary_nst.cluster import parts, run, spreading, stylize
from arbitrary_nst.cluster.joining import Room
from arbitrary_nst.cluster.ledger import Ledger
from arbitrary_nst.cluster.settings import ClusterOptions
from arbitrary_nst.cluster.worker import Worker
from arbitrary_nst.files.output_folder import CLUSTERS

MINI = ModelOptions(model="mini", threads=1)
ONE_CPU = ClusterOptions(cpus_per_worker=1, workers=1)


def photo(path, seed=0, size=(60, 44), mode="RGB"):
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).integers(0, 255, (11, 15, len(mode)), np.uint8)
    image = Image.fromarray(noise).resize(size, Image.Resampling.BICUBIC)
    image.save(path, "PNG" if "really_png" in path.name else None)
    return path


def tree(folder):
    """The bytes of all pictures by their names, without manifests."""
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    named = {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}
    return {name: data for name, data in named.items() if name != "arbstyle.jsonl" and not name.startswith(CLUSTERS)}


def alone(photos, output, style="mosaic", **options):
    """What `run` makes of them."""
    results = list(Stylizer("mini", threads=1).stylize_many(photos, style, output=output, **options))
    return tree(output), {result.input: str(result.error) for result in results if result.error}


def over(photos, output, style="mosaic", **options):
    return list(stylize(photos, style, output, cluster=ONE_CPU, model=MINI, **options))


def rows(output):
    found = sorted((output / CLUSTERS).glob("*.parquet"))
    return [row for path in found for row in parts.decoded(path.read_bytes()).to_pylist()]


class _Actor:
    """An object as Ray has it, whose methods are called with ``remote``."""

    def __init__(self, target):
        self._target = target

    def __getattr__(self, name):
        return SimpleNamespace(remote=getattr(self._target, name))


def without_ray(monkeypatch):
    """Have blocks drawn here, one after the other, by a worker that was given all through a pickle."""
    import ray

    def tables(ray, blocks, shipped, room, run_name, *, bars):
        import pyarrow as pa

        worker = Worker(pickle.loads(pickle.dumps(shipped)), [_Actor(Ledger()), _Actor(Ledger())], run_name)
        for block in blocks:
            yield worker(pa.Table.from_pylist([block]))

    monkeypatch.setattr(ray, "get", lambda value: value)
    monkeypatch.setattr(ray, "put", lambda value: value)
    monkeypatch.setattr(spreading, "tables", tables)
    monkeypatch.setattr(run, "joined", lambda options: contextlib.nullcontext(ray))
    monkeypatch.setattr(run, "room", lambda ray, options: Room(1, 1, 0, 4 * 10**9, True))


def mask(path, size=(60, 44)):
    """White on its left."""
    white = np.zeros((size[1], size[0]), np.uint8)
    white[:, : size[0] // 2] = 255
    Image.fromarray(white).save(path)
    return Path(path)
