"""The command as a user runs it: lines, exit codes, clean stdout, start-up."""

import io
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image
from typer.main import get_command

from arbitrary_nst import __version__, cli

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def folder(tmp_path, monkeypatch):
    for name in ("a.jpg", "b.jpg", "style.png"):
        Image.new("RGB", (20, 10), (200, 100, 50)).save(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def invoke(*arguments, monkeypatch):
    """Run the command in this process; its exit code."""
    monkeypatch.setattr(sys, "argv", ["arbstyle", *map(str, arguments)])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    return caught.value.code or 0


def command(*arguments, **options):
    """Run the command in a process of its own."""
    script = "from arbitrary_nst.cli import main; main()"
    return subprocess.run([sys.executable, "-c", script, *map(str, arguments)], capture_output=True, **options)


# --- lines and codes


def test_run_prints_what_it_wrote(folder, fake, monkeypatch, capsys):
    assert invoke("run", "a.jpg", "b.jpg", "-s", "style.png", monkeypatch=monkeypatch) == 0
    out, err = capsys.readouterr()
    assert [line.split("  ")[0] for line in out.splitlines()] == [
        "a.jpg -> a__style.jpg",
        "b.jpg -> b__style.jpg",
    ]
    assert err.startswith("arbstyle: 2 done in ") and "slowest" in err


def test_some_photos_failed_is_3(folder, fake, monkeypatch, capsys):
    assert invoke("run", "none.jpg", "a.jpg", "-s", "style.png", monkeypatch=monkeypatch) == 3
    out, err = capsys.readouterr()
    assert "a__style.jpg" in out
    first, summary, failed = err.splitlines()
    assert first == "arbstyle: none.jpg: no such file. Try: check the path"
    assert "1 done" in summary and "1 failed" in summary
    assert failed == "arbstyle: failed: none.jpg"


def test_json_has_a_line_per_photo_and_nothing_else(folder, fake, monkeypatch, capsys):
    invoke("run", "a.jpg", "none.jpg", "-s", "style.png", "--json", monkeypatch=monkeypatch)
    good, bad = map(json.loads, capsys.readouterr().out.splitlines())
    assert good["output"] == "a__style.jpg" and good["error"] is None and good["engine"] == "fake"
    assert {"input", "output", "width", "height", "seconds", "model", "engine", "precision", "error"} <= good.keys()
    assert "no such file" in bad["error"] and "traceback" not in bad


def test_verbose_shows_the_traceback(folder, fake, monkeypatch, capsys):
    invoke("run", "none.jpg", "-s", "style.png", "--verbose", monkeypatch=monkeypatch)
    assert "Traceback" in capsys.readouterr().err
    invoke("run", "none.jpg", "-s", "style.png", monkeypatch=monkeypatch)
    assert "Traceback" not in capsys.readouterr().err


def test_a_name_with_a_newline_stays_on_one_line(folder, fake, monkeypatch, capsys):
    invoke("run", "new\nline.jpg", "-s", "style.png", monkeypatch=monkeypatch)
    assert len(capsys.readouterr().err.splitlines()) == 1


@pytest.mark.parametrize("name", ["with space.jpg", "emoji-🎨.jpg", "-dash.jpg", "new\nline.jpg"])
def test_odd_names_work(folder, fake, monkeypatch, name):
    os.rename("a.jpg", name)
    assert invoke("run", "-s", "style.png", "--", name, monkeypatch=monkeypatch) == 0
    assert Path(name.replace(".jpg", "__style.jpg")).is_file()


def test_wrong_usage_is_2(folder):
    for arguments in (["run", "a.jpg"], ["run", "a.jpg", "-s", "style.png", "--format", "bmp"], ["walk"],
                      ["run", "a.jpg", "-s", "style.png", "--max-size", "0"],
                      ["run", "a.jpg", "-s", "style.png", "-o", "x.png", "--format", "jpg", "--offline"],
                      ["run", "a.jpg", "-s", "style.png", "-o", "-", "--json"]):  # fmt: skip
        done = command(*arguments, cwd=folder)
        if "--offline" in arguments and done.returncode == 4:
            continue  # no model on this machine: found out first
        assert done.returncode == 2, (arguments, done.stderr)
        assert b"Traceback" not in done.stderr


def test_no_model_is_4(folder):
    done = command("run", "a.jpg", "-s", "style.png", "--model", "magenta", "--offline", cwd=folder, text=True)
    assert done.returncode == 4
    assert done.stderr.count("\n") == 1 and "arbstyle models pull magenta" in done.stderr


@pytest.mark.slow
def test_an_unverified_model_is_4_unless_trusted(folder, standin):
    arguments = ("run", "a.jpg", "-s", "style.png", "--model", standin, "--engine", "tensorflow")
    refused = command(*arguments, cwd=folder, text=True)
    assert refused.returncode == 4 and "--trust-model" in refused.stderr
    assert not Path("a__style.jpg").exists()
    trusted = command(*arguments, "--trust-model", "--json", cwd=folder, text=True)
    assert trusted.returncode == 0, trusted.stderr
    assert json.loads(trusted.stdout)["model"] == "magenta"


def test_an_internal_error_is_1_and_one_line(folder, fake, monkeypatch, capsys):
    monkeypatch.setattr("arbitrary_nst.files.stream.images.decode", lambda *_, **__: 1 / 0)
    assert invoke("run", "a.jpg", "-s", "style.png", monkeypatch=monkeypatch) == 1
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and "ZeroDivisionError" in err and "--verbose" in err


@pytest.mark.slow
def test_ctrl_c_is_130_and_leaves_nothing(folder):
    script = (
        "import sys, time; sys.path.insert(0, sys.argv.pop(1))\n"
        "import arbitrary_nst.stylizer; from fakes import fake_stylizer\n"
        "def transform(self, photo, numbers): print('busy', flush=True); time.sleep(60)\n"
        "import fakes; fakes.FakeEngine.transform = transform\n"
        "arbitrary_nst.stylizer.Stylizer = lambda model, **options: fake_stylizer()\n"
        "from arbitrary_nst.cli import main; main()\n"
    )
    arguments = [sys.executable, "-c", script, str(Path(__file__).parent), "run", "a.jpg", "-s", "style.png"]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=folder) as process:
        assert process.stdout.readline() == b"busy\n"
        process.send_signal(signal.SIGINT)
        err = process.communicate(timeout=30)[1]
    assert process.returncode == 130 and b"Traceback" not in err
    assert sorted(path.name for path in folder.iterdir()) == ["a.jpg", "b.jpg", "style.png"]


