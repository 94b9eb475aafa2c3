"""Is a model genuine: its weights, whatever program they came with, and what changed since."""

import csv
import os
import shutil

import numpy as np
import pytest

from arbitrary_nst import model_zoo
from arbitrary_nst.errors import ModelError
from arbitrary_nst.model_zoo import card as cards
from arbitrary_nst.model_zoo import store, verification, weights

SHARD = "variables/variables.data-00000-of-00001"


def test_the_card_of_magenta_holds_the_published_figures(shared):
    table = shared / "models" / "magenta" / "published_weights_crc32c.csv"
    with table.open(newline="") as file:
        lines = [f"{row['variable']},{row['shape']},{row['masked_crc32c']}" for row in csv.DictReader(file)]
    published = cards.cards()["magenta"].published
    assert len(lines) == published.variables == 507
    assert weights.digest_of_lines(lines) == published.variables_sha256
    assert weights.digest_of_lines([line.rpartition(",")[0] for line in lines]) == published.layout_sha256


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
    digest = weights.digest_of_lines(weights.variable_lines(weights.read_weights(standin)))
    return real._replace(published=real.published._replace(variables_sha256=digest))


@pytest.fixture
def genuine(standin, standin_card, tmp_path, monkeypatch):
    """A fresh copy of the stand-in under that card."""
    monkeypatch.setattr("arbitrary_nst.model_zoo.resolution.cards", lambda: {"magenta": standin_card})
    return shutil.copytree(standin, tmp_path / "magenta")


def test_weights_prove_a_model_in_either_wrapper(genuine, standin_callable, monkeypatch):
    for folder in (genuine, standin_callable):
        assert model_zoo.resolve(str(folder)).verified
    # the second time by hashes alone
    monkeypatch.setattr(weights, "read_weights", lambda folder: pytest.fail("proven twice"))
    assert model_zoo.resolve(str(genuine)).verified
    assert model_zoo.list_models(genuine.parent)[0].state == "verified"


def test_the_program_around_the_weights_is_neither_needed_nor_read(genuine):
    model_zoo.resolve(str(genuine))
    graph = genuine / "saved_model.pb"
    graph.unlink()
    os.mkfifo(graph)  # whoever opens it hangs
    os.mkfifo(genuine / "stray")
    (genuine / "assets" / "extra.py").write_text("raise SystemExit('was run')")
    model = model_zoo.resolve(str(genuine))
    assert model.verified and len(weights.load_weights(model)) == 507


def test_one_changed_variable_is_noticed(genuine, monkeypatch):
    values = weights.read_weights(genuine)
    name = next(iter(values))
    monkeypatch.setattr(weights, "read_weights", lambda folder: {**values, name: values[name] + 1})
    with pytest.raises(ModelError, match="weights are not"):
        model_zoo.resolve(str(genuine))
    monkeypatch.setattr(weights, "read_weights", lambda folder: {k: v for k, v in values.items() if k != name})
    with pytest.raises(ModelError, match="506 variables"):
        model_zoo.resolve(str(genuine))


def test_damaged_weights_are_noticed(genuine):
    data = bytearray((genuine / SHARD).read_bytes())
    data[50_000_000] ^= 1
    (genuine / SHARD).write_bytes(data)
    with pytest.raises(ModelError, match=r"weights are not|cannot be read"):
        model_zoo.resolve(str(genuine))


def test_weights_forged_to_the_published_checksums_are_told_from_those_proven_before(genuine, monkeypatch, tmp_path):
    """CRC-32C is linear: numbers can be chosen so that it stays. SHA-256 of what was proven first does not."""
    model_zoo.resolve(str(genuine))
    forged = shutil.copytree(genuine, tmp_path / "forged" / "magenta")
    values = weights.read_weights(genuine)
    lines = weights.variable_lines(values)
    monkeypatch.setattr(weights, "variable_lines", lambda _: lines)
    name = next(iter(values))
    monkeypatch.setattr(weights, "read_weights", lambda folder: {**values, name: values[name] + 1})
    with pytest.raises(ModelError, match="proven here before"):
        model_zoo.resolve(str(forged))


def test_trust_lets_other_weights_pass_but_no_other_layout(standin, monkeypatch):
    model = model_zoo.resolve(str(standin), trust=True)
    values = weights.load_weights(model)
    name = next(iter(values))
    for odd in ({**values, name: values[name][:-1]}, {**values, "more": values[name]}):
        monkeypatch.setattr(weights, "read_weights", lambda folder, odd=odd: odd)
        with pytest.raises(ModelError, match=r"names and shapes|508 variables"):
            weights.load_weights(model)


@pytest.mark.parametrize("change", ["edit", "link"])
def test_what_changes_after_the_first_use_is_refused(genuine, standin, tmp_path, change):
    model_zoo.resolve(str(genuine))
    if change == "link":  # to a folder outside, with another file in it
        shutil.move(genuine / "variables", tmp_path / "elsewhere")
        (genuine / "variables").symlink_to(tmp_path / "elsewhere")
    with (genuine / SHARD).open("ab") as file:
        file.write(b"\0")
    with pytest.raises(ModelError, match="changed since it was verified"):
        model_zoo.resolve(str(genuine))
    assert model_zoo.list_models(genuine.parent)[0].state == "changed"
    assert not model_zoo.resolve(str(genuine), trust=True).verified
    shutil.copyfile(standin / SHARD, genuine / SHARD)
    assert model_zoo.resolve(str(genuine)).verified


def test_a_swap_between_check_and_load_is_noticed(genuine):
    model = model_zoo.resolve(str(genuine))
    with (genuine / SHARD).open("r+b") as file:
        file.write(b"\1")
    with pytest.raises(ModelError, match="changed while it was read"):
        weights.load_weights(model)


def test_garbage_instead_of_weights(genuine):
    (genuine / "variables" / "variables.index").write_bytes(b"\xff" * 100)
    with pytest.raises(ModelError, match="variables cannot be read"):
        model_zoo.resolve(str(genuine))


def test_a_pipe_instead_of_a_file_does_not_hang(toy, tmp_path):
    os.mkfifo(tmp_path / "style.bin")
    with pytest.raises(ModelError, match="not a regular file"):
        store.hash_files(toy, tmp_path)


def test_the_masked_checksum_is_the_one_in_a_checkpoints_index():
    line = weights.variable_lines({"a/b": np.zeros((2, 3), np.float32)})[0]
    assert line.startswith("a/b,2x3,") and len(line.rpartition(",")[2]) == 8


def test_a_file_of_another_size_is_told(toy, tmp_path):
    for file in toy.files:
        (tmp_path / file.path).write_bytes(b"short")
    with pytest.raises(ModelError, match="5 bytes, not the published 10"):
        verification.check(toy, tmp_path, store.hash_files(toy, tmp_path))
