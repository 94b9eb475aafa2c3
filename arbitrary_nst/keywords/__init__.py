"""The groups of options as Python's keywords; what each is, and is by default, stands in its group."""

import functools
import inspect
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any, TypeVar, cast

from arbitrary_nst.keywords.groups import DrawKeywords, LearnKeywords, ManyKeywords, RefineKeywords, RefiningKeywords
from arbitrary_nst.options import Option, Options, declared

__all__ = [
    "DrawKeywords",
    "LearnKeywords",
    "ManyKeywords",
    "RefineKeywords",
    "RefiningKeywords",
    "takes_keywords",
]

Function = TypeVar("Function", bound=Callable[..., Any])


def takes_keywords(*groups: type[Options]) -> Callable[[Function], Function]:
    """Have a function that takes the options of groups as ``**keywords`` say so.

    Who asks for its signature, such as a notebook, is told each with its default; one that there is not raises
    TypeError in the function's own name. They are no parameters of their own: a preset counts less than an option that
    is given, were it as by default.
    """
    options = {option.name: option for group in groups for option in declared(group)}

    def spelled(function: Function) -> Function:
        own = inspect.signature(function)

        @functools.wraps(function)
        def checked(*args: Any, **given: Any) -> Any:
            for name in given:
                if name not in options and name not in own.parameters:
                    raise TypeError(_unexpected(function, name, [*own.parameters, *options]))
            return function(*args, **given)

        checked.__signature__ = _with_keywords(own, options)  # type: ignore[attr-defined]
        return cast(Function, checked)

    return spelled


def _with_keywords(own: inspect.Signature, options: Mapping[str, Option]) -> inspect.Signature:
    """A signature with options in place of ``**keywords``, but for those that it has by itself."""
    *named, _ = own.parameters.values()
    more = [
        inspect.Parameter(option.name, inspect.Parameter.KEYWORD_ONLY, default=option.default)
        for option in options.values()
        if option.name not in own.parameters
    ]
    return own.replace(parameters=[*named, *more])


def _unexpected(function: Callable[..., Any], name: str, known: list[str]) -> str:
    """What Python says of a keyword that there is not, with the nearest that there is."""
    near = get_close_matches(name, known, 1)
    hint = f". Did you mean {near[0]!r}?" if near else ""
    return f"{function.__qualname__}() got an unexpected keyword argument {name!r}{hint}"
