"""The groups of options as Python's keywords; what each is, and is by default, stands in its group."""

import functools
import inspect
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from os import PathLike
from typing import Any, Literal, TypedDict, TypeVar, cast

from arbitrary_nst.options import (
    Colors,
    Depth,
    Existing,
    Format,
    Init,
    Metadata,
    Optimizer,
    Option,
    Options,
    Pooling,
    StyleCrop,
    declared,
)

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


class DrawKeywords(TypedDict, total=False):
    """``DrawOptions``."""

    strength: float
    colors: Colors
    strokes: int | Literal["auto", "fine"]
    max_size: int | None
    style_size: int | None
    style_crop: StyleCrop
    keep_plain: float
    mask: str | PathLike[str] | None
    feather: float
    regions: Mapping[Any, Any] | None


class ManyKeywords(DrawKeywords, total=False):
    """``DrawOptions``, ``EncodeOptions`` and ``BatchOptions``: of many photos in files."""

    format: Literal["auto"] | Format
    quality: int
    metadata: Metadata
    existing: Existing
    recursive: bool
    checksum: bool
    limit: int | None
    fail_fast: bool
    in_place: bool
    score: bool


class RefineKeywords(TypedDict, total=False):
    """``RefineOptions``."""

    steps: int | None
    time_limit: float | None
    content_weight: float | None
    style_weight: float | None
    tv_weight: float | None
    layers: Mapping[str, float] | None
    optimizer: Optimizer | None
    init: Init | str | PathLike[str] | None
    seed: int
    pooling: Pooling | None
    scales: int | Literal["auto"] | None
    style_scale: float
    vgg_weights: str | PathLike[str] | None


class RefiningKeywords(DrawKeywords, RefineKeywords, total=False):
    """What ``Stylizer.refine`` takes: how to refine, and how to draw around it."""


class LearnKeywords(TypedDict, total=False):
    """``LearnOptions``."""

    minutes: float | None
    steps: int | None
    depth: Depth
    content_weight: float | None
    style_size: int | None
    style_crop: StyleCrop
    seed: int
    vgg_weights: str | PathLike[str] | None
