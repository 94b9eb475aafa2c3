"""Nothing phones, and nothing is written outside our own folders: by us or by any library we import."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
# Put on PYTHONPATH, so that every Python process of the tree notes its connections, also those that fail.
RECORDER = """
import os, sys
def _note(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"):
        with open(os.environ["CONNECTIONS"], "a") as file:
            file.write(f"{event} {arguments!r}\\n")
sys.addaudithook(_note)
"""
ARBSTYLE = "from arbitrary_nst.cli import main; main()"
REFINED = """
from arbitrary_nst.hardware.quiet_tensorflow import import_tensorflow
from arbitrary_nst.files import loss_report
from arbitrary_nst.refinement import losses
from arbitrary_nst.refinement.record import Step
import_tensorflow()
loss_report.plot([Step(step, 64, 1.0, 1.0, 1.0, 0.0, 2.0, 1, 0.0) for step in range(2)])
"""


@pytest.fixture
def alone(tmp_path):
    """Runs Python with a fresh home; what it connected to, and what it left behind outside its folders."""
    home, recorder, noted = tmp_path / "home", tmp_path / "recorder", tmp_path / "connections"
    home.mkdir()
    recorder.mkdir()
    (recorder / "sitecustomize.py").write_text(RECORDER)
    noted.touch()

    def run(code, *arguments):
        kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
        environment = {
            **kept,  # and no CI, which turns telemetry off
            "HOME": str(home),
            "TMPDIR": str(home),
            "PYTHONPATH": os.pathsep.join([str(recorder), str(ROOT)]),
            "PYTHONDONTWRITEBYTECODE": "1",
            "CONNECTIONS": str(noted),
        }
        command = [sys.executable, "-c", code, *map(str, arguments)]
        ran = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=100, cwd=tmp_path)
        assert ran.returncode == 0, ran.stderr
        ours = home / ".cache" / "arbitrary_nst"
        left = [path for path in home.rglob("*") if not path.is_dir() and ours not in path.parents]
        return noted.read_text(), left

    return run


def test_the_recorder_hears(alone):
    heard, _ = alone("import socket, contextlib\nwith contextlib.suppress(OSError): socket.getaddrinfo('::1', 1)")
    assert "getaddrinfo" in heard


@pytest.mark.slow
def test_a_run_phones_nobody(alone, tmp_path):
    Image.new("RGB", (40, 30), (200, 90, 20)).save(tmp_path / "a.png")
    arguments = (tmp_path / "a.png", "--style", tmp_path / "a.png", "--model", "mini", "-o", tmp_path / "b.png")
    assert alone(ARBSTYLE, "run", "--offline", *arguments) == ("", [])
    assert (tmp_path / "b.png").exists()


@pytest.mark.slow
@pytest.mark.parametrize("command", [("doctor",), ("models", "list")])
def test_looking_around_phones_nobody(alone, command):
    assert alone(ARBSTYLE, *command) == ("", [])


@pytest.mark.slow
def test_what_a_refinement_imports_phones_nobody(alone):
    assert alone(REFINED) == ("", [])


def test_openvino_is_imported_in_one_place():
    """Others take it from ``engines.openvino``, whose own modules find it imported."""
    inside = ROOT / "arbitrary_nst" / "engines" / "openvino"
    for path in [*ROOT.glob("arbitrary_nst/**/*.py"), *ROOT.glob("scripts/**/*.py")]:
        if inside in path.parents or path.name == "quiet_openvino.py":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not [name for name in names if name.split(".")[0] == "openvino"], path


def test_the_telemetry_of_the_host_program_stays_its_own():
    code = """
import sys, types
theirs = sys.modules["openvino_telemetry"] = types.ModuleType("openvino_telemetry")
from arbitrary_nst.engines.openvino import openvino
from openvino.tools.ovc import telemetry_utils
assert sys.modules["openvino_telemetry"] is theirs
assert telemetry_utils.tm.__name__ == "openvino.tools.ovc.telemetry_stub", telemetry_utils.tm
"""
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, "PYTHONPATH": str(ROOT)})
