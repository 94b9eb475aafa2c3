"""What tests share: an empty cache, no network beyond this machine, and the material outside the repository."""

import collections
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import toy_models
from filelock import FileLock

ROOT = Path(__file__).resolve().parent.parent

# Commands that tests start hear the signals that they are sent, also where tests run in the background or by nohup.
for _number in (signal.SIGINT, getattr(signal, "SIGHUP", signal.SIGINT)):
    if signal.getsignal(_number) == signal.SIG_IGN:
        signal.signal(_number, signal.default_int_handler if _number == signal.SIGINT else signal.SIG_DFL)


@pytest.hookimpl(tryfirst=True)  # before --fast looks at the marks
def pytest_collection_modifyitems(items):
    """What needs a stand-in of the full model is slow, ten seconds to make one alone.

    Files with the most slow tests first: where two run at a time, none is left to the end alone.
    """
    for item in items:
        if {"standin", "standin_callable"} & set(item.fixturenames):
            item.add_marker(pytest.mark.slow)
    slow = collections.Counter(item.path for item in items if item.get_closest_marker("slow"))
    items.sort(key=lambda item: -slow[item.path])


@pytest.fixture(autouse=True)
def _clean_surroundings(tmp_path_factory, monkeypatch):
    """An empty cache of the test's own, no settings from outside, and no way out to the network."""
    for name in [name for name in os.environ if name.startswith("ARBSTYLE_") and name != "ARBSTYLE_SHARED"]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("ARBSTYLE_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
    connect = socket.socket.connect

    def only_here(self, address):
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in ("127.0.0.1", "::1", "localhost"):
            raise OSError(f"a test tried to reach {address}")
        return connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", only_here)


@pytest.fixture(scope="session")
def shared() -> Path:
    """Models and pictures that are not part of the repository."""
    folder = Path(os.environ.get("ARBSTYLE_SHARED", ROOT.parent / "shared"))
    if not (folder / "models").is_dir():
        pytest.skip("needs the shared folder with models and pictures (ARBSTYLE_SHARED, or beside the checkout)")
    return folder


@pytest.fixture(scope="session")
def for_all(tmp_path_factory) -> Path:
    """A folder that the processes of one run of the tests share."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="session")
def standin(shared, for_all) -> Path:
    """The full model's graph with random weights, saved with a signature, as published."""
    return _make_standin(shared, for_all / "standin" / "magenta")


@pytest.fixture(scope="session")
def standin_callable(shared, for_all) -> Path:
    """The same without a signature, as a re-saved hub module is."""
    return _make_standin(shared, for_all / "standin" / "callable", "--no-signature")


def _make_standin(shared, folder, *options):
    folder.parent.mkdir(exist_ok=True)
    with FileLock(f"{folder}.lock"):
        if not folder.exists():
            script = shared / "tools" / "make_standin.py"
            environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
            subprocess.run([sys.executable, script, folder, *options], check=True, capture_output=True, env=environment)
    return folder


@pytest.fixture
def toy(monkeypatch):
    """Two cards of tiny models, `best` and `next`, in place of the real ones."""
    best = toy_models.card()
    both = {"best": best, "next": best._replace(name="next", rank=2, downloads=())}
    for module in ("resolution", "card"):
        monkeypatch.setattr(f"arbitrary_nst.model_zoo.{module}.cards", lambda: both)
    return best


@pytest.fixture
def kaggle(monkeypatch):
    """A Kaggle that serves `best`."""
    fake = toy_models.Kaggle()
    monkeypatch.setattr("kagglehub.model_download", lambda handle: fake.serve(handle))
    monkeypatch.setattr("arbitrary_nst.model_zoo.download.reachable", lambda: fake.reachable)
    return fake
