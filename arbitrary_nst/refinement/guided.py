"""Losses where several pictures have a say: Grams mixed by their shares, and region by region.

Guided Gram matrices are those of Gatys et al. 2017 (arXiv:1611.07865, section 4.1). Tensors are as in ``losses``.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from arbitrary_nst import images
from arbitrary_nst.drawing.sought import Sought
from arbitrary_nst.hardware.quiet_tensorflow import quiet
from arbitrary_nst.images.photo import Pixels
from arbitrary_nst.refinement import losses
from arbitrary_nst.refinement.losses import Kernels, Tensor
from arbitrary_nst.refinement.optimizers import to_tensor
from arbitrary_nst.refinement.recipes import Recipe

with quiet():
    from keras import ops

LEAST_AREA = 1e-6  # of a region, as a share of the picture: one that a coarse scale does not show


def targets(photo: Pixels, regions: Sequence[Sought], vgg19: Kernels, recipe: Recipe, dtype: str) -> Any:
    """What ``losses.terms`` compares with, for several regions with ``style_term``.

    The photo and the regions' pictures are (h, w, 3) at the sizes at which they are looked at.
    """
    content, found = None, list[list[Tensor]]()
    for region in regions:
        summed: list[Tensor] = []
        for picture, share in region.pictures:
            content, statistics = losses.targets(to_tensor(photo), to_tensor(picture), vgg19, recipe, dtype)
            if len(region.pictures) > 1:
                statistics = [share * each for each in statistics]
            summed = [a + b for a, b in zip(summed, statistics, strict=True)] if summed else statistics
        found.append(summed)
    if len(regions) == 1:
        return content, found[0]
    weights = np.stack([region.weights for region in regions if region.weights is not None], axis=-1)
    return content, [
        ([statistics[number] for statistics in found], to_tensor(images.resize(weights, _size_at(layer, photo))))
        for number, layer in enumerate(recipe.style_layers)
    ]


def style_term(maps: Mapping[str, Tensor], statistics: Any, recipe: Recipe) -> Tensor:
    """The layers' style losses as ``losses.style_term`` adds them up, each that of all regions times their area.

    A region's Gram is that of F sqrt(W / mean W), W its weights (1, h, w, 1): the paper's guidance channels T, which
    have sum T^2 = 1 there and mean T^2 = 1 here, so that sizes compare. The area, as a share of the picture, is ours:
    in the paper a small region counts as much as a large one.
    """
    total = 0.0
    for (name, weight), (grams, weights) in zip(recipe.style_layers.items(), statistics, strict=True):
        for number, gram in enumerate(grams):
            here = weights[..., number : number + 1]
            area = ops.mean(here)
            there = maps[name] * ops.sqrt(here / ops.maximum(area, LEAST_AREA))
            total += weight * area * losses.style_loss(there, gram, recipe.style_loss, recipe.gram_norm)
    return total


def _size_at(layer: str, photo: Pixels) -> tuple[int, int]:
    """Height and width of a layer's maps."""
    halvings = int(layer.removeprefix("block")[0]) - 1
    return photo.shape[0] >> halvings, photo.shape[1] >> halvings
