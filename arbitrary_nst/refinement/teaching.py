"""Which models can learn a style."""

from arbitrary_nst.errors import OptionError
from arbitrary_nst.model_zoo import Card
from arbitrary_nst.options import Depth

LEARNING_MODELS = {"ir": ("numbers", "weights"), "savedmodel": ("numbers",)}  # by the format of its files


def refuse_unteachable(card: Card, depth: Depth) -> None:
    """Raise OptionError for a model that cannot learn, or not so deep."""
    depths = LEARNING_MODELS.get(card.format)
    if depths is None:
        raise OptionError(f"{card.name}: cannot learn a style, its files hold no network to go downhill in",
                          "{model=mini}, or {model=magenta} where TensorFlow or PyTorch is installed")  # fmt: skip
    if depth not in depths:
        raise OptionError(f"{card.name}: learns numbers only", "{model=mini} for its weights, or {depth=numbers}")
