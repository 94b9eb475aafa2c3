"""Every option of a picture once: name, help, range, unit and default, in frozen groups that check themselves.

Python's keywords, the command line's flags and what a manifest remembers are all made from these declarations, so a
new option is one line here and one use. A value that makes no sense raises the same OptionError wherever it came from.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from arbitrary_nst.declaration import (
    Opt,
    Option,
    Options,
    declared,
    differing,
    keywords,
    one_of,
    shown,
    taken_from,
    within,
)

__all__ = [
    "MAX_PIXELS",
    "Backend",
    "BatchOptions",
    "Colors",
    "Cropping",
    "Depth",
    "DrawOptions",
    "EncodeOptions",
    "EngineName",
    "Existing",
    "Format",
    "Init",
    "LearnOptions",
    "Metadata",
    "ModelFolder",
    "ModelOptions",
    "Offline",
    "OnExisting",
    "Opt",
    "Optimizer",
    "Option",
    "Options",
    "Pooling",
    "Precision",
    "RefineOptions",
    "StyleCrop",
    "StyleSize",
    "TrustModel",
    "VggWeights",
    "declared",
    "differing",
    "keywords",
    "one_of",
    "shown",
    "taken_from",
    "within",
]

EngineName = Literal["auto", "openvino", "tensorflow", "torch"]
Backend = Literal["auto", "tensorflow", "torch", "jax"]
Precision = Literal["auto", "f32", "bf16"]
StyleCrop = Literal["auto", "centre", "none"]
Colors = Literal["style", "photo", "match"]
Format = Literal["jpg", "png", "webp", "avif", "tiff", "jxl"]
Metadata = Literal["keep", "strip", "private"]
Existing = Literal["fail", "skip", "overwrite", "rename"]
Optimizer = Literal["adam", "lbfgs"]
Init = Literal["stylized", "photo", "noise", "style"]
Pooling = Literal["max", "average"]
Depth = Literal["numbers", "weights"]

MAX_PIXELS = 200_000_000


# Options of several groups.
OnExisting = Annotated[Existing, Opt("If the output is there already.")]
StyleSize = Annotated[
    int | None, Opt("Side at which the style is read.", least=32, most=2048, unit="PX", unset="the model's own")
]
Cropping = Annotated[
    StyleCrop, Opt("auto: its middle square without a plain border; centre: with it; none: squeezed whole.")
]
ModelFolder = Annotated[
    Path | None,
    Opt("Folder with one sub-folder per model, searched first.", unit="FOLDER", env="ARBSTYLE_MODEL_DIR"),
]
Offline = Annotated[
    bool | None, Opt("Never touch the network; ARBSTYLE_OFFLINE=1 says so too.", env="ARBSTYLE_OFFLINE")
]
TrustModel = Annotated[bool, Opt("Load other weights than the published ones, of the same layout.")]
VggWeights = Annotated[Path | None, Opt("VGG19's weights, .h5 without top.", unit="FILE")]


@dataclass(frozen=True, kw_only=True)
class ModelOptions(Options):
    """Which model runs, how, and within which limits. A picture depends on it by model and precision only."""

    model: Annotated[
        str,
        Opt(
            "auto, magenta, lite, mini, or a model folder. auto: the one that learnt the style; else magenta if here "
            "or fetchable, else what is.",
            unit="NAME|FOLDER",
            short="-m",
        ),
    ] = "auto"
    engine: Annotated[EngineName, Opt("What runs the model.")] = "auto"
    device: Annotated[
        str, Opt("gpu is Intel's, mps Apple's. auto: a GPU that an engine sees.", unit="auto|cpu|cuda[:N]|mps|gpu")
    ] = "auto"
    backend: Annotated[Backend, Opt("What Keras refines and learns with. auto: KERAS_BACKEND, or what sees a GPU.")] = (
        "auto"
    )
    precision: Annotated[Precision, Opt("auto: bf16 where the CPU is faster in it.")] = "auto"
    model_dir: ModelFolder = None
    offline: Offline = None
    trust_model: TrustModel = False
    max_pixels: Annotated[int, Opt("Refuse larger pictures before decoding them.", least=1, unit="N")] = MAX_PIXELS
    accept_truncated: Annotated[bool, Opt("Read a JPEG or PNG with pixels missing too, with a note.")] = False
    max_memory: Annotated[
        int | None,
        Opt("Like 4G; a photo that takes more is drawn in strips.", least=1, unit="SIZE", unset="half of what is free"),
    ] = None
    threads: Annotated[
        int | None,
        Opt("Compute with so many threads; ARBSTYLE_THREADS says so too.", least=1, most=1024, unit="N",
            unset="what affinity and quota leave"),
    ] = None  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class DrawOptions(Options):
    """All that changes a picture's pixels, given its photo, its style picture and the model."""

    strength: Annotated[
        float, Opt("0: the photo itself; 1: the style as it is; more goes beyond.", least=0, most=2, unit="X")
    ] = 1.0
    colors: Annotated[
        Colors, Opt("photo: keep its colours, take the style's light and dark. match: bring the style to them first.")
    ] = "style"
    strokes: Annotated[
        Literal["auto", "fine"] | int,
        Opt("auto: alike in photos of any size; fine: 20 px; PX: as if the photo's longest side were that.",
            least=16, unit="auto|fine|PX"),
    ] = "auto"  # fmt: skip
    max_size: Annotated[
        int | None, Opt("Reduce the photo so that its longest side is at most this.", least=1, unit="PX")
    ] = None
    style_size: StyleSize = None
    style_crop: Cropping = "auto"
    keep_plain: Annotated[
        float, Opt("Share of a plain background that stays as in the photo: white, paper.", least=0, most=1, unit="X")
    ] = 0.0
    mask: Annotated[
        Path | None, Opt("Stylize where this picture of the photo's shape is white.", unit="FILE")
    ] = None  # fmt: skip
    feather: Annotated[float, Opt("Blur the edges of masks so far.", least=0, most=10_000, unit="PX")] = 0.0
    regions: Annotated[
        Mapping[Path, Path] | None,
        Opt("Another style where a mask is white, like sky.png=a.jpg; repeated, the last lies on top.",
            unit="MASK=PICTURE", flag="--region"),
    ] = None  # fmt: skip

    @property
    def reads_styles_as_usual(self) -> bool:
        """Whether a style picture is read as built-in styles were when they were learnt."""
        return (self.style_size, self.style_crop) == (DrawOptions.style_size, DrawOptions.style_crop)


