"""VGG19's view of pictures: the content and style distances that train `mini` and that score every model."""

import keras
from keras import ops

STYLE_LAYERS = tuple(f"block{block}_conv1" for block in range(1, 6))
CONTENT_LAYER = "block4_conv2"
MEANS_BGR = (103.939, 116.779, 123.68)


def features_model(weights, dtype="float32"):
    """Pictures (N, H, W, 3), RGB in [0, 1] -> the five style layers' features and the content layer's, in f32."""
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy(dtype)
    vgg = keras.applications.VGG19(include_top=False, weights=str(weights))
    vgg = keras.Model(vgg.input, [vgg.get_layer(name).output for name in (*STYLE_LAYERS, CONTENT_LAYER)])
    vgg.trainable = False
    keras.config.set_dtype_policy(policy)

    def features(pictures):
        pictures = ops.cast(pictures, "float32")[..., ::-1] * 255 - ops.array(MEANS_BGR, "float32")
        return [ops.cast(x, "float32") for x in vgg(pictures, training=False)]

    return features


def gram(features):
    """(N, H, W, C) -> (N, C, C), divided by H*W, where Gatys 2016 Eq. 5 has 1/(4 N^2 M^2) in the loss."""
    _, h, w, c = ops.shape(features)
    x = ops.reshape(features, (-1, h * w, c))
    return ops.matmul(ops.transpose(x, (0, 2, 1)), x) / ops.cast(h * w, "float32")


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
