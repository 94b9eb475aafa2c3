"""What is recorded on a GPU: here by a recorder that runs the function again, as a CUDA graph does."""

import logging
import subprocess
import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from arbitrary_nst.hardware import recording  # noqa: E402
from arbitrary_nst.hardware.recording import Recorded  # noqa: E402

HERE = Path(__file__).parent


@pytest.fixture(autouse=True)
def _here(monkeypatch):
    """As if on CUDA."""

    def record(function, held):
        made = function(*held)

        def replay():
            for old, new in zip(recording._leaves(made), recording._leaves(function(*held)), strict=True):
                old.copy_(new)

        return replay, made

    monkeypatch.setattr(recording, "may_record", lambda leaves: True)
    monkeypatch.setattr(recording, "record", record)


class Counted:
    """The sum of some tensors and their doubles; counts its calls."""

    def __init__(self):
        self.calls = 0

    def __call__(self, first, others):
        self.calls += 1
        return first + sum(others), [2 * each for each in others]


def called(function, *numbers, size=3):
    total, doubles = function(torch.full((size,), numbers[0]), [torch.full((size,), each) for each in numbers[1:]])
    assert total.tolist() == [sum(numbers)] * size
    assert [each.tolist() for each in doubles] == [[2 * each] * size for each in numbers[1:]]
    return total


def is_recorded(function):
    return function._again is not None


def test_a_size_that_comes_again_is_recorded_and_takes_what_it_is_given():
    function = Recorded(Counted())
    for number in range(recording.AFTER):
        called(function, float(number), 1.0)
        assert not is_recorded(function)
    made = [called(function, float(number), 2.0) for number in range(4)]
    assert is_recorded(function)
    assert [each[0].item() for each in made] == [2, 3, 4, 5]  # each its own memory


def test_another_size_runs_without_and_is_recorded_in_its_turn():
    function = Recorded(Counted())
    for size in (3, 5, 3):
        for number in range(recording.AFTER):
            called(function, float(number), 1.0, size=size)
            assert not is_recorded(function)
        called(function, 7.0, 1.0, size=size)
        assert is_recorded(function)


def test_one_recording_is_kept_in_a_process():
    one, other = Recorded(Counted()), Recorded(Counted())
    for function in (one, other):
        for _ in range(recording.AFTER + 1):
            called(function, 1.0, 2.0)
    assert is_recorded(other) and not is_recorded(one)
    called(one, 1.0, 2.0)


def test_what_cannot_be_recorded_runs_as_before(monkeypatch, caplog):
    def fail(function, held):
        raise RuntimeError("operation not permitted when stream is capturing\nand more")

    monkeypatch.setattr(recording, "record", fail)
    function = Recorded(Counted())
    with caplog.at_level(logging.INFO):
        for _ in range(2 * recording.AFTER + 2):
            called(function, 1.0, 2.0)
    assert caplog.messages == ["not recorded as a CUDA graph: operation not permitted when stream is capturing"]


def test_nothing_is_recorded_on_the_cpu(monkeypatch):
    monkeypatch.undo()
    function = Recorded(Counted())
    for _ in range(recording.AFTER + 2):
        called(function, 1.0, 2.0)
    assert not is_recorded(function) and not recording.may_record([torch.ones(1)])


# A copy from the host or a number told to it would hold up a GPU at every step, and cannot be recorded.
STEPS = """
import numpy as np, torch
from torch.utils._python_dispatch import TorchDispatchMode
from test_refinement import PHOTO, START, STYLE, VGG, refiner
from arbitrary_nst.model_zoo.networks import mini
from arbitrary_nst.options import LearnOptions
from arbitrary_nst.refinement import gradients, learning

class Seen(TorchDispatchMode):
    def __torch_dispatch__(self, function, types, given=(), named=None):
        assert not any(word in str(function) for word in ("lift_fresh", "_local_scalar", "nonzero")), function
        return function(*given, **(named or {}))

calls = []
run = gradients._in_torch
def watched(terms):
    function = run(terms)
    def called(*given):
        with Seen():
            calls.append(1)
            return function(*given)
    return called
gradients._in_torch = watched
refiner(steps=2, scales=1).refine(PHOTO, STYLE, START)
assert len(calls) == 3
transfer = mini.transfer_net()
subject = learning.Subject([np.ones((1, transfer.input[1].shape[1]), np.float32)], lambda v, p: transfer([p, v[0]]))
crop = np.random.default_rng(0).random((96, 96, 3), np.float32)
learning.Learner(VGG, precision="bf16").learn(subject, STYLE, [crop], LearnOptions(steps=2))
assert len(calls) == 6
"""


@pytest.mark.slow
def test_no_step_of_refining_or_learning_waits_for_the_host():
    environment = {"KERAS_BACKEND": "torch", "PYTHONPATH": f"{HERE.parent}:{HERE}", "PATH": "/usr/bin:/bin"}
    done = subprocess.run([sys.executable, "-c", STEPS], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
