"""VGG19's features of pictures, and the losses of neural style transfer as plain functions of Keras tensors.

Pictures are (N, H, W, 3), RGB in [0, 1]; features (N, h, w, C). F and P are features of the picture and of the photo;
G and A statistics of the picture and of the style; N channels and M = h * w places of the picture's layer. A loss is
a scalar, summed over the batch.
"""

from collections.abc import Callable, Collection, Mapping
from functools import lru_cache
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from arbitrary_nst.errors import ModelError
from arbitrary_nst.hardware.quiet_tensorflow import quiet
from arbitrary_nst.model_zoo.vgg19 import HINT, Vgg19File
from arbitrary_nst.options import Pooling
from arbitrary_nst.refinement.precision import exact_products
from arbitrary_nst.refinement.recipes import VGG_LAYERS, ContentLoss, GramNorm, Recipe, StyleLoss

with quiet():
    import keras
    from keras import ops

Tensor = Any  # of whichever backend Keras runs on
Kernels = dict[str, tuple[NDArray[np.float32], NDArray[np.float32]]]

F16_SHARE = 1 / 16  # of VGG19's maps in f16: they reach 24,000 where f16 ends at 65,504
MEANS_BGR = (103.939, 116.779, 123.68)  # of ImageNet, in 0..255, as VGG19 was trained with


@lru_cache(maxsize=1)  # recipes that follow one another share it
def read_vgg19(weights: Vgg19File) -> Kernels:
    """Kernel (3, 3, in, out) and bias (out,) of every convolution, from a file of weights in Keras's layout.

    Raises ModelError where the file has changed since it was checked, or has another layout.
    """
    kernels: Kernels = {}
    channels = 3
    try:
        with weights.read() as data, h5py.File(data, "r") as file:
            layers = file if "layer_names" in file.attrs else file["model_weights"]  # of a whole model
            for name, after in VGG_LAYERS.items():
                layer = layers[name]
                kernel, bias = (layer[each] for each in layer.attrs["weight_names"])
                kernels[name] = _numbers(kernel, (3, 3, channels, after)), _numbers(bias, (after,))
                channels = after
    except (KeyError, TypeError, ValueError, AttributeError, OSError) as exc:
        reason = " ".join(str(exc).split())[:160]
        raise ModelError(f"{weights.path}: not VGG19's weights in Keras's layout ({reason})", HINT) from exc
    return kernels


def placed(vgg19: Kernels, dtype: str) -> dict[str, tuple[Tensor, Tensor]]:
    """The kernels on Keras's device, in ``dtype`` and in the order in which its convolutions read them."""
    return {name: (_ordered(ops.cast(kernel, dtype)), ops.cast(bias, dtype)) for name, (kernel, bias) in vgg19.items()}


def _ordered(kernel: Tensor) -> Tensor:
    """(3, 3, in, out), on PyTorch with the input channels next to one another in memory."""
    return kernel.permute(3, 0, 1, 2).contiguous().permute(1, 2, 3, 0) if _layout() == "channels_first" else kernel


def _layout() -> str:
    """PyTorch's is channels first, with channels next to one another in memory all the same: Keras copies each map of
    the other layout twice there."""
    return "channels_first" if keras.backend.backend() == "torch" else "channels_last"