def test_a_closed_pipe_is_1_without_a_traceback(folder):
    script = "from arbitrary_nst.cli import main; main()"
    read_end, write_end = os.pipe()
    os.close(read_end)
    done = subprocess.run([sys.executable, "-c", script, "models", "list"], stdout=write_end, stderr=subprocess.PIPE)
    os.close(write_end)
    assert done.returncode == 1 and b"Traceback" not in done.stderr


# --- streams


@pytest.mark.slow
def test_stdin_to_stdout_carries_nothing_but_the_picture(folder, shared):
    photo = (folder / "a.jpg").read_bytes()
    arguments = ("run", "-", "-s", "style.png", "--model", "lite", "--model-dir", shared / "models", "--offline")
    done = command(*arguments, "-o", "-", cwd=folder, input=photo)
    assert done.returncode == 0, done.stderr
    with Image.open(io.BytesIO(done.stdout)) as image:
        image.load()
        assert image.format == "JPEG" and image.size == (20, 10)
    assert done.stdout.startswith(b"\xff\xd8") and done.stdout.endswith(b"\xff\xd9")
    implied = command(*arguments, cwd=folder, input=photo)
    assert implied.stdout == done.stdout  # the same bytes: the output is deterministic


# --- start-up


def test_help_and_version_import_no_engine():
    script = (
        "import sys\nfrom arbitrary_nst.cli import main\n"
        "sys.argv = ['arbstyle', sys.argv[1]]\n"
        "try: main()\nexcept SystemExit: pass\n"
        "heavy = {'tensorflow', 'tensorflow_hub', 'openvino', 'kagglehub', 'numpy', 'PIL', 'requests'}\n"
        "print('loaded', sorted(heavy & set(sys.modules)))\n"
    )
    for option in ("--help", "--version"):
        done = subprocess.run([sys.executable, "-c", script, option], capture_output=True, text=True, check=True)
        assert done.stdout.splitlines()[-1] == "loaded []"
    assert __version__ in command("--version", text=True).stdout


@pytest.mark.slow
def test_a_run_on_lite_imports_neither_tensorflow_nor_kagglehub(folder, shared):
    script = (
        "import sys\nfrom arbitrary_nst.cli import main\n"
        "try: main()\nexcept SystemExit: pass\n"
        "print('loaded', sorted({'tensorflow', 'tensorflow_hub', 'kagglehub', 'keras'} & set(sys.modules)))\n"
    )
    arguments = ["run", "a.jpg", "-s", "style.png", "-m", "lite", "--model-dir", shared / "models", "--offline"]
    done = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True, cwd=folder)
    assert done.stdout.splitlines()[-1] == "loaded []", done.stderr


# --- models and doctor


@pytest.mark.slow
def test_models_commands(shared, tmp_path):
    here = ("--model-dir", shared / "models")
    listed = command("models", "list", *here, text=True).stdout
    assert "lite" in listed and "verified" in listed and "3.2 MB" in listed and "Apache-2.0" in listed
    assert "magenta  incomplete" in listed
    assert command("models", "path", "lite", *here, text=True).stdout.strip() == str(shared / "models" / "lite")
    assert "lite: verified" in command("models", "verify", "lite", *here, text=True).stdout
    assert command("models", "path", "magenta", *here).returncode == 4
    assert command("models", "clear", "nonsense").returncode == 4
    assert "B freed" in command("models", "clear", text=True).stdout


