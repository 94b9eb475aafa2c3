"""How good a picture is, in numbers: for the command, for batches, for training and for the sheets of docs/look.md."""

from arbitrary_nst.scores.score import Score

__all__ = ["Score"]
