"""How far a picture went to the style, and how far from the photo, as VGG19 sees it.

Functions of Keras tensors, so that training can follow their gradients. Pictures are (N, H, W, 3), RGB in [0, 1].
"""

from typing import Any

from arbitrary_nst.hardware.quiet_tensorflow import quiet
from arbitrary_nst.refinement import losses
from arbitrary_nst.refinement.losses import Kernels, Tensor
from arbitrary_nst.refinement.recipes import STYLE_LAYERS

with quiet():
    from keras import ops

CONTENT_LAYER = "block4_conv2"


def features(pictures: Tensor, vgg19: Kernels, dtype: str = "float32") -> list[Tensor]:
    """VGG19's maps of the five style layers and, last, of the content layer: (N, h, w, C) each, in f32."""
    found = losses.features(pictures, vgg19, (*STYLE_LAYERS, CONTENT_LAYER), dtype=dtype)
    return [found[name] for name in (*STYLE_LAYERS, CONTENT_LAYER)]


def style_distance(grams: list[Tensor], targets: list[Tensor]) -> Tensor:
    """S, (N,): mean over layers of sum (G - A)^2 / sum A^2, where A are the style's Gram matrices; 0 or more."""
    layers = [_sum(ops.square(g - a)) / _sum(ops.square(a)) for g, a in zip(grams, targets, strict=True)]
    return ops.mean(ops.stack(layers), axis=0)


def content_distance(maps: Tensor, photo: Tensor) -> Tensor:
    """C, (N,): mean square difference of the content layer's maps to the photo's; 0 or more, often some 100,000."""
    return ops.mean(ops.square(maps - photo), axis=(1, 2, 3))


def closed(distance: float, untouched: float) -> float:
    """How much of the way from the photo to the style a picture went: 1 - S / S(photo).

    1 is the style, 0 as far from it as the photo, below 0 farther. Where photo and style look alike to VGG19 there is
    no way to go, and 0 is returned.
    """
    return 1 - distance / untouched if untouched > 1e-9 else 0.0


def _sum(squares: Tensor) -> Any:
    return ops.sum(squares, axis=(1, 2))
