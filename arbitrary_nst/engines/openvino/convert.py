"""A model's two halves as OpenVINO files, made once and kept in the cache."""

import contextlib
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from arbitrary_nst.errors import EngineError
from arbitrary_nst.hardware.quiet_openvino import core
from arbitrary_nst.model_zoo import Card, Model, conversions_dir, seals
from arbitrary_nst.model_zoo.store import in_memory, snapshot

if TYPE_CHECKING:
    import openvino

HALVES = ("predict_style.xml", "transform.xml")
# Part of the cache's key: raise it when what is written below changes, or how the style half is compiled.
CONVERSION = 7
SCRATCH = ".making-"


def versions() -> str:
    """OpenVINO's and ours, on which everything that is kept depends."""
    import openvino

    return f"{openvino.get_version()} {CONVERSION}"


def conversion_dir(model: Model) -> Path:
    """Where this model's conversion and compile cache live: one folder per model, OpenVINO version and options."""
    key = f"{model.digest} {versions()}"
    return conversions_dir() / model.card.name / hashlib.sha256(key.encode()).hexdigest()[:32]


def converted(model: Model) -> tuple[Path, Path]:
    """Paths of the style half and the photo half, converted first if this is the first time.

    Converting `magenta` takes some seconds; later calls compare hashes, and convert anew what is
    not as it was written or could have been written by others. Of two processes that convert at once one waits for the
    other. Raises EngineError where the cache cannot be written, ModelError where the model changed since it was found.
    """
    final = conversion_dir(model)
    if not seals.intact(final):
        try:
            final.parent.mkdir(parents=True, exist_ok=True)
            with seals.locked(final.parent / "converting.lock", f"{model.card.name}: converting"):
                if not seals.intact(final):
                    _convert_into(model, final)
        except OSError as exc:
            raise EngineError(
                f"{final}: cannot be written ({exc.strerror or exc})",
                "set ARBSTYLE_CACHE_DIR to a folder with 200 MB free",
            ) from exc
        if not seals.intact(final):
            raise EngineError(f"{final}: others can write to it", "set ARBSTYLE_CACHE_DIR to a folder of your own")
    return final / HALVES[0], final / HALVES[1]


def _convert_into(model: Model, final: Path) -> None:
    """Convert to a temporary folder, then rename: a killed conversion leaves nothing that counts as one.

    Called with the lock held: temporary folders that lie there belong to processes that were killed.
    """
    for stale in final.parent.glob(f"{SCRATCH}*"):
        shutil.rmtree(stale, ignore_errors=True)
    scratch = Path(tempfile.mkdtemp(prefix=SCRATCH, dir=final.parent))
    try:
        _write(published_halves(model), model, scratch)
        seals.seal(scratch)
        shutil.rmtree(final, ignore_errors=True)
        os.replace(scratch, final)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


@contextlib.contextmanager
def compile_cache(model: Model) -> Iterator[dict[str, str]]:
    """OpenVINO's options for keeping compiled networks, as far as they can be believed.

    OpenVINO takes what it finds there unread: a changed file gave other pictures, or hung. So files that are not as
    they were sealed are removed before, and what it wrote is sealed after. Without a cache that can be written nothing
    is kept.
    """
    folder = conversion_dir(model) / "compiled"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        sealed = seals.sealed_files(folder)
        kept = {name for name, sha256 in sealed.items() if seals.is_sealed(folder / name, sha256)}
        for path in folder.iterdir():
            if path.name != seals.SEAL and path.name not in kept:
                path.unlink()
        usable = seals.only_ours(folder) or not sealed
    except OSError:
        usable = False
    if not usable:
        yield {}
        return
    # Weights stay in the converted model: the cache is 1 MB instead of 90, and starts as fast.
    yield {"CACHE_DIR": str(folder), "CACHE_MODE": "OPTIMIZE_SIZE"}
    with contextlib.suppress(OSError):
        if {path.name for path in folder.iterdir()} - {seals.SEAL} != kept:
            seals.seal(folder)


def _write(published: list["openvino.Model"], model: Model, folder: Path) -> None:
    import openvino

    for half, name in zip(_halves(published, model.card), HALVES, strict=True):
        # f32 as published: at f16 the reference tolerance of 0.2 levels would not be ours to promise.
        openvino.save_model(half, folder / name, compress_to_fp16=False)


def _halves(published: list["openvino.Model"], card: Card) -> list["openvino.Model"]:
    from arbitrary_nst.engines.openvino.numbers import cut_at_numbers
    from arbitrary_nst.engines.openvino.rewrites import fuse_narrow_norms, widen

    predict, transform = cut_at_numbers(*published)
    widen(transform, card.stride)
    fuse_narrow_norms(transform)
    return [predict, transform]


def halves_in_memory(model: Model) -> list["openvino.Model"]:
    """What ``converted`` keeps in files, of a model that OpenVINO reads as it is: made anew, in a twentieth second."""
    return _halves(from_ir(model), model.card)


def published_halves(model: Model) -> list["openvino.Model"]:
    """Both halves as they are published, the numbers of `magenta`'s style already read. Raises ModelError."""
    if model.card.format == "ir":
        return from_ir(model)
    if model.card.format == "savedmodel":
        from arbitrary_nst.engines.openvino.magenta import halves_of_weights
        from arbitrary_nst.model_zoo.weights import load_weights

        return halves_of_weights(load_weights(model))
    with snapshot(model.card, model.folder, model.digest) as copy:
        return _from_tflite(model.card, copy)


def from_ir(model: Model) -> list["openvino.Model"]:
    """Both halves as they are published, the style's numbers still to be read by the second."""
    files = in_memory(model.card, model.folder, model.digest)
    return [core().read_model(files[name], files[str(Path(name).with_suffix(".bin"))]) for name in HALVES]


def _from_tflite(card: Card, folder: Path) -> list["openvino.Model"]:
    """Both mobile models, free of the sizes they were saved with: any photo, any batch."""
    predict, transform = (core().read_model(folder / file.path) for file in card.files)
    predict.reshape({predict.inputs[0]: [-1, -1, -1, 3]})
    free_sizes(transform)
    transform.reshape({transform.inputs[0]: [-1, -1, -1, 3], transform.inputs[1]: [-1, *transform.inputs[1].shape[1:]]})
    return [predict, transform]


def free_sizes(transform: "openvino.Model") -> None:
    """Replace the upsampling nodes' constant target sizes by the scale factors they stand for, in place.

    A TFLite file knows only sizes: its nearest-neighbour upsampling says "to 384", which is "times 2" only at the one
    size it was saved for. Nothing else in the network depends on the size.
    """
    from arbitrary_nst.engines.openvino.layout import enlarged

    for node in transform.get_ops():
        if node.get_type_name() != "Interpolate":
            continue
        source, axes = node.input_value(0), node.input_value(2)
        factors = [
            after.get_length() / before.get_length()
            for before, after in zip(source.get_partial_shape(), node.output(0).get_partial_shape(), strict=True)
        ]
        node.output(0).replace(enlarged(source, factors[1:3], axes).output(0))
