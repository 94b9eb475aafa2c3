"""Write arbitrary_nst/keywords/groups.py: the groups of options as typed keywords. python scripts/write_keywords.py"""

import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from arbitrary_nst.options import (
    BatchOptions,
    DrawOptions,
    EncodeOptions,
    LearnOptions,
    Option,
    RefineOptions,
    declared,
)

PAGE = Path(__file__).resolve().parent.parent / "arbitrary_nst" / "keywords" / "groups.py"
HEAD = '''"""The groups of options as typed keywords, for editors; made by scripts/write_keywords.py."""

from collections.abc import Mapping
from os import PathLike
from typing import Any, Literal, TypedDict
'''
# Name, bases, groups and what it is of; an option that a function takes under the same name by itself is left out.
CLASSES = (
    ("DrawKeywords", "TypedDict", (DrawOptions,), "``DrawOptions``."),
    ("ManyKeywords", "DrawKeywords", (EncodeOptions, BatchOptions),
     "``DrawOptions``, ``EncodeOptions`` and ``BatchOptions``: of many photos in files."),
    ("RefineKeywords", "TypedDict", (RefineOptions,), "``RefineOptions``, but for the recipe."),
    ("RefiningKeywords", "DrawKeywords, RefineKeywords", (),
     "What ``Stylizer.refine`` takes: how to refine, and how to draw around it."),
    ("LearnKeywords", "TypedDict", (LearnOptions,), "``LearnOptions``."),
)  # fmt: skip
OWN = {"recipe"}


def page() -> str:
    """The whole module."""
    return HEAD + "".join(line + "\n" for each in CLASSES for line in _class(*each))


def _class(name: str, bases: str, groups: tuple[Any, ...], about: str) -> Iterator[str]:
    yield f"\n\nclass {name}({bases}, total=False):"
    yield f'    """{about}"""'
    for group in groups:
        kinds = {field.name: get_args(field.type)[0] for field in group.__dataclass_fields__.values()}
        for option in declared(group):
            if option.name not in OWN:
                yield f"\n    {option.name}: {_spelled(kinds[option.name])}"
                yield from _about(option)


def _about(option: Option) -> list[str]:
    """What the option is, and is by default, as an editor shows it."""
    default = option.about.unset if option.default is None and option.about.unset else repr(option.default)
    words = textwrap.wrap(f"{option.about.help} Default: {default}.", 108)
    if len(words) == 1:
        return [f'    """{words[0]}"""']
    return [f'    """{words[0]}', *(f"    {line}" for line in words[1:]), '    """']


def _spelled(kind: Any) -> str:
    """A type as it is given: a path as text too."""
    if get_origin(kind) in (Union, UnionType):
        return " | ".join(_spelled(each) for each in get_args(kind))
    if get_origin(kind) is Literal:
        return f"Literal[{', '.join(f'{chr(34)}{word}{chr(34)}' for word in get_args(kind))}]"
    if get_origin(kind) is Mapping:
        return f"Mapping[{', '.join('Any' if each is Path else _spelled(each) for each in get_args(kind))}]"
    if kind is Path:
        return "str | PathLike[str]"
    return "None" if kind is NoneType else str(kind.__name__)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
