"""Is a model genuine: weights, operations, and what changed since."""

import csv
import dataclasses
import shutil

import pytest

from arbitrary_nst import model_zoo
from arbitrary_nst.errors import ModelError
from arbitrary_nst.model_zoo import card as cards
from arbitrary_nst.model_zoo import verification


def test_the_card_of_magenta_holds_the_published_figures(shared):
    table = shared / "models" / "magenta" / "published_weights_crc32c.csv"
    with table.open(newline="") as file:
        lines = [f"{row['variable']},{row['shape']},{row['masked_crc32c']}" for row in csv.DictReader(file)]
    published = cards.cards()["magenta"].published
    assert len(lines) == published.variables == 507
    assert verification.variables_digest(lines) == published.variables_sha256
    assert read_operations(shared / "models" / "magenta") == published.operations


def saved_model(folder):
    from tensorflow.core.protobuf import saved_model_pb2

    return saved_model_pb2.SavedModel.FromString((folder / "saved_model.pb").read_bytes())


def read_operations(folder):
    graph = saved_model(folder).meta_graphs[0].graph_def
    functions = [node.op for function in graph.library.function for node in function.node_def]
    return {node.op for node in graph.node} | set(functions)


def test_the_card_of_lite_holds_the_real_files(shared):
    assert model_zoo.resolve("lite", model_dir=shared / "models").verified


def test_the_standin_is_refused_unless_trusted(standin):
    with pytest.raises(ModelError, match="weights are not the published ones"):
        model_zoo.resolve(str(standin))
    assert not model_zoo.resolve(str(standin), trust=True).verified


@pytest.fixture(scope="module")
def standin_card(standin):
    """A card on which the stand-in is the published model, so that acceptance can be tested."""
    real = cards.cards()["magenta"]
    digest = verification.variables_digest(verification.variable_lines(standin))
    return dataclasses.replace(real, published=dataclasses.replace(real.published, variables_sha256=digest))


@pytest.fixture
def genuine(standin, standin_card, tmp_path, monkeypatch):
    """A fresh copy of the stand-in under that card."""
    monkeypatch.setattr("arbitrary_nst.model_zoo.resolution.cards", lambda: {"magenta": standin_card})
    return shutil.copytree(standin, tmp_path / "magenta")


def test_weights_prove_a_model_in_either_wrapper(genuine, standin_callable, monkeypatch):
    for folder in (genuine, standin_callable):
        assert model_zoo.resolve(str(folder)).verified
    # the second time by hashes alone
    monkeypatch.setattr(verification, "variable_lines", lambda folder: pytest.fail("proven twice"))
    assert model_zoo.resolve(str(genuine)).verified
    assert model_zoo.list_models(genuine.parent)[0].state == "verified"


def test_one_changed_variable_is_noticed(genuine, standin_callable, monkeypatch):
    lines = verification.variable_lines(genuine)
    monkeypatch.setattr(verification, "variable_lines", lambda folder: [*lines[:-1], lines[-1][:-8] + "00000000"])
    with pytest.raises(ModelError, match="weights are not"):
        model_zoo.resolve(str(genuine))
    monkeypatch.setattr(verification, "variable_lines", lambda folder: lines[:-1])
    with pytest.raises(ModelError, match="506 variables"):
        model_zoo.resolve(str(genuine))


def test_damaged_weights_are_noticed(genuine):
    shard = genuine / "variables" / "variables.data-00000-of-00001"
    data = bytearray(shard.read_bytes())
    data[50_000_000] ^= 1
    shard.write_bytes(data)
    with pytest.raises(ModelError, match=r"weights are not|cannot be read"):
        model_zoo.resolve(str(genuine))


def rewrite(folder, change):
    proto = saved_model(folder)
    change(proto.meta_graphs[0].graph_def)
    (folder / "saved_model.pb").write_bytes(proto.SerializeToString())


@pytest.mark.parametrize("operation", ["ReadFile", "WriteFile", "PyFunc", "EagerPyFunc", "DecodeJpeg"])
def test_an_operation_that_the_published_graph_has_not_is_refused(genuine, operation):
    rewrite(genuine, lambda graph: graph.library.function[3].node_def.add(name="added", op=operation))
    with pytest.raises(ModelError, match=f"operation {operation}"):
        model_zoo.resolve(str(genuine))


def test_a_file_operation_outside_the_saver_is_refused(genuine):
    rewrite(genuine, lambda graph: graph.node.add(name="added", op="SaveV2"))
    with pytest.raises(ModelError, match="touches files"):
        model_zoo.resolve(str(genuine))


def test_a_call_of_the_saver_from_elsewhere_is_refused(genuine):
    def call(graph):
        saving = next(f for f in graph.library.function if any(node.op == "SaveV2" for node in f.node_def))
        node = graph.library.function[0].node_def.add(name="added", op="StatefulPartitionedCall")
        node.attr["f"].func.name = saving.signature.name

    rewrite(genuine, call)
    with pytest.raises(ModelError, match="touches files"):
        model_zoo.resolve(str(genuine))


@pytest.mark.parametrize("change", ["edit", "add", "remove"])
def test_what_changes_after_the_first_use_is_refused_until_verified_again(genuine, change):
    model_zoo.resolve(str(genuine))
    if change == "edit":
        with (genuine / "saved_model.pb").open("ab") as file:
            file.write(b"\0")
    elif change == "add":
        (genuine / "assets" / "extra.py").write_text("print('hello')")
    else:
        (genuine / "fingerprint.pb").unlink()
    with pytest.raises(ModelError, match="changed since it was verified"):
        model_zoo.resolve(str(genuine))
    assert model_zoo.list_models(genuine.parent)[0].state == "changed"
    assert not model_zoo.resolve(str(genuine), trust=True).verified
    if change == "remove":
        model_zoo.verify("magenta", model_dir=genuine.parent)
        assert model_zoo.resolve(str(genuine)).verified


def test_garbage_instead_of_a_graph(genuine):
    (genuine / "saved_model.pb").write_bytes(b"\xff" * 100)
    with pytest.raises(ModelError, match="not a SavedModel"):
        model_zoo.resolve(str(genuine))
