"""Engines that draw with a style's own weights, found again for photo after photo."""

from arbitrary_nst.engines import Engine, TakesWeights
from arbitrary_nst.errors import EngineError
from arbitrary_nst.hardware.loading import lock
from arbitrary_nst.styles import Style

KEPT = 4  # engines, of whose photo halves each takes some megabytes


class OwnWeights:
    """The last ``KEPT`` that one engine was asked for. Safe for threads."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, float], Engine] = {}  # by the weights, the last used at the end

    def engine(self, engine: Engine, style: Style, strength: float) -> Engine:
        """``engine`` with the style's weights as far from the model's own as the numbers are from the photo's.

        Raises OptionError for weights of another network, EngineError for an engine that takes none.
        """
        key = style.weights_digest, strength
        if (drawing := self._known.get(key)) is None:
            with lock():
                drawing = self._known.get(key) or _made(engine, style, strength)
                self._use(key, drawing)
        else:
            self._use(key, drawing)
        return drawing

    def _use(self, key: tuple[str, float], drawing: Engine) -> None:
        others = {known: each for known, each in self._known.items() if known != key}
        self._known = dict([*others.items(), (key, drawing)][-KEPT:])


def _made(engine: Engine, style: Style, strength: float) -> Engine:
    if not isinstance(engine, TakesWeights):
        raise EngineError(f"{engine.name}: draws with the model's own weights only", "{engine=openvino}")
    return engine.with_weights({name: strength * array for name, array in (style.weights or {}).items()})
