"""What somebody who typed something else is told: one line, with what to type instead."""

import os
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
    option = getattr(wrong, "option_name", None)
    if option is not None and hasattr(wrong, "possibilities"):
        flags = [flag for each in command.params for flag in (*each.opts, *each.secondary_opts) if flag[0] == "-"]
        if any(option in each.opts for each in context.find_root().command.params):  # --version and the like
            return OptionError(f"{option}: comes before the command", f"arbstyle {option}")
        near = get_close_matches(option, flags, 1)
        return OptionError(f"{option}: no such option", near[0] if near else f"{called} --help")
    parameter = getattr(wrong, "param", None)
    if parameter is not None and type(wrong).__name__ == "MissingParameter":
        name = parameter.opts[0] if parameter.opts[0].startswith("-") else parameter.metavar
        all_of_them = [each.metavar for each in command.params if each.required and not each.opts[0].startswith("-")]
        wanted = f"{name} {parameter.metavar}" if name.startswith("-") else " ".join([called, *all_of_them])
        built_in = ", or a built-in one like mosaic (arbstyle style list)" if name == "--style" else ""
        return OptionError(f"{name}: missing", wanted + built_in)
    if whole := _unquoted(words):
        return OptionError(f"{whole.split()[0]}: no such file", f'"{whole}", in quotes')
    message = wrong.format_message()
    return OptionError(message[:1].lower() + message[1:].rstrip(".").replace("'", ""), f"{called} --help")


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
    if called == "arbstyle" and (any(word in STYLE_FLAGS for word in given) or os.path.exists(first)):
        line = shlex.join(["arbstyle", "run", *given])
        return OptionError(f"{first}: no command", line if set(STYLE_FLAGS) & set(given) else f"{line} --style PICTURE")
    if first.startswith("-"):
        near = get_close_matches(first, [flag for each in group.params for flag in each.opts], 1)
        return OptionError(f"{first}: no option", f"{called} {near[0] if near else '--help'}")
    groups = {name: each for name, each in group.commands.items() if hasattr(each, "commands")}
    there = {inner: f"{name} {inner}" for name, each in groups.items() for inner in each.commands}
    there |= {name: name for name in group.commands}
    meant = ELSEWHERE.get(first, first)
    near = [meant] if meant in there else get_close_matches(first, group.commands, 1)
    return OptionError(f"{first}: no command", f"{called} {there[near[0]] if near else '--help'}")
