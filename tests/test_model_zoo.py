"""Finding, fetching and proving models, against fakes of Kaggle and real files where they are at hand."""

import csv
import dataclasses
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

from arbitrary_nst import model_zoo
from arbitrary_nst.errors import ModelError
from arbitrary_nst.model_zoo import card as cards
from arbitrary_nst.model_zoo import download, proof, store

CONTENTS = {"style.bin": b"style half", "photo.bin": b"photo half"}


@pytest.fixture
def toy(monkeypatch):
    """Two cards of tiny models, `best` and `next`, in place of the real ones."""
    import hashlib

    files = tuple(cards.File(name, len(data), hashlib.sha256(data).hexdigest()) for name, data in CONTENTS.items())
    downloads = tuple(cards.Download(f"owner/{name}", "1.bin", name) for name in CONTENTS)
    best = cards.Card("best", "t", "Apache-2.0", "tflite", 4, 256, 4, 16, 1, ("openvino",), files, downloads)
    spare = dataclasses.replace(best, name="next", rank=2, downloads=())
    both = {"best": best, "next": spare}
    for module in ("choose", "card"):
        monkeypatch.setattr(f"arbitrary_nst.model_zoo.{module}.cards", lambda: both)
    return best


def write_model(folder: Path, **changed: bytes) -> Path:
    folder.mkdir(parents=True)
    for name, data in (CONTENTS | changed).items():
        (folder / name).write_bytes(data)
    return folder


@pytest.fixture
def kaggle(monkeypatch, tmp_path):
    """A Kaggle that serves the toy model; tests replace ``serve`` to make it fail."""

    class Kaggle:
        def __init__(self):
            self.calls, self.reachable, self.contents = 0, True, dict(CONTENTS)

        def serve(self, handle):
            self.calls += 1
            print("kagglehub talks on stdout")
            folder = Path(os.environ["KAGGLEHUB_CACHE"]) / handle
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "1.bin").write_bytes(self.contents[handle.split("/")[1]])
            return str(folder)

    fake = Kaggle()
    monkeypatch.setattr("kagglehub.model_download", lambda handle: fake.serve(handle))
    monkeypatch.setattr(download, "reachable", lambda: fake.reachable)
    return fake


def quiet(line):
    pass


# --- finding


def test_places_in_order(toy, tmp_path, monkeypatch, kaggle):
    given = write_model(tmp_path / "given" / "best")
    from_environment = write_model(tmp_path / "env" / "best")
    fetched = write_model(store.fetched_dir() / "best")
    monkeypatch.setenv("ARBSTYLE_MODEL_DIR", str(tmp_path / "env"))
    for expected in (given, from_environment, fetched):
        assert model_zoo.resolve("best", model_dir=tmp_path / "given").folder == expected
        shutil.rmtree(expected)
    assert kaggle.calls == 0


def test_an_incomplete_folder_is_no_model(toy, tmp_path, kaggle):
    (tmp_path / "best").mkdir()
    (tmp_path / "best" / "style.bin").write_bytes(b"style half")
    said = []
    assert model_zoo.resolve("best", model_dir=tmp_path, notify=said.append).folder == store.fetched_dir() / "best"
    assert "incomplete, without photo.bin" in said[0]
    model_zoo.clear()
    with pytest.raises(ModelError, match=r"incomplete, without photo.bin.*Try"):
        model_zoo.resolve("best", model_dir=tmp_path, offline=True)


def test_the_published_graph_without_variables_is_no_model(shared):
    with pytest.raises(ModelError, match="incomplete, without variables"):
        model_zoo.resolve("magenta", model_dir=shared / "models", offline=True)


def test_a_folder_is_recognised_by_its_contents(toy, tmp_path):
    folder = write_model(tmp_path / "anything")
    assert model_zoo.resolve(str(folder)).card.name == "best"
    (folder / "photo.bin").unlink()
    with pytest.raises(ModelError, match=r"lacks photo\.bin"):
        model_zoo.resolve(str(folder))
    with pytest.raises(ModelError, match="no such model"):
        model_zoo.resolve("bset")


# --- auto


def test_auto_fetches_the_best(toy, kaggle):
    assert model_zoo.resolve(notify=quiet).card.name == "best"
    assert kaggle.calls == 2


def test_auto_falls_back_in_one_line_and_remembers_for_an_hour(toy, tmp_path, kaggle):
    write_model(tmp_path / "next")
    kaggle.reachable = False
    said = []
    assert model_zoo.resolve(model_dir=tmp_path, notify=said.append).card.name == "next"
    assert len(said) == 1 and "cannot be reached" in said[0] and "using next" in said[0]
    kaggle.reachable = True
    assert model_zoo.resolve(model_dir=tmp_path, notify=said.append).card.name == "next"
    assert kaggle.calls == 0 and "models pull best" in said[1]
    memory = store.cache_dir() / "unreachable-best"
    os.utime(memory, (time.time() - 4000,) * 2)
    assert model_zoo.resolve(model_dir=tmp_path, notify=said.append).card.name == "best"


