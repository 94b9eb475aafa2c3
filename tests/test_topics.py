"""`arbstyle help`: every command and every topic is explained, and names only what there is."""

import re
import sys

import pytest
from typer.main import get_command

from arbitrary_nst import cli
from arbitrary_nst.cli.topics import TOPICS

COMMANDS = get_command(cli.app).commands


def explain(*words, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["arbstyle", "help", *words])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    return caught.value.code or 0, *capsys.readouterr()


@pytest.mark.parametrize("topic", sorted({*COMMANDS, *TOPICS}))
def test_each_is_explained(topic, monkeypatch, capsys):
    code, out, err = explain(topic, monkeypatch=monkeypatch, capsys=capsys)
    assert (code, err) == (0, "")
    if topic in TOPICS:
        assert not out.startswith((" ", "\n")) and max(map(len, out.splitlines())) <= 120
    else:
        assert f"arbstyle {topic}" in out and "--help" in out


def test_texts_name_options_that_there_are():
    flags = {flag for command in COMMANDS.values() for each in command.params for flag in each.opts}
    for name, text in TOPICS.items():
        for flag in re.findall(r"(?<![\w-])--[a-z][a-z-]+", text):
            assert flag in flags, f"{name}: {flag}"
        for command in re.findall(r"arbstyle ([a-z]+)", text):
            assert command in COMMANDS, f"{name}: {command}"


def test_without_a_topic_all_are_listed(monkeypatch, capsys):
    code, out, _ = explain(monkeypatch=monkeypatch, capsys=capsys)
    assert code == 0 and all(each in out for each in (*COMMANDS, *TOPICS))


def test_a_misspelt_one_is_told(monkeypatch, capsys):
    code, out, err = explain("refinment", monkeypatch=monkeypatch, capsys=capsys)
    assert (code, out) == (2, "")
    assert err == "arbstyle: refinment: no command and no topic. Try: arbstyle help refinement\n"


def test_a_command_of_a_group_is_explained(monkeypatch, capsys):
    code, out, err = explain("models", "pull", monkeypatch=monkeypatch, capsys=capsys)
    assert (code, err) == (0, "") and "Usage: arbstyle models pull" in out
