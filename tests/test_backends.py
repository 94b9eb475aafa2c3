"""Which library Keras computes with, and why; and where it computes."""

import os
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import alike
import keras
import numpy as np
import pytest

from arbitrary_nst.errors import EngineError
from arbitrary_nst.hardware import backends, devices


@pytest.fixture
def free(monkeypatch):
    """A process in which Keras is not imported yet, without a GPU; all three backends are installed."""
    monkeypatch.setattr(backends, "_fixed", lambda: None)
    monkeypatch.setattr(backends, "has_gpu_driver", lambda: False)
    monkeypatch.setattr(backends, "is_apple_silicon", lambda: False)
    installed = set(backends.BACKENDS)
    monkeypatch.setattr(backends, "find_spec", lambda name: name if name in installed else None)
    monkeypatch.setenv(backends.VARIABLE, "")  # so that what is set meanwhile is taken back
    monkeypatch.delenv(backends.VARIABLE)
    return SimpleNamespace(monkeypatch=monkeypatch, installed=installed)


def test_auto_takes_what_is_installed(free):
    assert backends.choose_backend() == ("tensorflow", "installed, and none sees a GPU")
    free.installed -= {"tensorflow", "torch"}
    assert backends.choose_backend()[0] == "jax"
    free.installed.clear()
    with pytest.raises(EngineError, match="none of TensorFlow, PyTorch and JAX is here"):
        backends.choose_backend()


def test_auto_takes_what_sees_a_gpu(free):
    free.monkeypatch.setattr(backends, "has_gpu_driver", lambda: True)
    free.monkeypatch.setattr(backends, "torch_devices", list)
    free.monkeypatch.setattr(backends, "_jax_gpus", lambda: iter(["cuda:0"]))
    assert backends.choose_backend() == ("jax", "it sees cuda:0")


def test_the_option_is_before_the_variable_and_that_before_a_guess(free):
    free.monkeypatch.setenv(backends.VARIABLE, "jax")
    assert backends.choose_backend() == ("jax", "KERAS_BACKEND says so")
    assert backends.choose_backend("torch") == ("torch", "asked for")
    assert backends.set_backend("torch")[0] == os.environ[backends.VARIABLE] == "torch"


def test_a_gpu_is_woken_while_keras_is_imported(free):
    pytest.importorskip("torch")
    woken = []
    free.monkeypatch.setattr(backends, "wake_ahead", woken.append)
    free.monkeypatch.setenv("KERAS_TORCH_DEVICE", "")
    free.monkeypatch.delenv("KERAS_TORCH_DEVICE")
    backends.set_backend("torch")
    assert woken == []  # there is no driver
    free.monkeypatch.setattr(backends, "has_gpu_driver", lambda: True)
    backends.set_backend("torch")
    backends.set_backend("jax")
    backends.set_backend("torch", "cpu")
    assert woken == ["cuda"]


def test_a_gpu_that_cannot_be_woken_is_not_told_here(free):
    pytest.importorskip("torch")
    before = set(threading.enumerate())
    devices.wake_ahead("cuda:99")
    for thread in set(threading.enumerate()) - before:
        thread.join()


def test_a_backend_that_is_not_there_is_told_with_those_that_are(free):
    free.installed -= {"jax"}
    with pytest.raises(EngineError, match="jax: not installed; there is tensorflow, torch"):
        backends.choose_backend("jax")


def test_a_backend_in_use_stays(free):
    free.monkeypatch.setattr(backends, "_fixed", lambda: "tensorflow")
    assert backends.choose_backend() == ("tensorflow", "Keras runs on it already")
    with pytest.raises(EngineError, match="keras: runs on tensorflow already"):
        backends.choose_backend("torch")


def test_a_device_that_a_backend_does_not_see_is_told(free):
    free.monkeypatch.setattr(backends, "_jax_gpus", lambda: iter([]))
    with pytest.raises(EngineError, match="cuda:1: not here; JAX sees cpu"):
        backends.set_backend("jax", "cuda:1")


@pytest.mark.slow
def test_keras_runs_on_the_backend_and_device_asked_for():
    pytest.importorskip("torch")
    code = """
from arbitrary_nst.hardware.backends import set_backend, choose_backend
set_backend("torch", "cpu")
import keras
assert keras.backend.backend() == "torch" and str(keras.ops.zeros(1).device) == "cpu"
assert choose_backend() == ("torch", "Keras runs on it already")
"""
    environment = {name: value for name, value in os.environ.items() if name != "KERAS_BACKEND"}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)


# --- they agree


@pytest.fixture(scope="module")
def by_tensorflow():
    assert keras.backend.backend() == "tensorflow"
    return alike.refined(), alike.learnt()


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_backends_agree(backend, by_tensorflow, tmp_path):
    """A refinement within 1e-3 of the largest value, losses of learning within 1 %, as Adam multiplies rounding."""
    pytest.importorskip(backend, reason=f"{backend} is not installed")
    here = {"KERAS_BACKEND": backend, "JAX_PLATFORMS": "cpu", "XLA_FLAGS": "--xla_backend_optimization_level=0"}
    command = [sys.executable, Path(alike.__file__), tmp_path / "theirs.npz"]
    done = subprocess.run(command, env=os.environ | here, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    theirs, (refined, learnt) = np.load(tmp_path / "theirs.npz"), by_tensorflow
    assert set(theirs.files) == {*refined, *learnt} and len(refined) == 5 and len(learnt) == 2
    for key, mine in refined.items():
        np.testing.assert_allclose(theirs[key], mine, atol=1e-3 * np.abs(mine).max(), err_msg=key)
    for key, mine in learnt.items():
        np.testing.assert_allclose(theirs[key], mine, rtol=1e-2, err_msg=key)