def test_auto_falls_back_when_the_download_fails(toy, tmp_path, kaggle):
    write_model(tmp_path / "next")
    kaggle.contents["photo.bin"] = b"<html>please log in</html>"
    said = []
    assert model_zoo.resolve(model_dir=tmp_path, notify=said.append).card.name == "next"
    assert "not the published model" in said[-1]


def test_auto_offline_never_asks(toy, tmp_path, kaggle, monkeypatch):
    write_model(tmp_path / "next")
    monkeypatch.setenv("ARBSTYLE_OFFLINE", "1")
    said = []
    assert model_zoo.resolve(model_dir=tmp_path, notify=said.append).card.name == "next"
    assert kaggle.calls == 0 and "offline" in said[0]
    with pytest.raises(ModelError, match="no model is here"):
        model_zoo.resolve(notify=quiet)


def test_auto_does_not_hide_a_changed_model(toy, tmp_path):
    write_model(tmp_path / "best", **{"photo.bin": b"PHOTO half"})
    write_model(tmp_path / "next")
    with pytest.raises(ModelError, match="SHA-256"):
        model_zoo.resolve(model_dir=tmp_path, offline=True)


def test_reachability_is_decided_in_time_where_nothing_answers(monkeypatch):
    monkeypatch.setattr(download, "REACH_BUDGET", 0.3)
    monkeypatch.setattr(requests, "head", lambda *args, **options: time.sleep(5))
    began = time.monotonic()
    assert not download.reachable()
    assert time.monotonic() - began < 2


def test_any_answer_counts_as_reachable(monkeypatch):
    monkeypatch.setattr(requests, "head", lambda *args, **options: requests.Response())
    assert download.reachable()

    def refuse(*args, **options):
        raise requests.exceptions.ConnectionError

    monkeypatch.setattr(requests, "head", refuse)
    monkeypatch.setattr(download, "REACH_BUDGET", 0.3)
    assert not download.reachable()


# --- fetching


def http_error(status):
    response = requests.Response()
    response.status_code = status
    return requests.HTTPError(f"{status} Client Error\nsecond line", response=response)


@pytest.mark.parametrize(
    ("exception", "words"),
    [
        (http_error(401), "KAGGLE_API_TOKEN"),
        (http_error(403), "KAGGLE_API_TOKEN"),
        (http_error(404), "HTTP 404"),
        (http_error(429), "some minutes"),
        (http_error(500), "HTTP 500"),
        (requests.exceptions.ConnectionError("no route"), "HTTPS_PROXY"),
        (requests.exceptions.ReadTimeout("slow"), "cannot be reached"),
        (ValueError("Expecting value: line 1"), "download failed"),
        (OSError(28, "No space left on device"), "free some space"),
    ],
)
def test_failed_downloads_say_why_and_leave_nothing(toy, kaggle, exception, words):
    def fail(handle):
        Path(os.environ["KAGGLEHUB_CACHE"]).mkdir()
        raise exception

    kaggle.serve = fail
    with pytest.raises(ModelError, match=words) as caught:
        model_zoo.resolve("best", notify=quiet)
    assert "\n" not in str(caught.value) and "Try" in str(caught.value)
    assert left_over() == []


def left_over():
    return [path.name for path in store.fetched_dir().iterdir() if not path.name.endswith(".lock")]


def test_damage_is_told_from_kagglehub_exceptions_by_name(toy, kaggle):
    from kagglehub.exceptions import DataCorruptionError, UnauthenticatedError

    for exception, words in ((DataCorruptionError("crc"), "damaged"), (UnauthenticatedError(), "KAGGLE_API_TOKEN")):

        def fail(handle, exception=exception):
            raise exception

        kaggle.serve = fail
        with pytest.raises(ModelError, match=words):
            model_zoo.resolve("best", notify=quiet)


def test_a_login_page_instead_of_the_model_is_not_kept(toy, kaggle):
    kaggle.contents["photo.bin"] = b"<html>please log in</html>"
    with pytest.raises(ModelError, match="not the published model"):
        model_zoo.pull("best", notify=quiet)
    assert left_over() == []


def test_stdout_stays_clean_and_the_environment_as_it_was(toy, kaggle, capsys, monkeypatch):
    monkeypatch.setenv("KAGGLEHUB_CACHE", "/elsewhere")
    model_zoo.pull("best", notify=quiet)
    assert capsys.readouterr().out == ""
    assert os.environ["KAGGLEHUB_CACHE"] == "/elsewhere" and "KAGGLEHUB_VERBOSITY" not in os.environ


def test_pull_keeps_a_good_copy_and_replaces_it_by_force(toy, kaggle):
    model_zoo.pull("best", notify=quiet)
    model_zoo.pull("best", notify=quiet)
    assert kaggle.calls == 2
    model_zoo.pull("best", force=True, notify=quiet)
    assert kaggle.calls == 4 and left_over() == ["best"]


