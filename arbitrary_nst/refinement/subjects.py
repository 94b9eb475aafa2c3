"""What can learn a style: the photo network of a model, by its numbers or by all of its weights."""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np

from arbitrary_nst.errors import EngineError
from arbitrary_nst.hardware.quiet_tensorflow import quiet
from arbitrary_nst.model_zoo import Model
from arbitrary_nst.model_zoo.networks import weight_name
from arbitrary_nst.model_zoo.networks.rounding import evenly_rounded
from arbitrary_nst.options import Depth, LearnOptions, differing
from arbitrary_nst.refinement.crops import Material
from arbitrary_nst.refinement.learning import Array, Learnt, Subject
from arbitrary_nst.refinement.optimizers import to_numpy
from arbitrary_nst.refinement.teaching import refuse_unteachable
from arbitrary_nst.styles import Style


def subject_of(model: Model, numbers: Array, depth: Depth = "numbers") -> Subject:
    """The model's photo network, beginning with a style's numbers (D,).

    The values are the numbers (1, D), and with depth ``weights`` the network's own after them, in the order of
    ``transfer_net``'s. Raises OptionError for a model that cannot learn, ModelError for one with other weights,
    EngineError where Keras runs on a backend that it cannot learn with.
    """
    refuse_unteachable(model.card, depth)
    start = np.array(numbers[np.newaxis], np.float32)
    return _of_magenta(model, start) if model.card.format == "savedmodel" else _of_mini(model, start, depth)


def _of_mini(model: Model, numbers: Array, depth: Depth) -> Subject:
    from arbitrary_nst.engines.openvino.convert import from_ir
    from arbitrary_nst.engines.openvino.stored_weights import take_back

    with quiet():
        import keras

        from arbitrary_nst.model_zoo.networks import mini

    transfer = mini.transfer_net()
    take_back(mini.stored_variables(mini.photo_net(transfer=transfer)), from_ir(model)[1])
    if depth == "numbers":
        return Subject([numbers], lambda values, photo: transfer([photo, values[0]]))

    def draw(values: list[Any], photo: Any) -> Any:
        return transfer.stateless_call(values[1:], [], [photo, values[0]])[0]

    named = {
        weight_name(layer.name, variable.name): variable
        for layer in transfer.layers
        for variable in layer.trainable_variables
    }
    weights = [np.array(to_numpy(keras.ops.copy(variable))) for variable in named.values()]
    constraints = [None, *(variable.constraint for variable in named.values())]
    return Subject([numbers, *weights], draw, constraints, list(named))


def _of_magenta(model: Model, numbers: Array) -> Subject:
    with quiet():
        import keras

    match keras.backend.backend():
        case "tensorflow":
            from arbitrary_nst.engines.tensorflow import halves

            transform = halves(model)[1]
        case "torch":
            transform = _in_torch(model)
        case backend:
            raise EngineError(f"magenta: cannot learn with {backend}", "{backend=torch} or tensorflow, or {model=mini}")
    return Subject([numbers], lambda values, photo: transform(photo, values[0]))


def _in_torch(model: Model) -> Callable[[Any, Any], Any]:
    """The photo half as the engine of PyTorch draws, on the device that Keras computes on."""
    from keras.src.backend.torch.core import get_device

    from arbitrary_nst.engines.openvino.reading import halves_of, photo_program
    from arbitrary_nst.engines.torch.network import Network

    return Network(photo_program(halves_of(model)[1]), get_device())


def learnt_style(style: Style, subject: Subject, learnt: Learnt, how: LearnOptions, taught_on: Material) -> Style:
    """The style by what was learnt. Its origin tells it from one that was learnt in another way, or not so long."""
    key = [style.origin, differing(how), taught_on.digest, len(learnt.history)]
    origin = hashlib.sha256(json.dumps(key).encode()).hexdigest()
    told = f"{how.depth} in {len(learnt.history) - 1} steps on {taught_on.source}, seed {how.seed}"
    weights = dict(zip(subject.names, _differences(subject, learnt), strict=True)) or None
    return replace(style, numbers=learnt.values[0][0], origin=origin, learnt=told, weights=weights)


def _differences(subject: Subject, learnt: Learnt) -> Iterator[Array]:
    """What each weight has learnt, in f16, as a file keeps it; what has to be even is so in bf16 too."""
    changes = zip(learnt.values, subject.values, subject.constraints, strict=False)
    for after, before, constraint in islice(changes, 1, None):
        difference = (after if constraint is None else evenly_rounded(after)) - before
        yield difference.astype(np.float16).astype(np.float32)
