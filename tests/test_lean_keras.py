"""Keras takes along what it computes with, and no more."""

import json
import subprocess
import sys
import threading
import types

import pytest

from arbitrary_nst.hardware import lean_keras
from arbitrary_nst.hardware.lean_keras import lean_imports

TAKEN = """
import json, os, sys
from arbitrary_nst.hardware import lean_keras
lean_keras.PROCESS_IS_OURS = {ours}
from arbitrary_nst.refinement import losses
there = [name for name in ("jax", "pandas", "matplotlib", "torch._dynamo") if name in sys.modules]
import jax
{then}
print(json.dumps(there))
"""
# What was kept from Keras is there for whoever asks for it, and Keras draws random numbers, which it has marked.
THEN = """
import keras, torch
assert "_dynamo" not in vars(torch)
assert keras.ops.shape(keras.random.normal((2, 3))) == (2, 3)
assert torch._dynamo.__file__ and callable(torch._dynamo.explain)
"""


def taken_along(backend, ours, then=""):
    call = [sys.executable, "-c", TAKEN.format(ours=ours, then=then)]
    environment = {"KERAS_BACKEND": backend, "PYTHONPATH": ":".join(sys.path), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(call, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr[-2000:]
    return set(json.loads(done.stdout))


@pytest.mark.slow
def test_on_pytorch_keras_comes_alone():
    pytest.importorskip("torch")
    assert taken_along("torch", True, THEN) == set()


@pytest.mark.slow
def test_in_anothers_process_only_jax_is_left_out():
    """Who uses Keras beside us may give it tables."""
    pytest.importorskip("torch")
    assert "jax" not in (found := taken_along("torch", False)) and "torch._dynamo" in found


@pytest.mark.slow
def test_jax_is_there_where_it_computes():
    pytest.importorskip("jax")
    assert taken_along("jax", True) == {"jax"}


def test_other_threads_import_what_they_like(monkeypatch):
    monkeypatch.setattr(lean_keras, "PROCESS_IS_OURS", True)
    monkeypatch.setattr(lean_keras, "FOR_OTHERS", ("this",))
    monkeypatch.delitem(sys.modules, "this", raising=False)
    found = []

    def look():
        found.append(lean_keras.sys.meta_path[0].find_spec("this"))

    with lean_imports():
        with pytest.raises(ImportError, match="this: not needed here"):
            import this  # noqa: F401
        thread = threading.Thread(target=look)
        thread.start()
        thread.join()
    assert found == [None]
    assert not any(isinstance(finder, lean_keras._Hiding) for finder in sys.meta_path)


@pytest.mark.parametrize("is_there", [True, False])
def test_the_compiler_itself_is_imported_where_nothing_can_stand_for_it(is_there, monkeypatch):
    """The decorator is PyTorch's own, and it may call it otherwise one day."""
    monkeypatch.setattr(lean_keras, "PROCESS_IS_OURS", True)
    named = {"_disable_dynamo" if is_there else "_disable": id}
    monkeypatch.setitem(sys.modules, "torch._compile", types.SimpleNamespace(**named))
    with lean_imports():
        assert (lean_keras.sys.meta_path[0].find_spec(lean_keras.DYNAMO) is not None) is is_there
