"""The reader of TensorFlow's checkpoints, against TensorFlow's own, and on files that are damaged."""

from pathlib import Path

import numpy as np
import pytest

from arbitrary_nst.model_zoo import checkpoint


@pytest.fixture(scope="module")
def prefix(tmp_path_factory):
    tf = pytest.importorskip("tensorflow")
    random = np.random.default_rng(0)
    holder = tf.Module()
    holder.parts = [
        tf.Variable(random.normal(size=shape).astype(np.float32), name=f"layer_{number}/weights")
        for number, shape in enumerate([(3, 3, 2, 5), (7,), (), *[(4, 2)] * 60])  # several restarts of a block
    ]
    holder.count = tf.Variable(np.int64(4), name="count")
    return tf.train.Checkpoint(root=holder).write(str(tmp_path_factory.mktemp("checkpoint") / "variables"))


def test_it_reads_what_tensorflow_reads(prefix):
    import tensorflow as tf

    theirs, found = tf.train.load_checkpoint(prefix), checkpoint.floats(prefix)
    types = theirs.get_variable_to_dtype_map()
    assert found.keys() == {key for key, kind in types.items() if kind == tf.float32} and len(found) == 63
    for key, values in found.items():
        np.testing.assert_array_equal(values, theirs.get_tensor(key))
    named = checkpoint.names(prefix)
    assert {named[key] for key in found} == {f"layer_{number}/weights" for number in range(63)}


@pytest.mark.parametrize("suffix", [".index", ".data-00000-of-00001"])
def test_a_damaged_one_is_refused(prefix, tmp_path, suffix):
    for each in (".index", ".data-00000-of-00001"):
        (tmp_path / f"variables{each}").write_bytes(Path(prefix + each).read_bytes())
    path = tmp_path / f"variables{suffix}"
    whole = path.read_bytes()
    largest = max(checkpoint.floats(tmp_path / "variables").values(), key=np.size).tobytes()
    at = len(whole) - 5 if suffix == ".index" else whole.index(largest)
    for changed in (b"", whole[: at + 2], whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]):
        path.write_bytes(changed)
        with pytest.raises((ValueError, KeyError, OSError)):
            checkpoint.floats(tmp_path / "variables")


def test_numbers_without_an_end_are_refused():
    for data in (b"", b"\x80" * 3, b"\x80" * 20):
        with pytest.raises(ValueError, match="a number ends too early"):
            checkpoint._varint(data, 0)
