"""Recipes: what to optimise a picture for and how. Data; ``losses`` and ``refinement`` give it its meaning."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, get_args

from arbitrary_nst import options
from arbitrary_nst.errors import OptionError
from arbitrary_nst.options import Init, Optimizer, Pooling, RefineOptions

ContentLoss = Literal["half_sum", "mean", "rms", "relative"]
StyleLoss = Literal["gatys", "sum", "mean", "relative"]
GramNorm = Literal["none", "hw", "chw"]
CHOICES = {
    "content_loss": ContentLoss, "style_loss": StyleLoss, "gram_norm": GramNorm, "pooling": Pooling,
    "optimizer": Optimizer, "init": Init,
}  # fmt: skip
GOES_ON = {"init": "stylized", "scales": 1}  # of a picture that was refined before: a coarse scale would undo it
MOST_SCALES = 50  # more than any picture has: each is 1.41 times the last

_CHANNELS = (64, 128, 256, 512, 512)
_CONVOLUTIONS = (2, 2, 4, 4, 4)
# Every convolution of VGG19 in order, as Keras spells it, and its channels.
VGG_LAYERS = {
    f"block{block}_conv{number}": channels
    for block, (channels, count) in enumerate(zip(_CHANNELS, _CONVOLUTIONS, strict=True), 1)
    for number in range(1, count + 1)
}

# What is looked at for style, as in Gatys 2016.
STYLE_LAYERS = tuple(name for name in VGG_LAYERS if name.endswith("conv1"))


@dataclass(frozen=True)
class Recipe:
    """One set-up of neural style transfer.

    The total is content_weight * content + style_weight * sum over ``style_layers`` of their weight * style loss
    + tv_weight * total variation. ``content_loss``, ``style_loss``, ``gram_norm`` and ``tv_power`` name functions of
    ``losses`` and their variants. ``scales``: how many sizes, each sqrt(2) times the one before, the last the
    picture's own; ``auto`` begins at 192 px or less. ``steps`` are evaluations of loss and gradient, over all scales
    together. ``clip``: pixels stay in [0, 1] while they are optimised; they are brought there at the end in any case.
    ``learning_rate``, ``beta_1`` and ``epsilon`` are Adam's; ``decay``: the rate falls to nothing by half a cosine
    over each scale.
    """

    name: str = field(metadata={"prose": True})
    source: str = field(metadata={"prose": True})
    content_layer: str
    content_loss: ContentLoss
    content_weight: float
    style_loss: StyleLoss
    style_weight: float
    style_layers: Mapping[str, float] = field(default_factory=lambda: dict.fromkeys(STYLE_LAYERS, 0.2))
    gram_norm: GramNorm = "none"
    tv_weight: float = 0.0
    tv_power: Literal[1, 2] = 1
    optimizer: Optimizer = "lbfgs"
    learning_rate: float = 0.02
    beta_1: float = 0.9
    epsilon: float = 1e-8
    decay: bool = False
    clip: bool = False
    pooling: Pooling = "max"
    margin: int = 0  # px that are reflected around the picture while it is refined: VGG19's zeros shape them instead
    init: Init = "photo"
    steps: int = 500
    scales: int | Literal["auto"] = 1

    def with_changes(self, **changes: Any) -> "Recipe":
        """The recipe with some fields replaced. Raises OptionError for a field or a layer that does not exist."""
        unknown = sorted(
            changes.keys() - {name for name in self.__dataclass_fields__ if name not in ("name", "source")}
        )
        if unknown:
            raise OptionError(f"recipe: no setting {unknown[0]!r}", f"{', '.join(sorted(self.__dataclass_fields__))}")
        changed = replace(self, **changes)
        for layer in (*changed.style_layers, changed.content_layer):
            if layer not in VGG_LAYERS:
                raise OptionError(f"layer {layer!r}: VGG19 has none of that name", f"{', '.join(VGG_LAYERS)}")
        for what, kind in CHOICES.items():
            options.one_of(what, getattr(changed, what), get_args(kind))
        layers = tuple(changed.style_layers.values())
        weights = (changed.content_weight, changed.style_weight, changed.tv_weight)
        for weight in (*weights, *layers):
            options.within("weight", weight, 0)
        if not any((changed.content_weight, changed.style_weight * max(layers, default=0), changed.tv_weight)):
            raise OptionError("recipe: not all weights can be 0", "the recipe's own")
        options.within("steps", changed.steps, 1)
        if changed.scales != "auto":
            options.within("scales", changed.scales, 1, MOST_SCALES)
        return changed


RECIPES: dict[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            "arbstyle",
            "ours: coarse to fine from the feed-forward picture, each layer's loss relative to its target",
            content_layer="block4_conv2", content_loss="relative", content_weight=0.1,
            style_loss="relative", style_weight=1.0, gram_norm="hw",
            tv_weight=0.0, tv_power=2,
            optimizer="adam", learning_rate=0.03, decay=True, clip=True,
            init="stylized", steps=150, scales="auto", margin=8,
        ),
        Recipe(
            "gatys",
            "Gatys, Ecker, Bethge: Image Style Transfer Using Convolutional Neural Networks, CVPR 2016",
            content_layer="block4_conv2", content_loss="half_sum", content_weight=1.0,
            style_loss="gatys", style_weight=1e3, pooling="average",
        ),
        Recipe(
            "tf-tutorial",
            "TensorFlow core tutorial: Neural style transfer",
            content_layer="block5_conv2", content_loss="mean", content_weight=1e4,
            style_loss="mean", style_weight=1e-2, gram_norm="hw", tv_weight=30.0,
            optimizer="adam", learning_rate=0.02, beta_1=0.99, epsilon=0.1, clip=True, steps=1000,
        ),
        Recipe(
            "nazianafis",
            "nazianafis/Neural-Style-Transfer: L-BFGS with total variation",
            content_layer="block4_conv2", content_loss="mean", content_weight=1e5,
            style_loss="sum", style_weight=3e4, gram_norm="chw",
            tv_weight=255.0,  # 1 per level of 0..255
            steps=1000,
        ),
        Recipe(
            "boston",
            "BostonImageStyleTransfer: the losses of Gatys 2016 by Adam",
            content_layer="block4_conv2", content_loss="half_sum", content_weight=1.0,
            style_loss="gatys", style_weight=1e3, optimizer="adam",
        ),
        Recipe(
            "tirtha",
            "Tirtha: content as root mean square at the top-most layer",
            content_layer="block5_conv4", content_loss="rms", content_weight=1e7,
            style_loss="gatys", style_weight=1.0, optimizer="adam",
        ),
    )
}  # fmt: skip


def get(name: str) -> Recipe:
    """The recipe of that name. Raises OptionError."""
    options.one_of("recipe", name, RECIPES)
    return RECIPES[name]


def chosen(asked: RefineOptions, base: Recipe | None = None) -> Recipe:
    """The recipe that options ask for, with what they change of it or of ``base``. Raises OptionError."""
    recipe = base or get(asked.recipe)
    same = {option.name for option in options.declared(RefineOptions)} & set(Recipe.__dataclass_fields__)
    changes = {name: value for name in sorted(same) if (value := getattr(asked, name)) is not None}
    if isinstance(asked.init, Path):
        changes = GOES_ON | changes | {"init": "stylized"}
    if asked.layers:
        layers = {**recipe.style_layers, **asked.layers}
        changes["style_layers"] = {name: weight for name, weight in layers.items() if weight != 0}
    return recipe.with_changes(**changes)
