"""The script that proves the GPU's part runs, small and on this machine's CPU; its figures mean nothing here."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from arbitrary_nst import model_zoo
from arbitrary_nst.engines.openvino.reading import halves_of, photo_program

ROOT = Path(__file__).resolve().parent.parent
SCRIPT = ROOT / "scripts" / "benchmarks" / "gpu.py"


def smoke(tmp_path, *only):
    """The table's rows."""
    (tmp_path / "programs").mkdir()
    photo_program(halves_of(model_zoo.resolve("mini", offline=True))[1]).save(tmp_path / "programs" / "mini.npz")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, SCRIPT, "--bundle", tmp_path, "--smoke", "--output", tmp_path / "table.md", *only]
    subprocess.run(command, check=True, capture_output=True, env=environment)
    return [line for line in (tmp_path / "table.md").read_text().splitlines() if line.startswith("| ")]


@pytest.mark.slow
def test_a_part_that_fails_costs_no_other_figure(tmp_path):
    pytest.importorskip("torch")
    rows = smoke(tmp_path, "--only", "pass lite", "pass mini")
    assert any("pass lite | failed" in row and "lite.npz" in row for row in rows)
    assert sum("mini 64x64" in row and "| ms |" in row for row in rows) == 7


@pytest.mark.slow
def test_every_part_runs(tmp_path):
    pytest.importorskip("torch")
    rows = smoke(tmp_path)
    failed = [row for row in rows if "failed" in row]
    assert len(failed) == 2 and all(".npz" in row for row in failed)  # lite and magenta, which are not here
    for what in (
        "bf16 matrix product",
        "refinement step, torch, 48 px, bf16",
        "refinement step, torch, 48 px, f16",
        "refinement step, jax, 48 px, f32",
        "% of bf16's peak",
        "f16's loss beyond f32's; goal: within 1",
        "torch, 48 px, from start to file, first process",
        "torch, 48 px, from start to file, next process",
        "... of it importing Keras and ours",
        "... of its refining",
        "of 9 evaluations at 48 px, torch, all kernels",
        "of mini 64x64 bf16",
        "learning numbers, torch, 2 crops of 64 px a step",
        "learning numbers, jax, a 192-px crop a step",
        "% of decoding alone",
        "the same on this machine's CPU",
    ):
        assert any(what in row for row in rows), what


def module(name):
    spec = importlib.util.spec_from_file_location(name, SCRIPT.with_name(f"{name}.py"))
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


def test_every_goal_is_of_a_row():
    """By the names that rows have on a GPU."""
    gpu, rows = module("gpu"), module("gpu_rows")
    assert rows.goal("refinement step, torch, 512 px, bf16") == "; goal: under 12 ms"
    assert rows.goal("refinement step, torch, 512 px, f16") == ""
    assert rows.goal("magenta 4000x3000 bf16").endswith("80 ms") and rows.goal("mini 1024x1024 bf16").endswith("1 ms")
    assert len(rows.GOALS) == 5 and sum(gpu.PARTS.values()) > gpu.ALL_SECONDS
