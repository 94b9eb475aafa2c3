"""The groups of options as typed keywords, for editors; made by scripts/write_keywords.py."""

from collections.abc import Mapping
from os import PathLike
from typing import Any, Literal, TypedDict


class DrawKeywords(TypedDict, total=False):
    """``DrawOptions``."""

    strength: float
    """0: the photo itself; 1: the style as it is; more goes beyond. Default: 1.0."""

    colors: Literal["style", "photo", "match"]
    """photo: keep its colours, take the style's light and dark. match: bring the style to them first. Default:
    'style'.
    """

    strokes: Literal["auto", "fine"] | int
    """auto: alike in photos of any size; fine: 20 px; PX: as if the photo's longest side were that. Default:
    'auto'.
    """

    max_size: int | None
    """Reduce the photo so that its longest side is at most this. Default: None."""

    style_size: int | None
    """Side at which the style is read. Default: the model's own."""

    style_crop: Literal["auto", "centre", "none"]
    """auto: its middle square without a plain border; centre: with it; none: squeezed whole. Default: 'auto'."""

    keep_plain: float
    """Share of a plain background that stays as in the photo: white, paper. Default: 0.0."""

    mask: str | PathLike[str] | None
    """Stylize where this picture of the photo's shape is white. Default: None."""

    feather: float
    """Blur the edges of masks so far. Default: 0.0."""

    regions: Mapping[Any, Any] | None
    """Another style where a mask is white, like sky.png=a.jpg; repeated, the last lies on top. Default: None."""


class ManyKeywords(DrawKeywords, total=False):
    """``DrawOptions``, ``EncodeOptions`` and ``BatchOptions``: of many photos in files."""

    format: Literal["auto"] | Literal["jpg", "png", "webp", "avif", "tiff", "jxl"]
    """auto: by the output's suffix, else the photo's own. Default: 'auto'."""

    quality: int
    """Of jpg, webp, avif and jxl. Default: 95."""

    metadata: Literal["keep", "strip", "private"]
    """EXIF, XMP, IPTC, text. private: without position and serial numbers. Default: 'keep'."""

    existing: Literal["fail", "skip", "overwrite", "rename"]
    """If the output is there already. Default: 'fail'."""

    recursive: bool
    """Folders with what is below them. Default: True."""

    checksum: bool
    """--existing skip: know photos by SHA-256, not size and time. Default: False."""

    limit: int | None
    """Do so many photos; those skipped do not count. Default: None."""

    fail_fast: bool
    """Stop at the first photo that fails. Default: False."""

    in_place: bool
    """Replace the photo itself, once its picture is whole. Keep a copy. Default: False."""

    score: bool
    """Score each picture as arbstyle score does; --json has it all. Default: False."""


class RefineKeywords(TypedDict, total=False):
    """``RefineOptions``, but for the recipe."""

    steps: int | None
    """Evaluations of the loss and its gradient. Default: None."""

    time_limit: float | None
    """Of refinement, per picture. Default: None."""

    content_weight: float | None
    """Weight of the photo's content. Default: None."""

    style_weight: float | None
    """Weight of the style. Default: None."""

    tv_weight: float | None
    """Weight of total variation; more is smoother. Default: None."""

    layers: Mapping[str, float] | None
    """Weight of a style layer, like block4_conv1=0.3; 0 leaves it out. Default: None."""

    optimizer: Literal["adam", "lbfgs"] | None
    """What goes downhill. Default: None."""

    init: Literal["stylized", "photo", "noise", "style"] | str | PathLike[str] | None
    """Picture to begin with; a FILE, such as one that was stopped, goes on. Default: None."""

    seed: int
    """Of --init noise. Default: 0."""

    pooling: Literal["max", "average"] | None
    """Of VGG19. Default: None."""

    scales: int | Literal["auto"] | None
    """Sizes from coarse to fine, each 1.41 times the last. Default: None."""

    style_scale: float
    """The style's longest side, as a share of the picture's. Default: 1.0."""

    vgg_weights: str | PathLike[str] | None
    """VGG19's weights, .h5 without top. Default: None."""


class RefiningKeywords(DrawKeywords, RefineKeywords, total=False):
    """What ``Stylizer.refine`` takes: how to refine, and how to draw around it."""


class LearnKeywords(TypedDict, total=False):
    """``LearnOptions``."""

    minutes: float | None
    """About so many on two cores with bf16; twice that on AVX2, seconds on a GPU. Default: 3; for weights 10."""

    steps: int | None
    """Exactly so many, whatever the minutes. Default: as the minutes say."""

    depth: Literal["numbers", "weights"]
    """What is learnt: numbers, 4 KB, or weights, a photo network of its own, for mini alone. Default: 'numbers'."""

    content_weight: float | None
    """Weight of the photos' content; more keeps more. Default: 0.07, for weights 0.15."""

    style_size: int | None
    """Side at which the style is read. Default: the model's own."""

    style_crop: Literal["auto", "centre", "none"]
    """auto: its middle square without a plain border; centre: with it; none: squeezed whole. Default: 'auto'."""

    seed: int
    """Of the crops and their order. Default: 0."""

    vgg_weights: str | PathLike[str] | None
    """VGG19's weights, .h5 without top. Default: None."""
