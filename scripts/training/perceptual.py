"""VGG19's view of pictures: the content and style distances that train `mini` and that score every model."""

from pathlib import Path

from keras import ops

from arbitrary_nst import model_zoo
from arbitrary_nst.refinement import losses

STYLE_LAYERS = tuple(f"block{block}_conv1" for block in range(1, 6))
CONTENT_LAYER = "block4_conv2"


def features_model(weights, dtype="float32"):
    """Pictures (N, H, W, 3), RGB in [0, 1] -> the five style layers' features and the content layer's, in f32."""
    kernels = losses.read_vgg19(model_zoo.resolve_vgg19(Path(weights)))
    vgg19 = {name: tuple(ops.cast(array, dtype) for array in arrays) for name, arrays in kernels.items()}
    layers = (*STYLE_LAYERS, CONTENT_LAYER)

    def features(pictures):
        found = losses.features(ops.cast(pictures, "float32"), vgg19, layers, dtype=dtype)
        return [found[name] for name in layers]

    return features


def gram(features):
    """(N, H, W, C) -> (N, C, C), divided by H*W."""
    return losses.gram(features, "hw")


def style_distance(grams, targets):
    """S, (N,): mean over layers of sum (G - A)^2 / sum A^2."""
    layers = [
        ops.sum(ops.square(g - a), axis=(1, 2)) / ops.sum(ops.square(a), axis=(1, 2))
        for g, a in zip(grams, targets, strict=True)
    ]
    return ops.mean(ops.stack(layers), axis=0)


def content_distance(features, target):
    """C, (N,): mean square difference of the content layer's features."""
    return ops.mean(ops.square(features - target), axis=(1, 2, 3))