def test_learnt_styles_stay_until_they_are_cleared_by_name(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("ARBSTYLE_CACHE_DIR", str(tmp_path))
    kept = tmp_path / "learnt" / "abc.style"
    kept.parent.mkdir()
    kept.write_bytes(bytes(60_000))
    assert invoke("models", "clear", "mini", monkeypatch=monkeypatch) == 0
    said = capsys.readouterr()
    assert said.out == "0.0 MB freed\n"
    assert said.err == f"arbstyle: 1 learnt style kept in {kept.parent}. Try: --learnt\n"
    assert invoke("models", "clear", "--learnt", monkeypatch=monkeypatch) == 0
    assert capsys.readouterr() == ("60 kB freed\n", "") and not kept.exists()


def test_doctor_tells_what_runs_and_why(shared):
    done = command("doctor", "--model-dir", shared / "models", text=True)
    assert done.returncode == 0, done.stderr
    for words in (
        "openvino",
        "setuptools",
        "model lite",
        "runs in openvino: no GPU driver here",
        "backend",
        "gpu",
        "--precision",
    ):
        assert words in done.stdout
    assert done.stdout.startswith(f"arbitrary-nst  {__version__}\n")  # as --version says


# --- help


def commands(command, path=()):
    yield path, command
    for name, child in getattr(command, "commands", {}).items():
        yield from commands(child, (*path, name))


def test_the_everyday_options_fit_one_screen(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "100")
    invoke("run", "--help", monkeypatch=monkeypatch)
    lines = capsys.readouterr().out.splitlines()
    for flag in ("--style", "--output", "--preset", "--strength", "--colors", "--strokes", "--max-size", "--mask"):
        assert next(number for number, line in enumerate(lines) if f" {flag} " in line) < 48, flag


def test_the_help_has_no_words_of_pythons_types(monkeypatch, capsys):
    for path, each in commands(get_command(cli.app)):
        with pytest.raises(SystemExit):
            each.main(["--help"], prog_name=" ".join(["arbstyle", *path]))
        shown = capsys.readouterr().out
        assert not re.search(r"<(bool|str|int|float|list|path)", shown, re.IGNORECASE), path


def test_every_command_and_option_has_help_and_stands_in_the_docs():
    text = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    for path, each in commands(get_command(cli.app)):
        assert each.help, path
        for parameter in each.params:
            if parameter.name == "help":
                continue
            assert getattr(parameter, "help", None), (path, parameter.name)
            if parameter.param_type_name == "option":
                assert f"`{parameter.opts[0]}`" in text, (path, parameter.opts)
        if path and not hasattr(each, "commands"):
            assert f"arbstyle {' '.join(path)}" in text, path


def test_the_docs_are_as_the_options_are(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "scripts")
    import write_cli_docs

    assert write_cli_docs.PAGE.read_text(encoding="utf-8") == write_cli_docs.page(), "python scripts/write_cli_docs.py"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo terminal")
def test_what_goes_to_a_pipe_goes_there_beside_a_bar(folder):
    import pty

    main, terminal = pty.openpty()
    arguments = ("run", "a.jpg", "b.jpg", "-s", "style.png", "-m", "mini", "--json")
    script = "from arbitrary_nst.cli import main; main()"
    done = subprocess.run([sys.executable, "-c", script, *arguments], stdout=subprocess.PIPE, stderr=terminal)
    os.close(terminal)
    assert done.returncode == 0, os.read(main, 10_000)
    os.close(main)
    assert [json.loads(line)["input"] for line in done.stdout.splitlines()] == ["a.jpg", "b.jpg"]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="file names are bytes only there")
@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_names_that_stdout_cannot_say(folder, encoding):
    names = [os.fsdecode(b"caf\xe9.jpg"), "\u65e5\u672c.jpg"]
    for name in names:
        os.link("a.jpg", name)
    done = command("run", *names, "-s", "style.png", "-m", "mini", env=os.environ | {"PYTHONIOENCODING": encoding})
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(b" -> ") == 2


@pytest.mark.slow
def test_a_model_runs_without_a_cache(folder):
    (folder / "file").touch()
    cache = os.environ | {"ARBSTYLE_CACHE_DIR": str(folder / "file")}
    done = command("run", "a.jpg", "-s", "style.png", "-m", "mini", env=cache)
    assert done.returncode == 0, done.stderr


def test_a_preview_replaces_no_photo(folder, fake, monkeypatch, capsys):
    before = (folder / "a.jpg").read_bytes()
    call = ("run", "a.jpg", "-s", "style.png", "--refine", "--preview", "a.jpg")
    assert invoke(*call, monkeypatch=monkeypatch) == 2
    assert "one of the pictures given" in capsys.readouterr().err and (folder / "a.jpg").read_bytes() == before


def test_a_style_that_cannot_be_read_is_wrong_usage(folder, fake, monkeypatch, capsys):
    assert invoke("run", "a.jpg", "b.jpg", "-s", "none.png", monkeypatch=monkeypatch) == 2
    assert capsys.readouterr().err == "arbstyle: none.png: no such file. Try: check the path\n"
