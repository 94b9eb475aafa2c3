"""Proof that a model is what its card says: never by loading it, since a SavedModel is a program."""

import hashlib
from pathlib import Path
from typing import Any

from arbitrary_nst.errors import ModelError
from arbitrary_nst.hardware.quiet_tensorflow import import_tensorflow
from arbitrary_nst.model_zoo.card import Card, Published
from arbitrary_nst.model_zoo.store import Hashes

# The saver's operations, which read and write files. Every SavedModel has them, and only its saver may call them.
FILE_OPERATIONS = frozenset({"SaveV2", "RestoreV2", "MergeV2Checkpoints", "ShardedFilename"})


def check(card: Card, folder: Path, hashes: Hashes) -> None:
    """Raise ModelError, saying what differs, unless the model in ``folder`` is the one on the card."""
    if card.published is None:
        _check_files(card, folder, hashes)
    else:
        _check_graph(card.published, folder)
        _check_variables(card.published, folder)


def _check_files(card: Card, folder: Path, hashes: Hashes) -> None:
    for file in card.files:
        size = (folder / file.path).stat().st_size
        if size != file.size:
            raise ModelError(f"{folder / file.path}: {size} bytes, not the published {file.size}")
        if hashes[file.path] != file.sha256:
            raise ModelError(f"{folder / file.path}: SHA-256 is not the published one")


def _check_graph(published: Published, folder: Path) -> None:
    """Only operations of the published graph, and file operations only where the saver calls them."""
    from google.protobuf.message import DecodeError
    from tensorflow.core.protobuf import saved_model_pb2

    path = folder / "saved_model.pb"
    try:
        saved_model = saved_model_pb2.SavedModel.FromString(path.read_bytes())
    except DecodeError as exc:
        raise ModelError(f"{path}: not a SavedModel") from exc
    for meta in saved_model.meta_graphs:
        if meta.asset_file_def:
            raise ModelError(f"{path}: has asset files, which the published model has not")
        functions = {function.signature.name: list(function.node_def) for function in meta.graph_def.library.function}
        saver = {meta.saver_def.save_tensor_name.split(":")[0], meta.saver_def.restore_op_name}
        touching = {name for name, nodes in functions.items() if any(node.op in FILE_OPERATIONS for node in nodes)}
        for caller, nodes in {"": list(meta.graph_def.node), **functions}.items():
            for node in nodes:
                if node.op not in published.operations:
                    raise ModelError(f"{path}: has an operation {node.op}, which the published graph has not")
                in_saver_function = caller != "" and node.op in FILE_OPERATIONS
                calls_saver = caller == "" and node.name in saver
                if (node.op in FILE_OPERATIONS or _called(node) & touching) and not (in_saver_function or calls_saver):
                    raise ModelError(f"{path}: {node.name} touches files outside the saver")


def _called(node: Any) -> set[str]:
    values = [value for attribute in node.attr.values() for value in (attribute.func, *attribute.list.func)]
    return {value.name for value in values if value.name}


def _check_variables(published: Published, folder: Path) -> None:
    lines = variable_lines(folder)
    if len(lines) != published.variables:
        raise ModelError(f"{folder}: {len(lines)} variables, not the published {published.variables}")
    if variables_digest(lines) != published.variables_sha256:
        raise ModelError(f"{folder}: its weights are not the published ones")


def variables_digest(lines: list[str]) -> str:
    """SHA-256 over the sorted lines of ``variable_lines``."""
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()


def variable_lines(folder: Path) -> list[str]:
    """``name,shape,masked CRC-32C`` of every f32 variable, for example ``a/weights,3x3x3x32,306064bc``.

    A wrapper renames the checkpoint's keys but not the variables, whose names the checkpoint's object graph keeps.
    The checksum is computed from the values themselves, so a forged index does not help.
    """
    import google_crc32c
    from tensorflow.core.protobuf import trackable_object_graph_pb2

    tf = import_tensorflow()
    try:
        reader = tf.train.load_checkpoint(str(folder / "variables" / "variables"))
        graph = trackable_object_graph_pb2.TrackableObjectGraph.FromString(
            reader.get_tensor("_CHECKPOINTABLE_OBJECT_GRAPH")
        )
        names = {
            attribute.checkpoint_key: attribute.full_name.removesuffix(":0")
            for node in graph.nodes
            for attribute in node.attributes
        }
        lines = []
        for key, dtype in sorted(reader.get_variable_to_dtype_map().items()):
            if dtype == tf.float32:
                value = reader.get_tensor(key)
                shape = "x".join(str(side) for side in value.shape)
                lines.append(f"{names.get(key, key)},{shape},{_masked(google_crc32c.value(value.tobytes())):08x}")
        return lines
    except (tf.errors.OpError, ValueError, RuntimeError) as exc:
        raise ModelError(f"{folder}: its variables cannot be read ({str(exc).splitlines()[0]})") from exc


def _masked(crc: int) -> int:
    """The form in which checkpoints store a CRC-32C: rotated right by 15 bits, plus a constant."""
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF
