"""What was given, and what was meant: the stumbles of somebody who uses the command for the first time."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest
from fakes import fake_stylizer
from PIL import Image
from test_cli import command, invoke

from arbitrary_nst.errors import OptionError, PhotoError
from arbitrary_nst.files import given
from arbitrary_nst.files.find import Input, expand
from arbitrary_nst.files.manifest import NAME


@pytest.fixture
def folder(tmp_path, monkeypatch, fake):
    for name in ("a.jpg", "b.jpg", "starry night.jpg", "my photo.jpg"):
        Image.new("RGB", (20, 10), (200, 100, 50)).save(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def told(monkeypatch, capsys):
    """``told(words)``: the exit code and the one line on stderr."""

    def call(*words):
        code = invoke(*words, monkeypatch=monkeypatch)
        err = capsys.readouterr().err
        assert len(err.splitlines()) == 1, err
        return code, err.removeprefix("arbstyle: ").rstrip("\n")

    return call


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["a.jpg", "--style", "x.jpg"], "a.jpg: no command. Try: arbstyle run a.jpg --style x.jpg"),
        (["--style", "x.jpg", "a.jpg"], "--style: no command. Try: arbstyle run --style x.jpg a.jpg"),
        (["a.jpg"], "a.jpg: no command. Try: arbstyle run a.jpg --style PICTURE"),
        (["rnu"], "rnu: no command. Try: arbstyle run"),
        (["models", "pul"], "pul: no command. Try: arbstyle models pull"),
        (["models", "fetch", "magenta"], "fetch: no command. Try: arbstyle models pull"),
        (["watch", ".", "-s", "starry", "night.jpg", "-o", "out"],
         'starry: no such file. Try: "starry night.jpg", in quotes'),
        (["style", "learn", "my", "photo.jpg", "-o", "x.style"],
         'my: no such file. Try: "my photo.jpg", in quotes'),
        (["stylize", "none.jpg"], "stylize: no command. Try: arbstyle run none.jpg"),
        (["pull"], "pull: no command. Try: arbstyle models pull"),
        (["learn", "none.jpg"], "learn: no command. Try: arbstyle style learn"),
        (["xyzzy"], "xyzzy: no command. Try: arbstyle --help"),
        (["--versio"], "--versio: no option. Try: arbstyle --version"),
        (["--nonsense"], "--nonsense: no option. Try: arbstyle --help"),
        (["run", "a.jpg", "-s", "b.jpg", "--stlye", "x"], "--stlye: no such option. Try: --style"),
        (["run", "a.jpg", "-s", "b.jpg", "--max-sise", "9"], "--max-sise: no such option. Try: --max-size"),
        (["rum", "none.jpg", "-s", "b.jpg"], "rum: no command. Try: arbstyle run none.jpg -s b.jpg"),
        (["stylize", "a.jpg", "-s", "b.jpg"], "stylize: no command. Try: arbstyle run a.jpg -s b.jpg"),
        (["--verbose", "run", "a.jpg"], "--verbose: comes after the command. Try: arbstyle run --verbose"),
        (["models", "--verbose", "pull", "lite"],
         "--verbose: comes after the command. Try: arbstyle models pull --verbose"),
        (["watch", "a", "b", "-s", "b.jpg", "-o", "out"], "b: more than is taken. Try: arbstyle watch FOLDER"),
        (["doctor", "a", "b"], "a b: more than is taken. Try: arbstyle doctor"),
        (["models", "path", "mini", "lite"], "lite: more than is taken. Try: arbstyle models path NAME"),
        (["run", "a.jpg", "-s"], "-s: needs a value. Try: -s PICTURE"),
        (["run", "a.jpg", "-s", "b.jpg", "--learn"], "--learn: needs a value. Try: --learn MINUTES"),
        (["run", "a.jpg", "-s", "b.jpg", "--colors"], "--colors: needs a value. Try: --colors style|photo|match"),
        (["run", "a.jpg", "-s", "b.jpg", "--json=1"], "--json: takes no value. Try: --json"),
        (["help", "models", "pul"], "models pul: no command. Try: arbstyle help models"),
        (["help", "run", "pull"], "run pull: no command. Try: arbstyle help run"),
        (["run", "", "-s", "b.jpg"],
         "PHOTO|FOLDER: is empty. Try: a path, or check the variable that it came from"),
        (["run", "a.jpg", "-s", ""], "--style: is empty. Try: a path, or check the variable that it came from"),
        (["run", "a.jpg", "-s", "b.jpg", "-o", ""],
         "--output: is empty. Try: a path, or check the variable that it came from"),
        (["run", "a.jpg", "-s", "b.jpg", "-m", ""],
         "model: is empty. Try: a value, or check the variable that it came from"),
        (["run", "a.jpg", "-s", "b.jpg", "--mask", ""],
         "mask: is empty. Try: a value, or check the variable that it came from"),
        (["run", "--version"], "--version: comes before the command. Try: arbstyle --version"),
        (["score", "a.jpg"], "STYLE: missing. Try: arbstyle score PHOTO STYLE RESULT..."),
        (["run", "a.jpg"],
         "--style: missing. Try: --style PICTURE, or a built-in one like mosaic (arbstyle style list)"),
        (["run", "a.jpg", "-s", "starry", "night.jpg"],
         'starry: no such file. Try: "starry night.jpg", in quotes'),
        (["run", "my", "photo.jpg", "-s", "b.jpg"], 'my: no such file. Try: "my photo.jpg", in quotes'),
        (["run", "https://x.org/a.jpg", "-s", "b.jpg"],
         "https://x.org/a.jpg: is not fetched. Try: curl -s https://x.org/a.jpg | arbstyle run - ..."),
        (["run", "a.jpg", "-s", "http://x.org/s.jpg"],
         "http://x.org/s.jpg: is not fetched. Try: curl -sO http://x.org/s.jpg, and --style the file"),
        (["run", "a.jpg", "-s", "b.jpg", "--quality", "101"], "quality 101: out of range. Try: 1 to 100"),
        (["run", "a.jpg", "-s", "b.jpg", "--max-size", "big"], "max size big: no whole number. Try: 1 px or more"),
        (["run", "a.jpg", "-s", "b.jpg", "--engine", "opnvino"],
         "engine 'opnvino': unknown. Try: openvino; there are auto, openvino, tensorflow, torch"),
        (["grid", "a.jpg", "-s", "b.jpg", "-o", "x.png", "--cell", "1"], "cell 1: out of range. Try: 64 to 2048 px"),
    ],
)  # fmt: skip
def test_one_line_says_what_to_type(folder, told, words, line):
    assert told(*words) == (2, line)


def test_a_photo_whose_name_begins_like_an_option(folder, told):
    os.rename("a.jpg", "-a.jpg")
    assert told("run", "-a.jpg", "-s", "b.jpg") == (2, "-a.jpg: begins like an option. Try: ./-a.jpg")


@pytest.mark.parametrize("words", [["-h"], ["run", "-h"], ["models", "list", "-h"], ["run", "--help"]])
def test_help_everywhere(words, monkeypatch, capsys):
    assert invoke(*words, monkeypatch=monkeypatch) == 0
    assert "Usage: arbstyle" in capsys.readouterr().out


def test_the_everyday_options_come_first_and_the_refinement_last(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "100")
    for name in ("run", "watch"):
        invoke(name, "-h", monkeypatch=monkeypatch)
        lines = capsys.readouterr().out.splitlines()
        panels = [line.strip("╭─╮ ") for line in lines if line.startswith("╭")]
        assert panels == [
            "Arguments", "Options", "Picture", "File", "Many photos", "Model and machine", "Refinement",
        ]  # fmt: skip
        assert next(number for number, line in enumerate(lines) if "Picture ─" in line) <= 24


def test_as_a_module_and_by_its_other_name():
    done = subprocess.run([sys.executable, "-m", "arbitrary_nst", "--version"], capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.startswith("arbstyle ")
    scripts = (Path(__file__).parent.parent / "pyproject.toml").read_text()
    assert 'arbitrary-nst = "arbitrary_nst.__main__:main"' in scripts


def test_completion_can_be_installed():
    done = command("--show-completion", "bash", text=True)
    assert "--show-completion" not in done.stderr, done.stderr
    for words, expected in (("arbstyle run --colors ", "style photo match"), ("arbstyle models pu", "pull")):
        asked = {"_ARBSTYLE_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
        assert command(text=True, env=os.environ | asked).stdout.split() == expected.split()


def test_a_folder_of_styles_is_each_of_them(folder, monkeypatch, capsys):
    (folder / "styles").mkdir()
    for name in ("two.png", "one.jpg"):
        Image.new("RGB", (9, 9)).save(folder / "styles" / name)
    (folder / "styles" / "notes.txt").touch()
    assert given.style_pictures([Path("styles"), Path("a.jpg")]) == [
        Path("styles/one.jpg"), Path("styles/two.png"), Path("a.jpg"),
    ]  # fmt: skip
    assert invoke("run", "a.jpg", "-s", "styles", "-o", "out", monkeypatch=monkeypatch) == 0
    assert {path.name for path in (folder / "out").glob("*.jpg")} == {"a__one.jpg", "a__two.jpg"}
    (folder / "empty").mkdir()
    with pytest.raises(OptionError, match="no picture lies"):
        given.style_pictures([Path("empty")])


def test_styles_and_what_was_made_before_are_left_out_of_a_folder(folder, monkeypatch, capsys):
    assert invoke("run", "a.jpg", "-s", "b.jpg", monkeypatch=monkeypatch) == 0
    assert invoke("run", "a.jpg", "my photo.jpg", "-s", "b.jpg", "-o", "first", monkeypatch=monkeypatch) == 0
    capsys.readouterr()
    assert invoke("run", ".", "-s", "b.jpg", "-o", "second", monkeypatch=monkeypatch) == 0
    out, err = capsys.readouterr()
    assert [line.split(" ->")[0] for line in out.splitlines()] == ["a.jpg", "my photo.jpg", "starry night.jpg"]
    assert "left out: 1 file, a style picture; name" in err and "left out: 3 files, made by arbstyle; name" in err
    # from Python too
    results = fake_stylizer(notify=lambda line: None).stylize_many(".", "b.jpg", output="third")
    assert len(list(results)) == 3
    # what is named is taken as it is
    assert invoke("run", "b.jpg", "a__b.jpg", "-s", "b.jpg", "-o", "fourth", monkeypatch=monkeypatch) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_a_manifest_that_is_torn_or_strange_is_read_as_far_as_it_goes(folder):
    (folder / NAME).write_bytes(b'{"output": "a.jpg"} 00\n[1] 0\n{"output": 3} 0\n\xff\n{"outp')
    found, lines = expand([folder], output=folder / "out"), []
    kept = given.without_own(found, [], lines.append)
    assert [each.path.name for each in kept] == ["b.jpg", "my photo.jpg", "starry night.jpg"] and len(lines) == 1


def test_a_folder_that_cannot_be_written_says_so_at_once(folder, told, monkeypatch):
    locked = folder / "locked"
    locked.mkdir()
    may = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: not Path(path).is_relative_to(locked) and may(path, mode))
    line = f"{locked}: cannot be written: not permitted. Try: --output a folder you can write to"
    for output in ("locked", "locked/new", "locked/x.png"):
        assert told("run", "a.jpg", "-s", "b.jpg", "-o", output) == (2, line)
    assert told("grid", "a.jpg", "-s", "b.jpg", "-o", "locked/x.png") == (2, line)
    with pytest.raises(PhotoError, match="not permitted"):
        given.refuse_unwritable(None, [Input(locked / "a.jpg")])
    given.refuse_unwritable(None, [Input(locked / "a.jpg"), Input(folder / "a.jpg")])


@pytest.fixture
def closed(folder, monkeypatch):
    """A folder that opens to nobody: tests may run as root, to whom all do."""
    path = folder / "closed"
    path.mkdir()

    def closing(call, refused, *, itself=True):
        def wrapped(name, *given, **options):
            absolute = Path(name).absolute() if isinstance(name, str | Path) else Path()
            is_closed = path in absolute.parents or (itself and absolute == path)
            return refused(name) if is_closed else call(name, *given, **options)

        return wrapped

    def refuse(name):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(name))

    monkeypatch.setattr(os, "access", closing(os.access, lambda name: False))
    monkeypatch.setattr(os, "stat", closing(os.stat, refuse, itself=False))
    for name in ("open", "mkdir", "scandir", "listdir"):
        monkeypatch.setattr(os, name, closing(getattr(os, name), refuse))


@pytest.mark.parametrize("output", ["closed/out", "closed/x.jpg", "closed/deep/out"])
def test_below_a_closed_folder_nothing_can_be_written(closed, told, output):
    code, said = told("run", "a.jpg", "-s", "b.jpg", "-o", output)
    assert (code, said.partition(": cannot be written: ")[2]) == (
        2,
        "not permitted. Try: --output a folder you can write to",
    )


@pytest.mark.parametrize(
    "words",
    [
        ["run", "closed", "a.jpg", "-s", "b.jpg", "-o", "out"],
        ["run", "a.jpg", "-s", "closed", "-o", "out"],
        ["run", "a.jpg", "-s", "closed/s.jpg", "-o", "out"],
        ["run", "--from-file", "closed/list", "-s", "b.jpg", "-o", "out"],
        ["run", "a.jpg", "-s", "b.jpg", "--mask", "closed/mask.png"],
        ["run", "a.jpg", "-s", "b.jpg", "--region", "closed/mask.png=b.jpg"],
        ["grid", "closed/a.jpg", "-s", "b.jpg", "-o", "x.png"],
        ["style", "show", "closed/a.style"],
        ["style", "save", "closed/a.jpg", "-o", "x.style"],
        ["style", "list", "closed"],
        ["style", "list", "closed/styles"],
        ["serve", "--token-file", "closed/token"],
        ["watch", "closed", "-s", "b.jpg", "-o", "out"],
        ["watch", "closed/inbox", "-s", "b.jpg", "-o", "out"],
        ["closed/a.jpg"],
    ],
)
def test_what_is_closed_is_told_in_our_words(closed, told, words):
    code, said = told(*words)
    assert code == 2 and "Errno" not in said and "invalid value" not in said, said


def test_one_photo_that_is_closed_holds_up_no_other(closed, folder, monkeypatch, capsys):
    assert invoke("run", "closed/a.jpg", "a.jpg", "-s", "b.jpg", monkeypatch=monkeypatch) == 3
    out, err = capsys.readouterr()
    assert out.startswith("a.jpg -> a__b.jpg") and "closed/a.jpg: cannot be read (Permission denied)" in err


def test_a_sheet_gets_its_folder_before_anything_is_drawn(folder, monkeypatch, told):
    assert invoke("grid", "a.jpg", "-s", "b.jpg", "-o", "new/sheet.png", "--cell", 64, monkeypatch=monkeypatch) == 0
    assert (folder / "new" / "sheet.png").is_file()
    monkeypatch.setattr("fakes.FakeEngine.transform", None)
    code, line = told("grid", "a.jpg", "-s", "b.jpg", "-o", "a.jpg/sheet.png")
    assert code == 2 and "a.jpg" in line
