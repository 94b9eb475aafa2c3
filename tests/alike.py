"""What Keras's backends are to agree on, as arrays: ``KERAS_BACKEND=jax python alike.py OUT.npz``."""

import sys
from pathlib import Path
from unittest import mock

import numpy as np
import numpy_nst


def refined():
    """Value and gradient of two recipes, and a picture after a few steps of the default one."""
    from keras import ops
    from test_refinement import PHOTO, START, STYLE, refiner

    from arbitrary_nst.refinement import losses
    from arbitrary_nst.refinement.gradients import value_and_gradient
    from arbitrary_nst.refinement.recipes import get

    found, vgg = {}, numpy_nst.thin_vgg19()
    photo, style, start = (ops.convert_to_tensor(x[None]) for x in (PHOTO, STYLE, START))
    for name in ("gatys", "tf-tutorial"):
        recipe = get(name)
        target = losses.targets(photo, style, vgg, recipe)
        function = value_and_gradient(lambda p, t, recipe=recipe: losses.terms(p, t, vgg, recipe), target)
        values, gradient = function(start, target)
        found[name], found[name + "_gradient"] = (ops.convert_to_numpy(x) for x in (values, gradient))
    found["picture"] = refiner(steps=4, scales=2).refine(PHOTO, STYLE, START).pixels
    return found


def learnt():
    """The losses of a few steps of learning mini's numbers, and its weights, so slowly that rounding stays small."""
    from arbitrary_nst import Stylizer
    from arbitrary_nst.options import LearnOptions
    from arbitrary_nst.refinement import learning
    from arbitrary_nst.refinement.learning import Learner
    from arbitrary_nst.refinement.subjects import subject_of

    rng, found = np.random.default_rng(0), {}
    stylizer, learner = Stylizer("mini", precision="f32"), Learner(numpy_nst.thin_vgg19(), precision="f32")
    style, crops = rng.random((64, 64, 3), np.float32), [rng.random((96, 96, 3), np.float32) for _ in range(2)]
    for depth in ("numbers", "weights"):
        subject = subject_of(stylizer.model, stylizer.style(style).numbers, depth)
        with mock.patch.dict(learning.RATES, {name: rate / 10 for name, rate in learning.RATES.items()}):
            learnt = learner.learn(subject, style, crops, LearnOptions(steps=4, depth=depth))
        found[depth] = np.array([(step.style, step.content, step.tv) for step in learnt.history])
    return found


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    sys.modules["tensorflow"] = None  # neither needs it
    np.savez(sys.argv[1], **refined(), **learnt())
