"""Commands of which only the one that is typed is imported, and whose words come as they were typed."""

from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_group

from arbitrary_nst.errors import OptionError


class Where(NamedTuple):
    """Where a command is: a module of ``cli``, and in it a function or an app of its own."""

    module: str
    name: str
    no_args_is_help: bool = False


class Commands(Mapping[str, Any]):
    """Typer's commands by name, each imported and made when it is first asked for."""

    def __init__(self, where: Mapping[str, Where]) -> None:
        self._where = where
        self._made: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        """The command. Raises KeyError."""
        if name not in self._made:
            self._made[name] = _made(name, self._where[name])
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        """The names, in the order of the help."""
        return iter(self._where)

    def __len__(self) -> int:
        """How many there are."""
        return len(self._where)


def lazily(where: Mapping[str, Where]) -> type[TyperGroup]:
    """The class of a group that has these commands."""

    class Lazily(_Group):
        def __init__(self, **attributes: Any) -> None:
            super().__init__(**attributes)
            self.commands = Commands(where)  # type: ignore[assignment]  # nothing is added to them

    return Lazily


class _Command(TyperCommand):
    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except typer.TyperException as exc:
            exc.ctx = getattr(exc, "ctx", None) or ctx  # type: ignore[attr-defined]  # of an option without its value
            raise

    def get_params(self, ctx: Any) -> list[Any]:
        return _as_typed(super().get_params(ctx))


class _Group(TyperGroup):
    def get_params(self, ctx: Any) -> list[Any]:
        return _as_typed(super().get_params(ctx))


def _made(name: str, where: Where) -> Any:
    found = getattr(import_module(f"arbitrary_nst.cli.{where.module}"), where.name)
    app = typer.Typer(rich_markup_mode="rich")
    if isinstance(found, typer.Typer):
        for each in found.registered_commands:
            each.cls = _Command
        app.add_typer(found, name=name, cls=_Group)
    else:
        app.command(name, cls=_Command, no_args_is_help=where.no_args_is_help)(found)
    return get_group(app).commands[name]


def _as_typed(parameters: list[Any]) -> list[Any]:
    """The parameters, which Typer will not check with Pydantic: that takes as long to import as a photo to draw."""
    for each in parameters:
        if hasattr(each, "get_runtime_param") and not isinstance(each.get_runtime_param, _AsTyped):
            each.get_runtime_param = _AsTyped(each.get_runtime_param, each.type_descriptor.annotation)
        if each.param_type_name == "argument" or each.metavar is None:
            each.display_type_rich = _no_type
    return parameters


def _no_type(ctx: Any) -> None:
    """In place of what Python calls it, such as `list[Path]`: the help has a word of its own, or needs none."""


class _AsTyped:
    """What Typer takes the value of a text, a path, or a yes or no with; anything else it takes as it does by itself.

    What the words mean, and whether they make sense, the groups of options say.
    """

    def __init__(self, theirs: Callable[[], Any], kind: Any) -> None:
        self._theirs, self._kind = theirs, kind

    def __call__(self) -> "_AsTyped":
        return self

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        if value is None:
            return () if param.multiple or param.nargs == -1 else None
        if self._kind is str or self._kind == list[str]:
            return value
        if self._kind is Path:  # Typer would refuse ten thousand photos for one that is locked
            return _path(value, param)
        if self._kind == list[Path]:
            return [_path(each, param) for each in value]
        return self._theirs().coerce(value, param=param, ctx=ctx)


def _path(word: str, param: Any) -> Path:
    """The path; raises OptionError for an empty one, such as of a variable that is not set, and which would be `.`."""
    if not word:
        name = param.opts[0] if param.opts[0].startswith("-") else param.metavar
        raise OptionError(f"{name}: is empty", "a path, or check the variable that it came from")
    return Path(word)
