"""Write docs/cli.md: every command and option, from their declarations. python scripts/write_cli_docs.py"""

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from typer.main import get_command

from arbitrary_nst import cli

PAGE = Path(__file__).resolve().parent.parent / "docs" / "cli.md"
EVERYWHERE = {"help", "verbose", "install_completion", "show_completion", "version"}


def page() -> str:
    """The whole page, in Markdown."""
    root: Any = get_command(cli.app)
    lines = ["# The command line", "", "<!-- made by scripts/write_cli_docs.py -->", "", root.help.strip(), ""]
    lines += ["`python -m arbitrary_nst` and `arbitrary-nst` are the same command. Everywhere:", ""]
    lines += [
        "| option | what it does |",
        "|---|---|",
        "| `-h`, `--help` | Show what there is and exit. |",
        "| `--verbose` | Show the traceback of an error. |",
        *(f"| `{each.opts[0]}` | {each.help} |" for each in root.params if each.name != "help"),
        "",
    ]
    for name, command in _commands(root):
        lines += _section(name, command)
    return "\n".join(lines).rstrip() + "\n"


def _commands(group: Any, path: str = "arbstyle") -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        yield f"{path} {name}", command
        if hasattr(command, "commands"):
            yield from _commands(command, f"{path} {name}")


def _section(name: str, command: Any) -> list[str]:
    lines = [f"## {name}", "", inspect.cleandoc(command.help), ""]
    panels: dict[str, list[Any]] = {}
    for each in command.params:
        if each.name not in EVERYWHERE:
            panels.setdefault(each.rich_help_panel or "", []).append(each)
    for panel, parameters in panels.items():
        lines += [f"### {panel}", ""] if panel else []
        lines += ["| option | what it does |", "|---|---|", *map(_row, parameters), ""]
    return lines


def _row(parameter: Any) -> str:
    value = (parameter.metavar or "").strip()
    flags = [*parameter.opts, *parameter.secondary_opts] if parameter.param_type_name == "option" else []
    shown = ", ".join(f"`{flag}`" for flag in flags) + (f" `{value}`" if value else "")
    environment = f"  [env: {parameter.envvar}]" if parameter.envvar else ""
    cells = shown.strip(), parameter.help.replace("\\[", "[") + environment
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


if __name__ == "__main__":
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8")
