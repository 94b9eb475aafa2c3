"""What is printed, where, and what happens where it cannot be."""

import json
import logging
import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from fakes import fake_stylizer
from PIL import Image

from arbitrary_nst.cli import report
from arbitrary_nst.cli.progress import Progress
from arbitrary_nst.cli.report import printable
from arbitrary_nst.files.results import Result

FAKE = Path(__file__).parent / "fake_command.py"
NASTY = "\x1b]0;owned\x07\x1b[2J\nforged\r.jpg"
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="names and shells of POSIX")


@pytest.fixture
def folder(tmp_path):
    for name in ("a.jpg", "b.jpg", "style.png"):
        Image.new("RGB", (20, 10), (200, 100, 50)).save(tmp_path / name)
    return tmp_path


def command(folder, *arguments, shell="", **options):
    """The command over the fake engine, through a shell for what only that can do to its streams."""
    call = ["sh", "-c", f'exec "$@" {shell}', "sh", sys.executable, FAKE, *map(str, arguments)]
    return subprocess.run(call, capture_output=True, cwd=folder, timeout=60, **options)


# --- names


@pytest.mark.slow
@pytest.mark.parametrize("broken", [False, True])
def test_names_are_harmless_in_lines_and_tracebacks(folder, broken):
    os.rename(folder / "a.jpg", folder / NASTY)
    if broken:
        (folder / NASTY).write_bytes(b"\xff\xd8\xff broken")
    done = command(folder, "run", NASTY, "b.jpg", "-s", "style.png", "--verbose")
    assert done.returncode == (3 if broken else 0)
    for text in (done.stdout.decode(), done.stderr.decode()):
        assert all(line.isprintable() for line in text.split("\n"))
        assert not [line for line in text.splitlines() if line.startswith("forged")]
    assert ("Traceback" in done.stderr.decode()) == broken and b"\\x1b[2J" in done.stdout + done.stderr


def test_a_byte_that_is_no_text_is_shown_as_a_byte():
    assert printable("caf\udce9 \u2028\n.jpg") == "caf\\xe9 \\u2028\\n.jpg"


def test_an_error_with_its_traceback_keeps_its_exit_code(folder):
    done = command(folder, "run", "a.jpg", "-s", "none\x1b.png", "--verbose")
    assert done.returncode == 2 and b"Traceback" in done.stderr and b"\x1b" not in done.stderr


@pytest.mark.slow
def test_raw_names_for_programs(folder):
    for name in (NASTY, os.fsdecode(b"caf\xe9.jpg")):
        os.link(folder / "a.jpg", folder / name)
    names = sorted(os.fsencode(path) for path in folder.glob("*.jpg"))
    done = command(folder, "run", *names_of(names), "none.jpg", "-s", "style.png", "-o", "out", "--print0")
    assert done.returncode == 3
    *paths, rest = done.stdout.split(b"\0")
    assert rest == b"" and all(os.path.isfile(os.path.join(os.fsencode(folder), path)) for path in paths)
    assert len(paths) == len(names) == 4
    again = command(folder, "run", *names_of(names), "-s", "style.png", "-o", "out", "--existing", "skip", "--json")
    lines = [json.loads(line) for line in again.stdout.splitlines()]
    assert [os.fsencode(line["input"]) for line in lines] == names and all(line["skipped"] for line in lines)
    assert command(folder, "run", "a.jpg", "-s", "style.png", "--json", "--print0").returncode == 2
    assert command(folder, "run", "a.jpg", "-s", "style.png", "-o", "-", "--print0").returncode == 2


def names_of(names):
    return [os.fsdecode(name) for name in names]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["x\\[b].jpg", "b].jpg", "[bold red]a.jpg", "[link=x]y.jpg", NASTY])
def test_names_are_harmless_in_the_bar(folder, name, monkeypatch):
    import pty

    main, terminal = pty.openpty()
    os.makedirs(folder / "in" / "sub[", exist_ok=True)
    for each in (name, "plain.jpg", "plain2.jpg", "plain3.jpg"):
        os.link(folder / "a.jpg", folder / "in" / "sub[" / each)
    call = [sys.executable, FAKE, "run", "in", "-s", "style.png", "-o", "out"]
    environment = {**os.environ, "TERM": "xterm", "ARBSTYLE_TEST_BUSY": "0.3", "COLUMNS": "200"}
    done = subprocess.run(call, stdout=subprocess.PIPE, stderr=terminal, cwd=folder, env=environment, timeout=60)
    os.close(terminal)
    shown = os.read(main, 100_000).decode()
    os.close(main)
    assert done.returncode == 0, shown
    assert (name if name is not NASTY else "owned\\x07\\x1b[2J") in shown and "\x1b]0;" not in shown


# --- streams that are closed, full or gone


