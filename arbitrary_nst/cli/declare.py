"""A command's signature, made from the groups of options that it takes."""

import functools
import inspect
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from arbitrary_nst import presets
from arbitrary_nst.errors import OptionError
from arbitrary_nst.options import Option, Options, declared

PANELS = {
    "DrawOptions": "Picture",
    "EncodeOptions": "File",
    "BatchOptions": "Many photos",
    "ModelOptions": "Model and machine",
    "RefineOptions": "Refinement",
    "LearnOptions": "Learning",
    "Following": "Learning",
    "Watching": "Refinement",
    "Lines": "Many photos",
    "LinesOrDryRun": "Many photos",
    "Styling": "Picture",
    "StylingOrLearning": "Picture",
    "ServeOptions": "Server",
    "ClusterOptions": "Cluster",
}


def takes_groups(command: Callable[..., None]) -> Callable[..., None]:
    """The command with each parameter that is a group of options spelled out as one for each option.

    A group's default is an instance of it, whose values are the options' defaults; a ``preset`` that is given among
    the options has others for some. Typer only reads words: what they
    mean, and whether they make sense, the groups say themselves.
    """
    parameters = inspect.signature(command).parameters.values()
    groups = {each.name: each.default for each in parameters if isinstance(each.default, Options)}
    spelled = list[inspect.Parameter]()
    for each in parameters:
        spelled += _parameters(groups[each.name]) if each.name in groups else [each]

    @functools.wraps(command)
    def with_groups(**given: Any) -> None:
        chosen = presets.options(given["preset"]) if given.get("preset") else {}
        for name, default in groups.items():
            values = {each.name: chosen.get(each.name, getattr(default, each.name)) for each in declared(type(default))}
            for option in declared(type(default)):
                if (word := given.pop(option.name)) not in (None, []):
                    values[option.name] = _value(option, word)
            given[name] = type(default)(**values)
        command(**given)

    required_first = sorted(spelled, key=lambda each: each.default is not inspect.Parameter.empty)
    with_groups.__signature__ = inspect.Signature(required_first)  # type: ignore[attr-defined]
    return with_groups


def _value(option: Option, given: Any) -> Any:
    """What the command line's words mean; the last of several values for one name counts.

    Raises OptionError for an empty one, such as of a variable that is not set.
    """
    if given == "":
        raise OptionError(f"{option.label}: is empty", "a value, or check the variable that it came from")
    if isinstance(given, list):
        return {name: value for each in given for name, value in option.parsed(each).items()}
    return option.parsed(given) if isinstance(given, str) else given


def _parameters(group: Options) -> Iterator[inspect.Parameter]:
    panel = PANELS.get(type(group).__name__)
    for option in declared(type(group)):
        kind: Any = str | None
        if bool in option.kinds:
            kind = bool | None
        elif Mapping in option.kinds:
            kind = list[str] | None
        yield inspect.Parameter(
            option.name,
            inspect.Parameter.POSITIONAL_OR_KEYWORD,
            default=None,
            annotation=Annotated[kind, declaration(option, panel, getattr(group, option.name))],
        )


def declared_as(group: type[Options], name: str) -> Any:
    """How Typer is told of one option of a group."""
    return declaration(next(option for option in declared(group) if option.name == name))


def declaration(option: Option, panel: str | None = None, default: Any = None) -> Any:
    """How Typer is told of an option."""
    about = option.about
    told = about.unset if default is None else default
    if bool in option.kinds:
        told = option.name if default else None

    def complete(incomplete: str) -> list[str]:
        return [word for word in option.choices if word.startswith(incomplete)]

    return typer.Option(
        about.flag or f"--{option.name.replace('_', '-')}",
        *([about.short] if about.short else []),
        help=about.help if told is None else f"{about.help}  \\[default: {told}]",
        metavar=" " if bool in option.kinds else about.unit or "|".join(option.choices),
        rich_help_panel=panel,
        show_default=False,
        envvar=about.env if Path in option.kinds else None,  # a flag's is read where it is used
        show_envvar=about.env is not None,
        autocompletion=complete if option.choices else None,
    )
