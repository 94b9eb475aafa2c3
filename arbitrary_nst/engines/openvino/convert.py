"""A model's two halves as OpenVINO files, made once and kept in the cache."""

import hashlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from arbitrary_nst.engines.openvino.rewrites import fuse_narrow_norms, widen
from arbitrary_nst.errors import EngineError
from arbitrary_nst.model_zoo import Model, conversions_dir

if TYPE_CHECKING:
    import openvino

HALVES = ("predict_style.xml", "transform.xml")
# Part of the cache's key: raise it when what is written below changes, or how the style half is compiled.
CONVERSION = 4


def conversion_dir(model: Model) -> Path:
    """Where this model's conversion and compile cache live: one folder per model, OpenVINO version and options."""
    import openvino

    key = f"{model.digest} {openvino.get_version()} {CONVERSION}"
    return conversions_dir() / model.card.name / hashlib.sha256(key.encode()).hexdigest()[:32]


def converted(model: Model) -> tuple[Path, Path]:
    """Paths of the style half and the photo half, converted first if this is the first time.

    Converting a SavedModel imports TensorFlow and takes about 15 s; later calls only look. Of two processes that
    convert at once one waits for the other. Raises EngineError where the cache cannot be written.
    """
    if model.card.format == "ir":  # shipped ready to run
        return model.folder / HALVES[0], model.folder / HALVES[1]
    final = conversion_dir(model)
    if not _complete(final):
        from filelock import FileLock

        try:
            final.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(f"{final}.lock"):
                if not _complete(final):
                    _convert_into(model, final)
        except OSError as exc:
            raise EngineError(
                f"{final}: cannot be written ({exc.strerror})", "set ARBSTYLE_CACHE_DIR to a folder with 200 MB free"
            ) from exc
    return final / HALVES[0], final / HALVES[1]


def _complete(folder: Path) -> bool:
    return all((folder / half).is_file() for half in HALVES)


def _convert_into(model: Model, final: Path) -> None:
    """Convert to a temporary folder, then rename: a killed conversion leaves nothing that counts as one."""
    import openvino

    scratch = Path(tempfile.mkdtemp(prefix=f".{final.name[:8]}-", dir=final.parent))
    try:
        halves = _from_tflite(model) if model.card.format == "tflite" else _from_saved_model(model)
        widen(halves[1], model.card.stride)
        fuse_narrow_norms(halves[1])
        for half, name in zip(halves, HALVES, strict=True):
            # f32 as published: at f16 the reference tolerance of 0.2 levels would not be ours to promise.
            openvino.save_model(half, scratch / name, compress_to_fp16=False)
        shutil.rmtree(final, ignore_errors=True)
        os.replace(scratch, final)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _from_saved_model(model: Model) -> list["openvino.Model"]:
    import openvino

    from arbitrary_nst.engines.tensorflow import split

    return [openvino.convert_model(half.get_concrete_function()) for half in split(model)]  # type: ignore[attr-defined]


def _from_tflite(model: Model) -> list["openvino.Model"]:
    """Both mobile models, free of the sizes they were saved with: any photo, any batch."""
    import openvino

    core = openvino.Core()
    predict, transform = (core.read_model(model.folder / file.path) for file in model.card.files)
    predict.reshape({predict.inputs[0]: [-1, -1, -1, 3]})
    free_sizes(transform)
    transform.reshape({transform.inputs[0]: [-1, -1, -1, 3], transform.inputs[1]: [-1, 1, 1, model.card.bottleneck]})
    return [predict, transform]


def free_sizes(transform: "openvino.Model") -> None:
    """Replace the upsampling nodes' constant target sizes by the scale factors they stand for, in place.

    A TFLite file knows only sizes: its nearest-neighbour upsampling says "to 384", which is "times 2" only at the one
    size it was saved for. Nothing else in the network depends on the size.
    """
    import numpy as np
    from openvino import opset11

    for node in transform.get_ops():
        if node.get_type_name() != "Interpolate":
            continue
        source, axes = node.input_value(0), node.input_value(2)
        factors = [
            after.get_length() / before.get_length()
            for before, after in zip(source.get_partial_shape(), node.output(0).get_partial_shape(), strict=True)
        ]
        scaled = opset11.interpolate(
            source,
            np.array(factors[1:3], np.float32),
            mode="nearest",
            shape_calculation_mode="scales",
            coordinate_transformation_mode="asymmetric",
            nearest_mode="floor",
            axes=axes,
        )
        node.output(0).replace(scaled.output(0))
