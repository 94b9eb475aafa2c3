"""How an option is declared, checked, read from text and remembered: what ``options`` is made with."""

import math
import os
import re
import reprlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from difflib import get_close_matches
from functools import cache
from numbers import Integral, Real
from os import PathLike, fspath
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, NamedTuple, TypeVar, Union, get_args, get_origin

from arbitrary_nst.errors import OptionError


@dataclass(frozen=True)
class Opt:
    """What is to be known of an option besides its type and default.

    ``least`` and ``most`` bound numbers; ``unit`` is what they count, or what stands for the value in the help.
    ``flag`` and ``short`` are the command line's where they do not follow from the name; ``unset`` is what None means,
    ``env`` the environment variable that is read where nothing is given.
    """

    help: str
    least: float = -math.inf
    most: float = math.inf
    unit: str | None = None
    flag: str | None = None
    short: str | None = None
    unset: str | None = None
    env: str | None = None


class Options:
    """A group of options: a frozen dataclass whose fields are checked when it is made."""

    def __post_init__(self) -> None:
        """Raise OptionError for the first value that makes no sense. Paths may be given as text."""
        for option in declared(type(self)):
            value = option.checked(getattr(self, option.name))
            object.__setattr__(self, option.name, value)


class Option(NamedTuple):
    """One declared option: ``kinds`` are the types its value may have, ``choices`` the words.

    A mapping is of names to numbers, or where Path is among its kinds of paths to paths.
    """

    name: str
    about: Opt
    kinds: tuple[Any, ...]
    choices: tuple[str, ...]
    default: Any

    @property
    def label(self) -> str:
        """The name as a person says it."""
        return self.name.replace("_", " ")

    def checked(self, value: Any) -> Any:
        """The value as the option keeps it. Raises OptionError where it makes no sense."""
        if (value is None and type(None) in self.kinds) or (isinstance(value, str) and value in self.choices):
            return value
        if bool in self.kinds:
            if isinstance(value, bool):
                return value
            raise OptionError(f"{self.label} {shown(value)}: neither true nor false", "True or False")
        if int in self.kinds or float in self.kinds:
            return self._checked_number(value, Integral if int in self.kinds else Real)
        if Mapping in self.kinds:
            if Path in self.kinds:
                return self._checked_paths(value)
            if not isinstance(value, Mapping):
                raise OptionError(f"{self.label} {shown(value)}: no names with numbers", "{'block4_conv1': 0.3}")
            return {str(key): self._checked_number(each, Real) for key, each in value.items()}
        if Path in self.kinds:
            return a_path(self.label, value)
        if self.choices:
            one_of(self.label, value, self.choices)
        if not isinstance(value, str | PathLike):
            raise OptionError(f"{self.label} {shown(value)}: no name", self.about.unit)
        return fspath(value)

    def _checked_number(self, value: Any, kind: Any) -> Any:
        wanted = f"{self.range()}{f', or {self.choices[0]}' if self.choices else ''}"
        if isinstance(value, bool) or not isinstance(value, kind):
            raise OptionError(f"{self.label} {shown(value)}: no {'whole ' * (kind is Integral)}number", wanted)
        if not (math.isfinite(value) and self.about.least <= value <= self.about.most):
            raise OptionError(f"{self.label} {value!r}: out of range", wanted)
        return int(value) if kind is Integral else float(value)

    def _checked_paths(self, value: Any) -> dict[Path, Path]:
        if not isinstance(value, Mapping):
            raise OptionError(f"{self.label} {shown(value)}: no paths with paths", self.about.unit)
        for each in (*value.keys(), *value.values()):
            if not isinstance(each, str | PathLike) or not fspath(each):
                raise OptionError(f"{self.label} {shown(each)}: no path", self.about.unit)
        return {Path(key): Path(each) for key, each in value.items()}

    def range(self) -> str:
        """What numbers there may be, in words: ``16 px or more``."""
        unit = {"PX": " px", "SECONDS": " s", "SIZE": " bytes"}.get(self.about.unit or "", "")
        least, most = self.about.least, self.about.most
        if most < math.inf:
            return f"{least:g} to {most:g}{unit}"
        return f"{least:g}{unit} or more" if least > -math.inf else f"a number{unit}"

    def parsed(self, text: str) -> Any:
        """The value that text means, as a command line or a web form has it. Raises OptionError where it means none."""
        if text in self.choices:
            return text
        if self.about.unit == "SIZE":
            return _parsed_size(self.label, text)
        if Mapping in self.kinds and Path in self.kinds:
            return _parsed_paths(self, text)
        if Mapping in self.kinds:
            name, _, number = text.partition("=")
            return {name: _parsed_number(f"{self.label} {text}", number, float, "block4_conv1=0.3")}
        for kind in (int, float):
            if kind in self.kinds:
                wanted = f"{self.range()}{f', or {self.choices[0]}' if self.choices else ''}"
                return self.checked(_parsed_number(f"{self.label} {text}", text, kind, wanted))
        return self.checked(text)


