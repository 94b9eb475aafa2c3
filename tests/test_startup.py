"""What a run imports: nothing that belongs to another command, or that its photo does not need."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SAMPLES = Path(__file__).resolve().parent.parent / "scripts" / "samples"
OF_OTHERS = ["cluster", "doctor", "export", "grid", "models", "score", "serve", "style", "topics", "watch"]
UNUSED = {
    "pydantic",  # Typer's, to check words with
    "rich",
    "numpy.ma",  # NumPy's own median's
    "html",
    "glob",
    "xml.dom.minidom",  # a photo's XMP
    *(f"PIL.{kind}ImagePlugin" for kind in ("Tiff", "WebP", "Avif")),
    "arbitrary_nst.refinement.settings",
    "arbitrary_nst.scores.score",
    *(["psutil"] if sys.platform == "linux" else []),
    *(f"arbitrary_nst.cli.{name}" for name in OF_OTHERS),
}


def test_a_run_imports_only_what_it_needs(tmp_path):
    script = (
        "import json, sys\nfrom arbitrary_nst.cli import main\n"
        "try: main()\nexcept SystemExit as exc: assert not exc.code, exc.code\n"
        "print(json.dumps(list(sys.modules)))\n"
    )
    pictures = [SAMPLES / "landscape.jpg", "-s", SAMPLES / "stained_glass.jpg", "-o", tmp_path / "out.jpg"]
    call = [sys.executable, "-c", script, "run", "-m", "mini", *map(str, pictures)]
    done = subprocess.run(call, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    loaded = set(json.loads(done.stdout.splitlines()[-1]))
    assert "openvino" in loaded and not UNUSED & loaded


def test_before_it_hears_ctrl_c_little_is_imported():
    script = (
        "import sys, arbitrary_nst.__main__\nprint({'dataclasses', 'inspect', 'typer', 'numpy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_the_command_collects_seldom_and_keeps_numpy_to_one_thread():
    script = (
        "import gc, os, sys\nsys.argv = ['arbstyle', '--version']\nfrom arbitrary_nst.__main__ import main\n"
        "os._exit = lambda code: print(code, gc.get_threshold()[0], os.environ['OPENBLAS_NUM_THREADS'])\nmain()\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "0 100000 1"


@pytest.mark.slow
@pytest.mark.parametrize(("model", "code"), [("mini", 0), ("lite", 4)])
def test_the_command_loads_ahead_what_is_here_and_tells_the_same(tmp_path, model, code):
    pictures = [SAMPLES / "landscape.jpg", "-s", SAMPLES / "stained_glass.jpg", "--max-size", "64"]
    call = ["run", "-m", model, "--offline", "--existing", "overwrite", *map(str, pictures), "-o"]
    plain = "from arbitrary_nst.cli import main; main()"
    done = [
        subprocess.run([sys.executable, *how, *call, tmp_path / name], capture_output=True, text=True)
        for how, name in ((["-m", "arbitrary_nst"], "a.jpg"), (["-c", plain], "b.jpg"))
    ]
    assert [each.returncode for each in done] == [code, code]
    assert done[0].stderr == done[1].stderr
    assert code or (tmp_path / "a.jpg").read_bytes() == (tmp_path / "b.jpg").read_bytes()


def test_the_first_pictures_are_decoded_ahead(tmp_path):
    """Once each: what the thread decoded is what is drawn."""
    script = (
        "import sys, threading\nfrom arbitrary_nst import images\ndecode = images.decode\n"
        "def told(data, *, name, **how):\n"
        "    print(threading.current_thread().name, name)\n    return decode(data, name=name, **how)\n"
        "images.decode = told\nfrom arbitrary_nst.__main__ import main\nmain()\n"
    )
    pictures = [SAMPLES / "landscape.jpg", SAMPLES / "woodblock_waves.jpg", "-s", SAMPLES / "stained_glass.jpg"]
    call = [sys.executable, "-c", script, "run", "-m", "mini", "--max-size", "64", "-o", tmp_path, *map(str, pictures)]
    done = subprocess.run(call, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    decoded = sorted(line.rsplit("/", 1) for line in done.stdout.splitlines() if "->" not in line)
    threads = {name: thread.split()[0] for thread, name in decoded}
    assert len(decoded) == 3 and threads["stained_glass.jpg"] == threads["landscape.jpg"] == "decode"
    assert threads["woodblock_waves.jpg"].startswith("decode_")


def test_a_wrong_output_is_told_before_a_model_is_looked_for(tmp_path):
    call = [
        sys.executable,
        "-m",
        "arbitrary_nst",
        "run",
        SAMPLES / "landscape.jpg",
        "-s",
        SAMPLES / "stained_glass.jpg",
    ]
    done = subprocess.run([*call, "-o", tmp_path / "x.bmp"], capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.startswith(f"arbstyle: {tmp_path / 'x.bmp'}: cannot write .bmp") and done.stderr.count("\n") == 1