FETCH = """
import sys, time, os
from pathlib import Path
sys.path.insert(0, {tests!r})
import test_model_zoo as t
from arbitrary_nst import model_zoo
from arbitrary_nst.model_zoo import card as cards, download
import kagglehub, hashlib
files = tuple(cards.File(n, len(d), hashlib.sha256(d).hexdigest()) for n, d in t.CONTENTS.items())
downloads = tuple(cards.Download("owner/" + n, "1.bin", n) for n in t.CONTENTS)
card = cards.Card("best", "t", "A", "tflite", 4, 256, 4, 16, 1, ("openvino",), files, downloads)
def serve(handle):
    print("serving", flush=True, file=sys.__stdout__)
    time.sleep({pause})
    folder = Path(os.environ["KAGGLEHUB_CACHE"]) / handle
    folder.mkdir(parents=True)
    (folder / "1.bin").write_bytes(t.CONTENTS[handle.split("/")[1]])
    return str(folder)
kagglehub.model_download = serve
download.pull(card)
"""


def fetch_process(pause):
    script = FETCH.format(tests=str(Path(__file__).parent), pause=pause)
    return subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)


def test_two_first_runs_at_once_end_with_one_copy():
    with fetch_process(0.3) as one, fetch_process(0.3) as other:
        outputs = [process.communicate(timeout=60)[0] for process in (one, other)]
    assert one.returncode == other.returncode == 0
    assert sorted(output.count("serving") for output in outputs) == [0, 2]
    assert left_over() == ["best"]


def test_a_killed_download_is_no_model_and_the_next_cleans_up(toy, kaggle):
    with fetch_process(60) as process:
        assert process.stdout.readline() == "serving\n"
        process.send_signal(signal.SIGKILL)
    assert left_over() != []
    with pytest.raises(ModelError):
        model_zoo.find("best")
    model_zoo.pull("best", notify=quiet)
    assert left_over() == ["best"]


# --- proving


@pytest.mark.parametrize("data", [b"PHOTO half", b"longer than published"])
def test_a_changed_file_is_refused_unless_trusted(toy, tmp_path, data):
    write_model(tmp_path / "best", **{"photo.bin": data})
    with pytest.raises(ModelError, match="--trust-model"):
        model_zoo.resolve("best", model_dir=tmp_path)
    assert not model_zoo.resolve("best", model_dir=tmp_path, trust=True).verified
    assert model_zoo.list_models(tmp_path)[0].state == "changed"


def test_the_card_of_magenta_holds_the_published_figures(shared):
    table = shared / "models" / "magenta" / "published_weights_crc32c.csv"
    with table.open(newline="") as file:
        lines = [f"{row['variable']},{row['shape']},{row['masked_crc32c']}" for row in csv.DictReader(file)]
    published = cards.cards()["magenta"].published
    assert len(lines) == published.variables == 507
    assert proof.variables_digest(lines) == published.variables_sha256
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
    digest = proof.variables_digest(proof.variable_lines(standin))
    return dataclasses.replace(real, published=dataclasses.replace(real.published, variables_sha256=digest))


@pytest.fixture
def genuine(standin, standin_card, tmp_path, monkeypatch):
    """A fresh copy of the stand-in under that card."""
    monkeypatch.setattr("arbitrary_nst.model_zoo.choose.cards", lambda: {"magenta": standin_card})
    return shutil.copytree(standin, tmp_path / "magenta")


def test_weights_prove_a_model_in_either_wrapper(genuine, standin_callable, monkeypatch):
    for folder in (genuine, standin_callable):
        assert model_zoo.resolve(str(folder)).verified
    # the second time by hashes alone
    monkeypatch.setattr(proof, "variable_lines", lambda folder: pytest.fail("proven twice"))
    assert model_zoo.resolve(str(genuine)).verified
    assert model_zoo.list_models(genuine.parent)[0].state == "verified"


def test_one_changed_variable_is_noticed(genuine, standin_callable, monkeypatch):
    lines = proof.variable_lines(genuine)
    monkeypatch.setattr(proof, "variable_lines", lambda folder: [*lines[:-1], lines[-1][:-8] + "00000000"])
    with pytest.raises(ModelError, match="weights are not"):
        model_zoo.resolve(str(genuine))
    monkeypatch.setattr(proof, "variable_lines", lambda folder: lines[:-1])
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


# --- the cache


def test_clear_removes_what_was_fetched_and_made_and_nothing_else(toy, tmp_path, kaggle):
    own = write_model(tmp_path / "best")
    model_zoo.pull("best", notify=quiet)
    made = model_zoo.conversions_dir() / "best"
    made.mkdir(parents=True)
    (made / "half.bin").write_bytes(b"1234")
    assert model_zoo.clear("best") == 4 + sum(map(len, CONTENTS.values()))
    assert not made.exists() and left_over() == [] and own.is_dir()
    with pytest.raises(ModelError, match="no such model"):
        model_zoo.clear("../..")


def test_digest_follows_names_and_contents():
    one = {"a": "1", "b": "2"}
    assert store.digest(one) == store.digest(dict(reversed(one.items())))
    assert len({store.digest(files) for files in (one, {"a": "2", "b": "1"}, {"a": "1"})}) == 3
