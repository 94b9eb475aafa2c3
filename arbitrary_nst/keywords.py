"""The groups of options as Python's keywords; what each is, and is by default, stands in its group."""

from collections.abc import Mapping
from os import PathLike
from typing import Any, Literal, TypedDict

from arbitrary_nst.options import (
    Colors,
    Depth,
    Existing,
    Format,
    Init,
    Metadata,
    Optimizer,
    Pooling,
    StyleCrop,
)


class DrawKeywords(TypedDict, total=False):
    """``DrawOptions``."""

    max_size: int | None
    strokes: int | Literal["auto", "fine"]
    style_size: int | None
    style_crop: StyleCrop
    keep_plain: float
    strength: float
    colors: Colors
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
