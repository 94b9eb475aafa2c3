"""PyTorch's compiler: used where it gains, left where it fails. Here it compiles for the CPU, to what PyTorch runs."""

import logging
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from arbitrary_nst.refinement import compiling  # noqa: E402
from arbitrary_nst.refinement.compiling import CompiledWhereItGains  # noqa: E402


def differentiate(terms):
    """To values and gradient."""

    def run(point, targets):
        leaf = point.detach().requires_grad_(True)
        values = terms(leaf, targets)
        values.sum().backward()
        return values.detach(), leaf.grad

    return run


def terms(point, targets):
    return torch.stack([(point * targets[0]).sum(), point.square().sum()])


@pytest.fixture(autouse=True)
def _early_and_here(monkeypatch):
    monkeypatch.setattr(compiling, "may_gain", lambda tensor: True)
    monkeypatch.setattr(compiling, "AFTER", 2)


def steps(function, several=5, size=3):
    found = [function(torch.arange(float(size)), [torch.ones(size)]) for _ in range(several)]
    for values, gradient in found:
        assert values.tolist() == [sum(range(size)), sum(i * i for i in range(size))]
        assert gradient.tolist() == [1 + 2 * i for i in range(size)]


def fake_compiler(monkeypatch, pause=0.0):
    compiled = []

    def compile(terms, **how):
        compiled.append(how)
        return terms

    monkeypatch.setattr(torch, "compile", compile)
    monkeypatch.setattr(compiling, "_seconds", lambda function, *given: pause * (function is not plain[0]) + 0.1)
    plain = []
    function = CompiledWhereItGains(differentiate, terms)
    plain.append(function._plain)
    return function, compiled


@pytest.mark.parametrize(("pause", "gains"), [(-0.05, True), (0.05, False)])
def test_a_size_is_compiled_once_after_many_steps_and_kept_if_faster(pause, gains, monkeypatch):
    function, compiled = fake_compiler(monkeypatch, pause)
    steps(function, 2)
    assert not compiled
    steps(function, 4)
    steps(function, 4, size=5)
    assert len(compiled) == 2 and compiled[0] == {"backend": "inductor", "dynamic": False}
    assert [run is not function._plain for run in function._chosen.values()] == [gains] * 2


def test_one_that_fails_costs_a_note_and_no_step(monkeypatch, caplog):
    function, compiled = fake_compiler(monkeypatch)

    def fail(terms, **how):
        compiled.append(how)
        raise RuntimeError("no working Triton\nand more")

    monkeypatch.setattr(torch, "compile", fail)
    with caplog.at_level(logging.WARNING):
        steps(function, 8)
        steps(function, 8, size=5)
    assert len(compiled) == 1
    assert caplog.messages == ["torch.compile failed (no working Triton): steps run without it"]


def test_on_the_cpu_nothing_is_compiled(monkeypatch):
    monkeypatch.undo()
    function, compiled = fake_compiler(monkeypatch)
    monkeypatch.setattr(compiling, "AFTER", 0)
    steps(function, 3)
    assert not compiled and not compiling.may_gain(torch.ones(1))


@pytest.mark.slow
def test_the_losses_of_a_refinement_compile_in_one_piece():
    """By PyTorch's own compiler, on Keras over PyTorch; refined twice, the second time compiled."""
    environment = {"KERAS_BACKEND": "torch", "PYTHONPATH": f"{HERE.parent}:{HERE}", "PATH": "/usr/bin:/bin"}
    done = subprocess.run([sys.executable, "-c", REFINED], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    first, second = (np.fromstring(line, sep=" ") for line in done.stdout.splitlines())
    np.testing.assert_allclose(second, first, rtol=1e-4)


HERE = Path(__file__).parent
REFINED = """
import torch
import torch._dynamo as dynamo
from test_refinement import PHOTO, START, STYLE, refiner
from arbitrary_nst.refinement import compiling

compiling.BACKEND, compiling.AFTER, compiling.TIMED = "aot_eager", 3, 1
compiling._seconds = lambda function, *given: float(function is not ours._functions[1]._plain) * -1
ours = refiner(steps=3, scales=1)
for may in (False, True):
    compiling.may_gain = lambda tensor: may
    for _ in range(1 + may):
        history = ours.refine(PHOTO, STYLE, START).history
    print(*(step.total for step in history))
assert dynamo.utils.counters["stats"]["unique_graphs"] == 1 and not dynamo.utils.counters["graph_break"]
"""