@pytest.mark.slow
@pytest.mark.parametrize("closed", ["2>&-", "2>/dev/full", "<&- 2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_a_run_without_stderr_is_done_all_the_same(folder, closed):
    done = command(folder, "run", "a.jpg", "none.jpg", "b.jpg", "-s", "style.png", shell=closed)
    assert done.returncode == 3
    for name in ("a", "b"):
        with Image.open(folder / f"{name}__style.jpg") as image:
            image.load()
    assert b"none.jpg" not in done.stdout
    assert not list(folder.glob(".arbstyle-*"))


@pytest.mark.slow
@pytest.mark.parametrize("closed", ["2>&-", "2>/dev/full"])
def test_no_message_lands_in_the_picture(folder, closed):
    Image.new("RGBA", (8, 8), (1, 2, 3, 4)).save(folder / "clear.png")  # as a jpg it loses its alpha, with a note
    options = ("run", "clear.png", "-s", "style.png", "-f", "jpg", "-o", "-")
    whole, done = command(folder, *options), command(folder, *options, shell=closed)
    assert whole.stderr and done.returncode == 0 and done.stdout == whole.stdout
    assert done.stdout.startswith(b"\xff\xd8") and done.stdout.endswith(b"\xff\xd9")


def test_without_stderr_python_prints_to_stdout_but_we_do_not(monkeypatch, capsys):
    monkeypatch.setattr(sys, "stderr", None)
    report.say("line")
    report.say_traceback("line")
    assert capsys.readouterr().out == ""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("options", [(), ("--json",), ("--print0",)])
def test_a_full_stdout_ends_no_run(folder, options):
    done = command(folder, "run", "a.jpg", "b.jpg", "-s", "style.png", *options, shell=">/dev/full")
    assert done.returncode == 1 and (folder / "a__style.jpg").exists() and (folder / "b__style.jpg").exists()
    lines = done.stderr.decode().splitlines()
    assert len(lines) == 3 and "No space left" in lines[0] and "2 done" in lines[1] and "not all lines" in lines[2]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_picture_that_stdout_has_no_room_for_is_a_failure(folder):
    done = command(folder, "run", "a.jpg", "-s", "style.png", "-o", "-", shell=">/dev/full")
    assert done.returncode == 3 and b"No space left" in done.stderr and done.stderr.count(b"\n") == 1


def test_the_library_prints_nothing(folder):
    script = (
        "import sys, logging; sys.path.insert(0, sys.argv[1])\n"
        "import arbitrary_nst; from fakes import fake_stylizer\n"
        "before = logging.root.handlers[:]\n"
        "stylizer = fake_stylizer(); stylizer._notify('a line')\n"
        "results = list(stylizer.stylize_many(['a.jpg', 'none.jpg'], 'style.png', output='out'))\n"
        "assert [result.error is None for result in results] == [True, False]\n"
        "assert logging.root.handlers == before == []\n"
        "logging.basicConfig(stream=sys.stdout, format='%(name)s: %(message)s'); stylizer._notify('another')\n"
    )
    call = [sys.executable, "-c", script, str(Path(__file__).parent)]
    done = subprocess.run(call, capture_output=True, text=True, cwd=folder)
    assert (done.returncode, done.stdout, done.stderr) == (0, "arbitrary_nst.stylizer: another\n", "")


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize(
    "words",
    [
        ("models", "list"), ("models", "path", "mini"), ("models", "clear"), ("recipes",), ("--version",), ("--help",),
        ("run", "--help"),
    ],
)  # fmt: skip
def test_a_full_stdout_is_told_by_every_command(folder, words):
    done = command(folder, *words, shell=">/dev/full")
    assert done.returncode == 1
    assert done.stderr.startswith(b"arbstyle: stdout: cannot be written") and done.stderr.count(b"\n") == 1


def test_no_command_prints_past_the_report():
    for file in (Path(report.__file__).parent).glob("*.py"):
        assert not re.search(r"(?<![\w.])print\(", re.sub(r"#.*", "", file.read_text(encoding="utf-8"))), file


def test_what_the_library_warns_of_is_said_once(monkeypatch, capsys):
    from arbitrary_nst import cli, model_zoo

    lines = []
    root = logging.StreamHandler(SimpleNamespace(write=lines.append, flush=lambda: None))  # another library's

    def warns(*_, notify, **__):
        notify("magenta: fetching")
        logging.getLogger("arbitrary_nst.model_zoo.seals").warning("%s: waiting for\nanother", "magenta")
        logging.getLogger("arbitrary_nst").info("nobody asked")
        logging.getLogger("elsewhere").warning("another's")
        return Path("model")

    monkeypatch.setattr(model_zoo, "pull", warns)
    monkeypatch.setattr(sys, "argv", ["arbstyle", "models", "pull", "magenta"])
    before = logging.root.handlers[:]
    monkeypatch.setattr(logging.root, "handlers", [*before, root])
    with pytest.raises(SystemExit):
        cli.main()
    out, err = capsys.readouterr()
    assert out == "model\n"
    assert err == "arbstyle: magenta: fetching\narbstyle: magenta: waiting for\\nanother\n"
    assert lines == ["another's\n"] and logging.root.handlers == [*before, root]
    logger = logging.getLogger("arbitrary_nst")
    assert logger.propagate and not any(type(each).__name__ == "_Saying" for each in logger.handlers)


# --- the account


def results_of(words):
    made = {"d": {}, "s": {"skipped": True}, "f": {"error": ValueError("x")}}
    return [Result(str(number), **made[word]) for number, word in enumerate(words)]


def test_a_limit_is_in_the_bars_total():
    progress = Progress(100, shown=False, limit=3, styles=2)
    assert progress._expected() == 6
    for result in results_of("ssssd"):
        progress.count(result)
    assert progress._expected() == 10 and progress.left == 95 and not progress.is_limit_reached
    for result in results_of("df"):
        progress.count(result)
    assert progress.is_limit_reached


def test_photos_that_are_missing_from_the_account_are_told(folder, fake, monkeypatch, capsys):
    from arbitrary_nst import cli
    from arbitrary_nst.files import stream

    real = stream.stylize_many
    monkeypatch.setattr("arbitrary_nst.files.stream.stylize_many", lambda *all, **more: list(real(*all, **more))[:1])
    monkeypatch.chdir(folder)

    def exit_code(*options):
        monkeypatch.setattr(
            sys, "argv", ["arbstyle", "run", "a.jpg", "b.jpg", "-s", "style.png", "--existing", "rename", *options]
        )
        with pytest.raises(SystemExit) as caught:
            cli.main()
        return caught.value.code

    assert exit_code() == 1
    assert "1 not begun" in (err := capsys.readouterr().err) and "accounted for" in err
    assert exit_code("--limit", "1") == 0
    assert "1 not begun" in (err := capsys.readouterr().err) and "accounted for" not in err


def test_a_report_or_preview_without_room_costs_one_photo(folder, monkeypatch):
    from arbitrary_nst.cli.refine import Watch
    from arbitrary_nst.files.find import Input
    from arbitrary_nst.files.settings import Settings
    from arbitrary_nst.files.stream import stylize_many
    from arbitrary_nst.refinement.record import Refined, Step
    from arbitrary_nst.refinement.settings import Refinement

    class Refiner:
        def refine(self, photo, style, start, on_step):
            steps = [Step(number, 20, 0.0, 1.0, 1.0, 1.0, 3.0, 2, 1.0) for number in range(3)]
            for step in steps:
                on_step(step, photo)
            return Refined(photo, steps, "steps")

    stylizer = fake_stylizer()
    stylizer.vgg19 = stylizer.refiner = lambda how: Refiner()
    out = folder / "out"
    for blocked in ("report/a__style.jpg/losses.csv", "report/a__style.jpg/losses.png"):
        (folder / blocked).mkdir(parents=True)  # a folder is in the way
        with Watch(None, folder / "report", out, several=True, existing="overwrite") as watch:
            settings = Settings(out, existing="overwrite", refinement=Refinement(), on_step=watch, on_end=watch.end)
            photos = [Input(folder / name) for name in ("a.jpg", "b.jpg")]
            results = list(stylize_many(stylizer, photos, [folder / "style.png"], settings))
        assert [result.error is None for result in results] == [False, True]
        assert (folder / "report" / "b__style.jpg" / "losses.png").is_file()
        (folder / blocked).rmdir()


# --- stdin and stdout as pictures


@pytest.mark.slow
def test_stdin_to_a_file_goes_by_its_name(folder):
    photo = (folder / "a.jpg").read_bytes()
    done = command(folder, "run", "-", "-", "b.jpg", "-s", "style.png", "-o", "out", "--json", input=photo)
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["input"] for line in lines] == ["stdin", "b.jpg"]  # once, at its place
    assert sorted(path.name for path in (folder / "out").glob("*.jpg")) == ["b__style.jpg", "stdin__style.jpg"]
    broken = command(folder, "run", "-", "-s", "style.png", "-o", "x.jpg", input=b"no photo")
    assert broken.returncode == 3 and broken.stderr.startswith(b"arbstyle: stdin: ")
    listed = command(folder, "run", "-s", "style.png", "--from-file", "-", "-o", "x.jpg", input=b"a.jpg\n")
    assert listed.returncode == 0 and (folder / "x.jpg").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    "words", [("run", "a.jpg", "b.jpg"), ("run", "-", "b.jpg"), ("run", "."), ("watch", "."), ("grid", "a.jpg")]
)
def test_stdout_takes_one_picture_of_run(folder, words):
    done = command(folder, *words, "-s", "style.png", "-o", "-", input=b"")
    assert done.returncode == 2 and done.stdout == b"" and not (folder / "-").exists()
    assert done.stderr.count(b"\n") == 1 and b"Try: " in done.stderr
