"""What somebody who typed something else is told: one line, with what to type instead."""

import os
import re
import shlex
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

import typer

from arbitrary_nst.errors import OptionError

STYLE_FLAGS = ("-s", "--style")
# What other programs call a command.
ELSEWHERE = {
    "fetch": "pull", "download": "pull", "install": "pull", "remove": "clear", "rm": "clear", "delete": "clear",
    "ls": "list", "check": "verify", "info": "show", "train": "learn", "create": "save", "stylize": "run",
    "apply": "run", "server": "serve", "compare": "grid", "man": "help",
}  # fmt: skip


def explain(wrong: typer.TyperException, words: Sequence[str]) -> OptionError:
    """Typer's complaint about the words of a command line, in ours."""
    context: Any = getattr(wrong, "ctx", None)
    command: Any = getattr(context, "command", None)
    called = getattr(context, "command_path", None) or shlex.join(["arbstyle", *words[:1]])
    if hasattr(command, "commands"):
        return _no_command(words, called, command)
    if dashed := [word for word in words if word.startswith("-") and os.path.exists(word)]:
        return OptionError(f"{dashed[0]}: begins like an option", f"./{dashed[0]}")
    option = getattr(wrong, "option_name", None)
    if option is not None and hasattr(wrong, "possibilities"):
        flags = [flag for each in command.params for flag in (*each.opts, *each.secondary_opts) if flag[0] == "-"]
        if any(option in each.opts for each in context.find_root().command.params):  # --version and the like
            return OptionError(f"{option}: comes before the command", f"arbstyle {option}")
        near = get_close_matches(option, flags, 1)
        return OptionError(f"{option}: no such option", near[0] if near else f"{called} --help")
    if option is not None:
        return _value_or_none(option, command, wrong)
    parameter = getattr(wrong, "param", None)
    if parameter is not None and type(wrong).__name__ == "MissingParameter":
        name = parameter.opts[0] if parameter.opts[0].startswith("-") else parameter.metavar
        wanted = f"{name} {parameter.metavar}" if name.startswith("-") else " ".join([called, *_arguments(command)])
        built_in = ", or a built-in one like mosaic (arbstyle style list)" if name == "--style" else ""
        return OptionError(f"{name}: missing", wanted + built_in)
    if whole := _unquoted(words):
        return OptionError(f"{whole.split()[0]}: no such file", f'"{whole}", in quotes')
    if extra := re.search(r"unexpected extra argument\(?s?\)? \((.*)\)", message := wrong.format_message()):
        return OptionError(f"{extra[1]}: more than is taken", " ".join([called, *_arguments(command)]))
    return OptionError(message[:1].lower() + message[1:].rstrip(".").replace("'", ""), f"{called} --help")


def _arguments(command: Any) -> list[str]:
    """What a command's help calls its arguments."""
    return [each.metavar or each.name for each in command.params if not each.opts[0].startswith("-")]


def _value_or_none(option: str, command: Any, wrong: typer.TyperException) -> OptionError:
    """The error for an option that has a value and takes none, or the other way round."""
    if "does not take" in wrong.format_message():
        return OptionError(f"{option}: takes no value", option)
    unit = next(each.metavar for each in command.params if option in each.opts)
    return OptionError(f"{option}: needs a value", f"{option} {unit}")


def _unquoted(words: Sequence[str]) -> str | None:
    """The name of a file there is, with blanks in it, of which the words are the parts; words are files themselves."""
    for start in range(1, len(words)):
        if words[start].startswith("-") or os.path.exists(words[start]):
            continue
        for end in range(start + 2, len(words) + 1):
            if os.path.isfile(whole := " ".join(words[start:end])):
                return whole
    return None


def _no_command(words: Sequence[str], called: str, group: Any) -> OptionError:
    """The error for words in which no command was found."""
    given = list(words)[len(called.split()) - 1 :]
    first = given[0] if given else ""
    meant = ELSEWHERE.get(first, first)
    mistyped = not os.path.exists(first) and (meant == "run" or get_close_matches(first, ["run"]))
    if called == "arbstyle" and mistyped and len(given) > 1:
        return OptionError(f"{first}: no command", shlex.join(["arbstyle", "run", *given[1:]]))
    if called == "arbstyle" and (any(word in STYLE_FLAGS for word in given) or os.path.exists(first)):
        line = shlex.join(["arbstyle", "run", *given])
        return OptionError(f"{first}: no command", line if set(STYLE_FLAGS) & set(given) else f"{line} --style PICTURE")
    if first.startswith("-"):
        for name in given:
            command = group.commands.get(name)
            if any(first in each.opts for each in getattr(command, "params", ())):
                return OptionError(f"{first}: comes after the command", f"{called} {name} {first}")
        near = get_close_matches(first, [flag for each in group.params for flag in each.opts], 1)
        return OptionError(f"{first}: no option", f"{called} {near[0] if near else '--help'}")
    groups = {name: each for name, each in group.commands.items() if hasattr(each, "commands")}
    there = {inner: f"{name} {inner}" for name, each in groups.items() for inner in each.commands}
    there |= {name: name for name in group.commands}
    near = [meant] if meant in there else get_close_matches(first, group.commands, 1)
    return OptionError(f"{first}: no command", f"{called} {there[near[0]] if near else '--help'}")
