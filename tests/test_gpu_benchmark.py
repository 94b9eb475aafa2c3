"""The script that proves the GPU's part runs, small and on this machine's CPU; its figures mean nothing here."""

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


def test_a_part_that_fails_costs_no_other_figure(tmp_path):
    pytest.importorskip("torch")
    rows = smoke(tmp_path, "--only", "pass lite", "pass mini")
    assert any("pass lite | failed" in row and "lite.npz" in row for row in rows)
    assert sum("mini 64x64" in row and "| ms |" in row for row in rows) == 4


@pytest.mark.slow
def test_every_part_runs(tmp_path):
    pytest.importorskip("torch")
    rows = smoke(tmp_path)
    failed = [row for row in rows if "failed" in row]
    assert len(failed) == 2 and all(".npz" in row for row in failed)  # lite and magenta, which are not here
    for what in ("refinement step, torch", "refinement step, jax", "learning numbers, torch", "JPEG to JPEG"):
        assert any(what in row for row in rows), what
