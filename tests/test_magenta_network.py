"""Our own definition of `magenta`'s network against the published program, layer counts aside."""

import numpy as np

from arbitrary_nst import model_zoo
from arbitrary_nst.model_zoo import weights
from arbitrary_nst.model_zoo.networks import magenta


class Watched(dict):
    """Weights that remember which were asked for."""

    def __init__(self, values):
        super().__init__(values)
        self.used = set()

    def __getitem__(self, name):
        self.used.add(name)
        return super().__getitem__(name)


def test_every_published_variable_is_used_and_no_other(standin):
    values = Watched(weights.load_weights(model_zoo.resolve(str(standin), trust=True)))
    bottleneck = magenta.predict_style(values, np.zeros((1, 96, 96, 3), np.float32))
    numbers = magenta.read_numbers(values, bottleneck)
    picture = magenta.transform(values, np.zeros((1, 18, 21, 3), np.float32), numbers)
    assert bottleneck.shape == (1, 1, 1, 768) and numbers.shape == (1, 10438) and picture.shape == (1, 20, 24, 3)
    assert values.used == values.keys()
