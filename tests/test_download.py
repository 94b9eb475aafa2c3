"""Fetching models from fakes of Kaggle: one valid copy or none, and one line that says why."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import requests
from toy_models import left_over, quiet

from arbitrary_nst import model_zoo
from arbitrary_nst.errors import ModelError


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


def test_offline_is_heeded(toy, kaggle, monkeypatch):
    monkeypatch.setenv("ARBSTYLE_OFFLINE", "1")
    with pytest.raises(ModelError, match="ARBSTYLE_OFFLINE is set"):
        model_zoo.pull("best", notify=quiet)
    assert kaggle.calls == 0
    monkeypatch.setenv("ARBSTYLE_OFFLINE", "0")
    model_zoo.pull("best", notify=quiet)


FETCH = """
import os, sys, time
from pathlib import Path
sys.path.insert(0, {tests!r})
import kagglehub, toy_models
from arbitrary_nst.model_zoo import download
def serve(handle):
    print("serving", flush=True, file=sys.__stdout__)
    time.sleep({pause})
    return toy_models.serve(handle)
kagglehub.model_download = serve
download.pull(toy_models.card())
"""


def fetch_process(pause):
    script = FETCH.format(tests=str(Path(__file__).parent), pause=pause)
    return subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)


@pytest.mark.slow
def test_two_first_runs_at_once_end_with_one_copy():
    with fetch_process(0.3) as one, fetch_process(0.3) as other:
        outputs = [process.communicate(timeout=60)[0] for process in (one, other)]
    assert one.returncode == other.returncode == 0
    assert sorted(output.count("serving") for output in outputs) == [0, 2]
    assert left_over() == ["best"]


@pytest.mark.slow
def test_a_killed_download_is_no_model_and_the_next_cleans_up(toy, kaggle):
    with fetch_process(60) as process:
        assert process.stdout.readline() == "serving\n"
        process.send_signal(signal.SIGKILL)
    assert left_over() != []
    with pytest.raises(ModelError):
        model_zoo.find("best")
    model_zoo.pull("best", notify=quiet)
    assert left_over() == ["best"]
