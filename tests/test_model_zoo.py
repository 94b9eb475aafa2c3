"""Finding and fetching models, against fakes of Kaggle."""

import os
import shutil
import time

import pytest
import requests
from toy_models import CONTENTS, left_over, quiet, write_model

from arbitrary_nst import model_zoo
from arbitrary_nst.errors import ModelError
from arbitrary_nst.hardware import own_folder
from arbitrary_nst.model_zoo import download, store

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
    assert kaggle.calls == 0 and said[1] == f"using next ({tmp_path / 'next'})"  # no news
    memory = own_folder.cache_dir() / "unreachable-best"
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
    assert kaggle.calls == 0 and said == [f"using next ({tmp_path / 'next'})"]
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


# --- changed files


@pytest.mark.parametrize("data", [b"PHOTO half", b"longer than published"])
def test_a_changed_file_is_refused_unless_trusted(toy, tmp_path, data):
    write_model(tmp_path / "best", **{"photo.bin": data})
    with pytest.raises(ModelError, match="trust_model"):
        model_zoo.resolve("best", model_dir=tmp_path)
    assert not model_zoo.resolve("best", model_dir=tmp_path, trust=True).verified
    assert model_zoo.list_models(tmp_path)[0].state == "changed"


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
