"""Engines that draw with a style's own weights, found again for photo after photo."""

from arbitrary_nst.engines import Engine, TakesWeights, Weights
from arbitrary_nst.errors import EngineError

MOST = 4  # that are remembered


class OwnWeights:
    """The last engines asked for. An engine knows the same weights again, but to compare them takes milliseconds."""

    def __init__(self) -> None:
        self._known: list[tuple[Engine, Weights, float, Engine]] = []

    def engine(self, engine: Engine, weights: Weights, strength: float) -> Engine:
        """``engine`` with the weights as far from the model's own as the numbers are from the photo's."""
        for of, known, at, drawing in self._known:
            if of is engine and known is weights and at == strength:
                return drawing
        if not isinstance(engine, TakesWeights):
            raise EngineError(f"{engine.name}: draws with the model's own weights only", "{engine=openvino}")
        drawing = engine.with_weights({name: strength * array for name, array in weights.items()})
        self._known = [(engine, weights, strength, drawing), *self._known[: MOST - 1]]
        return drawing