def _numbers(dataset: Any, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """A dataset's numbers, refused unless they are in the file itself: others were never checked."""
    if dataset.shape != shape:
        raise ValueError(f"{dataset.name} is {dataset.shape}, not {shape}")
    if dataset.external or dataset.is_virtual:
        raise ValueError(f"{dataset.name} lies in another file")
    return np.asarray(dataset[()], np.float32)


def features(
    picture: Tensor,
    vgg19: Kernels,
    layers: Collection[str],
    *,
    pooling: Pooling = "max",
    dtype: str = "float32",
) -> dict[str, Tensor]:
    """VGG19's maps (Simonyan and Zisserman 2015) of the layers named, in f32, after ReLU.

    Runs no further than the deepest of them. ``pooling`` ``average`` is Gatys 2016, section 2. ``dtype`` is what the
    convolutions compute in; in f16 picture and biases, and so all maps, are a share of themselves meanwhile.
    """
    found: dict[str, Tensor] = _whole(_features, 2, 3, 4)(picture, vgg19, tuple(sorted(layers)), pooling, dtype)
    return found


@lru_cache
def _whole(function: Callable[..., Any], *fixed: int) -> Callable[..., Any]:
    """JAX compiles it for each size in one piece on a GPU, where operation by operation would take minutes.

    Not on a CPU, where JAX 0.11.2 makes maps of bf16 that are no numbers in one piece.
    """
    if keras.backend.backend() != "jax":
        return function
    import jax

    return function if jax.devices()[0].platform == "cpu" else jax.jit(function, static_argnums=fixed)


def _features(picture: Tensor, vgg19: Kernels, layers: tuple[str, ...], pooling: Pooling, dtype: str) -> Any:
    share, layout = F16_SHARE if dtype == "float16" else None, _layout()
    x = ops.stack([255 * picture[..., 2 - n] - mean for n, mean in enumerate(MEANS_BGR)], axis=-1)
    x = ops.cast(_times(x, share), dtype)
    x = ops.transpose(x, (0, 3, 1, 2)) if layout == "channels_first" else x
    found: dict[str, Tensor] = {}
    for name in VGG_LAYERS:
        if len(found) == len(layers):
            break
        if name.endswith("conv1") and name != "block1_conv1":
            pool = ops.max_pool if pooling == "max" else ops.average_pool
            x = pool(x, 2, 2, data_format=layout)
        kernel, bias = (ops.cast(array, dtype) for array in vgg19[name])
        bias = ops.reshape(bias, (-1, 1, 1)) if layout == "channels_first" else bias
        x = ops.relu(ops.conv(x, kernel, padding="same", data_format=layout) + _times(bias, share))
        if name in layers:
            maps = ops.transpose(x, (0, 2, 3, 1)) if layout == "channels_first" else x
            found[name] = _times(ops.cast(maps, "float32"), share and 1 / share)
    return found


def _times(tensor: Tensor, factor: float | None) -> Tensor:
    return tensor if factor is None else tensor * factor


def gram(maps: Tensor, norm: GramNorm = "hw") -> Tensor:
    """Channel correlations, (N, h, w, C) -> (N, C, C): Gatys 2016 Eq. 3 (``none``).

    ``hw`` divides by h * w, so that sizes compare, as the TensorFlow tutorial does; ``chw`` by C * h * w, as
    jcjohnson's neural-style does.
    """
    return _whole(_gram, 1)(maps, norm)


def _gram(maps: Tensor, norm: GramNorm) -> Tensor:
    _, h, w, c = ops.shape(maps)
    rows = ops.reshape(maps, (-1, h * w, c))
    # divided before the product: the sum over a large picture would lose digits
    scale = {"none": 1.0, "hw": 1.0 / _f32(h * w), "chw": 1.0 / (_f32(h * w) * c)}[norm]
    with exact_products():
        return ops.matmul(ops.transpose(rows * scale, (0, 2, 1)), rows)


def content_loss(maps: Tensor, photo: Tensor, kind: ContentLoss = "half_sum") -> Tensor:
    """How far F is from P: 1/2 sum (F-P)^2, Gatys 2016 Eq. 1 (``half_sum``); mean (F-P)^2 (``mean``); its root
    (``rms``); or sum (F-P)^2 / sum P^2 (``relative``), which is free of the layer's scale."""
    squares = ops.square(maps - photo)
    match kind:
        case "half_sum":
            return 0.5 * ops.sum(squares)
        case "mean":
            return ops.mean(squares)
        case "rms":
            return ops.sqrt(ops.mean(squares) + 1e-12)  # at the photo itself the root has no gradient
        case "relative":
            return ops.sum(squares) / ops.sum(ops.square(photo))


def style_target(maps: Tensor, norm: GramNorm) -> Tensor:
    """What ``style_loss`` compares with: the Gram matrices of the style's maps.

    An unnormalised Gram grows with the picture: it is kept divided by h * w, and ``style_loss`` multiplies it by the
    other picture's, so that A is scaled by M / M_style.
    """
    return gram(maps, "hw" if norm == "none" else norm)


def style_loss(maps: Tensor, target: Tensor, kind: StyleLoss, norm: GramNorm) -> Tensor:
    """How far one layer's statistics are from the style's (Gatys 2016 Eq. 4 and its kin).

    ``gatys``: sum (G-A)^2 / (4 N^2 M^2); ``sum``: sum (G-A)^2; ``mean``: mean (G-A)^2; ``relative``: sum (G-A)^2 /
    sum A^2, which weighs layers alike. G is ``gram`` with ``norm``.
    """
    _, h, w, c = ops.shape(maps)
    places = _f32(h * w)
    a = target * places if norm == "none" else target
    squares = ops.square(gram(maps, norm) - a)
    match kind:
        case "gatys":
            return ops.sum(squares / (4.0 * c**2 * places**2))
        case "sum":
            return ops.sum(squares)
        case "mean":
            return ops.mean(squares)
        case "relative":
            return ops.sum(squares) / ops.sum(ops.square(a))


def total_variation(picture: Tensor, power: int = 1) -> Tensor:
    """Sum of |differences| to the right and downwards, as ``tf.image.total_variation``; of their squares with 2."""
    across, down = picture[:, :, 1:] - picture[:, :, :-1], picture[:, 1:] - picture[:, :-1]
    size = ops.abs if power == 1 else ops.square
    return ops.sum(size(across)) + ops.sum(size(down))


def targets(photo: Tensor, style: Tensor, vgg19: Kernels, recipe: Recipe, dtype: str = "float32") -> Any:
    """What ``terms`` compares with: the photo's content maps, and the style's statistics layer by layer."""
    options: dict[str, Any] = {"pooling": recipe.pooling, "dtype": dtype}
    content = features(photo, vgg19, [recipe.content_layer], **options)[recipe.content_layer]
    maps = features(style, vgg19, recipe.style_layers, **options)
    return content, [style_target(maps[name], recipe.gram_norm) for name in recipe.style_layers]


def style_term(maps: Mapping[str, Tensor], statistics: Any, recipe: Recipe) -> Tensor:
    """The layers' style losses times their weights, added up, by the statistics of ``targets``."""
    return sum(
        weight * style_loss(maps[name], statistic, recipe.style_loss, recipe.gram_norm)
        for (name, weight), statistic in zip(recipe.style_layers.items(), statistics, strict=True)
    )


def terms(
    picture: Tensor,
    target: Any,
    vgg19: Kernels,
    recipe: Recipe,
    dtype: str = "float32",
    style_term: Callable[[Mapping[str, Tensor], Any, Recipe], Tensor] = style_term,
) -> Tensor:
    """Content, style and total variation of one picture (1, H, W, 3), weighted as they enter the total: (3,).

    ``style_term`` makes the style's of the layers' maps and the target's statistics.
    """
    photo, statistics = target
    layers = {*recipe.style_layers, recipe.content_layer}
    maps = features(picture, vgg19, layers, pooling=recipe.pooling, dtype=dtype)
    style = style_term(maps, statistics, recipe)
    content = content_loss(maps[recipe.content_layer], photo, recipe.content_loss)
    variation = total_variation(picture, recipe.tv_power) if recipe.tv_weight else ops.zeros(())
    return ops.stack([recipe.content_weight * content, recipe.style_weight * style, recipe.tv_weight * variation])


def _f32(number: Any) -> Any:
    """A size as a float: TensorFlow's, open while it traces, is a tensor."""
    return float(number) if isinstance(number, int) else ops.cast(number, "float32")