def declared(group: Any) -> tuple[Option, ...]:
    """The options of a group, in order; other fields of a dataclass, such as those annotated in quotes, are no such."""
    return _declared(group)


@cache
def _declared(group: Any) -> tuple[Option, ...]:
    return tuple(_read(field) for field in fields(group) if get_origin(field.type) is Annotated)


def _read(field: "Field[Any]") -> Option:
    kind, about = get_args(field.type)
    members = get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)
    choices = tuple(word for each in members if get_origin(each) is Literal for word in get_args(each))
    kinds = [get_origin(each) or each for each in members]
    kinds += [Path for each in members if get_origin(each) is Mapping and get_args(each)[0] is Path]
    return Option(field.name, about, tuple(kinds), choices, field.default)


def a_path(what: str, value: Any) -> Path:
    """The path that is given. Raises OptionError for what is none."""
    return Path(path_text(what, value))


def path_text(what: str, value: Any) -> str:
    """A path, or an address, as it is written. Raises OptionError for what is none."""
    if not isinstance(value, str | PathLike):
        raise OptionError(f"{what} {shown(value)}: no path", "the path of a file or folder")
    return fspath(value)


def path_texts(what: str, value: Any) -> list[str]:
    """The path, or the several, that are given. Raises OptionError for what is none."""
    several = [value] if isinstance(value, str | PathLike) or not isinstance(value, Iterable) else value
    return [path_text(what, each) for each in several]


def shown(value: Any) -> str:
    """A value that makes no sense, as a message shows it: of a long one, such as a picture's pixels, a part."""
    return repr(value) if isinstance(value, str) else " ".join(reprlib.repr(value).split())


def one_of(what: str, value: Any, choices: Collection[str]) -> None:
    """Raise OptionError for a value that is none of ``choices``, with the nearest of them."""
    if not (isinstance(value, str) and value in choices):
        near = get_close_matches(str(value), choices, 1)
        others = ", ".join(choices)
        raise OptionError(f"{what} {shown(value)}: unknown", f"{near[0]}; there are {others}" if near else others)


def within(what: str, value: Any, least: float, most: float = math.inf) -> None:
    """Raise OptionError for what is no finite number from ``least`` to ``most``."""
    Option(what, Opt("", least, most), (float,), (), None).checked(value)


Group = TypeVar("Group", bound=Options)


def keywords(group: Options) -> dict[str, Any]:
    """A group's values by name, for who takes them as keywords."""
    return {option.name: getattr(group, option.name) for option in declared(type(group))}


def taken_from(group: type[Group], other: Options) -> Group:
    """The group with the values that a larger one, which has it as a base, has under the same names."""
    return group(**{option.name: getattr(other, option.name) for option in declared(group)})


def differing(value: Any) -> dict[str, Any]:
    """The fields of a dataclass that are not as they are by default, by name, as JSON has them.

    A field that joins later, and is as it is by default, changes nothing here; nor does one with metadata ``prose``.
    """
    return {name: _plain(given) for name, given in _given(value)}


def _given(value: Any) -> Iterator[tuple[str, Any]]:
    for field in fields(value):
        given = getattr(value, field.name)
        default = field.default if field.default_factory is MISSING else field.default_factory()
        if given != default and not field.metadata.get("prose"):
            yield field.name, given


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return differing(value)
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in sorted(value.items())}
    return str(value) if isinstance(value, PathLike) else value


def _parsed_number(what: str, text: str, kind: type[int] | type[float], hint: str) -> int | float:
    try:
        return kind(text)
    except ValueError as exc:
        raise OptionError(f"{what}: no {'whole ' * (kind is int)}number", hint) from exc


def _parsed_paths(option: Option, text: str) -> dict[Path, Path]:
    """Two paths with = between them; where the first has one itself, the one that is there counts."""
    ends = [number for number, letter in enumerate(text) if letter == "="]
    pairs = [(text[:end], text[end + 1 :]) for end in ends if 0 < end < len(text) - 1]
    if not pairs:
        raise OptionError(f"{option.label} {text}: no two paths", option.about.unit)
    first, second = next((pair for pair in pairs if os.path.exists(pair[0])), pairs[0])
    return {Path(first): Path(second)}


def _parsed_size(what: str, text: str) -> int:
    """Bytes of a size like 800M, 4G, 4GB or 4 GiB; the units are powers of ten, those with an i of two."""
    found = re.fullmatch(r"([\d.]+)\s*([KMGT]?)(i?)B?", text.strip(), re.IGNORECASE)
    try:
        number, letter, binary = found.groups() if found else ("", "", "")
        size = float(number) * (1024 if binary else 1000) ** " KMGT".index(letter.upper() or " ")
    except ValueError:
        size = 0.0
    if not 1 <= size < 2**63:
        raise OptionError(f"{what} {text}: no size", "4G, 800M, or bytes")
    return int(size)