@dataclass(frozen=True, kw_only=True)
class EncodeOptions(Options):
    """All that changes a picture's file, given its pixels."""

    format: Annotated[
        Literal["auto"] | Format, Opt("auto: by the output's suffix, else the photo's own.", short="-f")
    ] = "auto"
    quality: Annotated[int, Opt("Of jpg, webp, avif and jxl.", least=1, most=100, unit="N", short="-q")] = 95
    metadata: Annotated[Metadata, Opt("EXIF, XMP, IPTC, text. private: without position and serial numbers.")] = "keep"


@dataclass(frozen=True, kw_only=True)
class BatchOptions(Options):
    """Which photos of many are done, and what becomes of what is there already; no picture depends on it."""

    existing: OnExisting = "fail"
    recursive: Annotated[bool, Opt("Folders with what is below them.", flag="--recursive/--no-recursive")] = True
    checksum: Annotated[bool, Opt("--existing skip: know photos by SHA-256, not size and time.")] = False
    limit: Annotated[int | None, Opt("Do so many photos; those skipped do not count.", least=1, unit="N")] = None
    fail_fast: Annotated[bool, Opt("Stop at the first photo that fails.")] = False
    in_place: Annotated[bool, Opt("Replace the photo itself, once its picture is whole. Keep a copy.")] = False
    score: Annotated[bool, Opt("Score each picture as arbstyle score does; --json has it all.")] = False


@dataclass(frozen=True, kw_only=True)
class RefineOptions(Options):
    """What a refinement optimises for and how. None is as the recipe has it."""

    recipe: Annotated[str, Opt("What to optimise for; see `arbstyle recipes`.", unit="NAME")] = "arbstyle"
    steps: Annotated[int | None, Opt("Evaluations of the loss and its gradient.", least=1, unit="N")] = None
    time_limit: Annotated[float | None, Opt("Of refinement, per picture.", least=0.001, unit="SECONDS")] = None
    content_weight: Annotated[float | None, Opt("Weight of the photo's content.", least=0, unit="X")] = None
    style_weight: Annotated[float | None, Opt("Weight of the style.", least=0, unit="X")] = None
    tv_weight: Annotated[
        float | None, Opt("Weight of total variation; more is smoother.", least=0, unit="X")
    ] = None  # fmt: skip
    layers: Annotated[
        Mapping[str, float] | None,
        Opt("Weight of a style layer, like block4_conv1=0.3; 0 leaves it out.", least=0, unit="NAME=X", flag="--layer"),
    ] = None
    optimizer: Annotated[Optimizer | None, Opt("What goes downhill.")] = None
    init: Annotated[
        Init | Path | None,
        Opt("Picture to begin with; a FILE, such as one that was stopped, goes on.",
            unit="stylized|photo|noise|style|FILE"),
    ] = None  # fmt: skip
    seed: Annotated[int, Opt("Of --init noise.", least=0, unit="N")] = 0
    pooling: Annotated[Pooling | None, Opt("Of VGG19.")] = None
    scales: Annotated[
        int | Literal["auto"] | None,
        Opt("Sizes from coarse to fine, each 1.41 times the last.", least=1, most=50, unit="auto|N"),
    ] = None
    style_scale: Annotated[
        float, Opt("The style's longest side, as a share of the picture's.", least=0.1, most=10, unit="X")
    ] = 1.0
    vgg_weights: VggWeights = None


@dataclass(frozen=True, kw_only=True)
class LearnOptions(Options):
    """How a style is learnt from its picture."""

    minutes: Annotated[
        float | None,
        Opt("About so many on two cores with bf16; twice that on AVX2, seconds on a GPU.", least=0.01, most=1440,
            unit="MINUTES", unset="3; for weights 10"),
    ] = None  # fmt: skip
    steps: Annotated[
        int | None, Opt("Exactly so many, whatever the minutes.", least=1, unit="N", unset="as the minutes say")
    ] = None
    depth: Annotated[
        Depth, Opt("What is learnt: numbers, 4 KB, or weights, a photo network of its own, for mini alone.")
    ] = "numbers"
    content_weight: Annotated[
        float | None,
        Opt("Weight of the photos' content; more keeps more.", least=0, unit="X", unset="0.07, for weights 0.15"),
    ] = None
    style_size: StyleSize = None
    style_crop: Cropping = "auto"
    seed: Annotated[int, Opt("Of the crops and their order.", least=0, unit="N")] = 0
    vgg_weights: VggWeights = None
