"""VGG19's view of pictures: the very measures of ``scores.closeness``, which train `mini` and score every model."""

from pathlib import Path

from keras import ops

from arbitrary_nst import model_zoo
from arbitrary_nst.refinement import losses
from arbitrary_nst.refinement.losses import gram
from arbitrary_nst.refinement.recipes import STYLE_LAYERS
from arbitrary_nst.scores import closeness
from arbitrary_nst.scores.closeness import CONTENT_LAYER, closed, content_distance, style_distance

__all__ = ["CONTENT_LAYER", "STYLE_LAYERS", "closed", "content_distance", "features_model", "gram", "style_distance"]


def features_model(weights, dtype="float32"):
    """Pictures (N, H, W, 3), RGB in [0, 1] -> the five style layers' features and the content layer's, in f32."""
    kernels = losses.read_vgg19(model_zoo.resolve_vgg19(Path(weights)))
    vgg19 = {name: tuple(ops.cast(array, dtype) for array in arrays) for name, arrays in kernels.items()}

    def features(pictures):
        return closeness.features(ops.cast(pictures, "float32"), vgg19, dtype)

    return features
