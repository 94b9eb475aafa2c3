"""The lowest versions that pyproject.toml allows: declared, and enough."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
# How pip says that no registry answers.
NO_REGISTRY = ("Failed to establish a new connection", "No matching distribution found", "NameResolutionError")


def dependencies():
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]


def test_every_dependency_has_a_floor():
    assert [line for line in dependencies() if not re.match(r"[\w.-]+>=\d", line)] == []


def test_what_is_imported_is_declared():
    imported = set()
    for path in (ROOT / "arbitrary_nst").rglob("*.py"):
        imported |= set(re.findall(r"^\s*(?:import|from) ([a-z]\w+)", path.read_text(encoding="utf-8"), re.MULTILINE))
    declared = {re.split(r"[>=<]", line)[0].replace("-", "_") for line in dependencies()}
    assert {"filelock", "kagglehub", "keras", "openvino", "psutil", "rich", "scipy", "typer"} <= imported & declared
    assert "tensorflow_hub" not in imported


@pytest.mark.slow
def test_the_lowest_versions_draw_a_picture(tmp_path):
    script = ROOT / "scripts" / "test_lowest.sh"
    done = subprocess.run(["sh", script, tmp_path], capture_output=True, text=True)
    said = done.stdout + done.stderr
    if done.returncode and any(words in said for words in NO_REGISTRY):
        pytest.skip(f"no registry answers, or it lacks a version: {said.strip().splitlines()[-1]}")
    assert done.returncode == 0, said
    assert (tmp_path / "lowest.png").is_file()
