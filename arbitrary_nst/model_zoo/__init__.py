"""Pretrained models: what their cards say, where they are, how they are fetched and proven genuine."""

from arbitrary_nst.model_zoo.card import Card, cards
from arbitrary_nst.model_zoo.resolution import Row, clear, find, list_models, pull, resolve, verify
from arbitrary_nst.model_zoo.store import Model, clear_learnt, conversions_dir, learnt_dir
from arbitrary_nst.model_zoo.vgg19 import Vgg19File, find_vgg19, identify_vgg19, resolve_vgg19

__all__ = [
    "Card",
    "Model",
    "Row",
    "Vgg19File",
    "cards",
    "clear",
    "clear_learnt",
    "conversions_dir",
    "find",
    "find_vgg19",
    "identify_vgg19",
    "learnt_dir",
    "list_models",
    "pull",
    "resolve",
    "resolve_vgg19",
    "verify",
]
