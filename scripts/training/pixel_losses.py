"""Losses that need no network: distance to the teacher's picture, and three of the grid of the photo network's cells.

``mesh`` and ``stripe`` are those that a style is learnt by.
"""

from keras import ops

from arbitrary_nst.refinement.cells import CELL, DOTS, mesh, stripe

__all__ = ["DOTS", "distillation", "grid", "mesh", "stripe"]


def distillation(picture, target):
    """L1 on pixels and on their differences to the right and downwards."""

    def l1(a, b):
        return ops.mean(ops.abs(a - b))

    across = l1(picture[:, :, 1:] - picture[:, :, :-1], target[:, :, 1:] - target[:, :, :-1])
    down = l1(picture[:, 1:] - picture[:, :-1], target[:, 1:] - target[:, :-1])
    return l1(picture, target) + across + down


def grid(picture):
    """How unevenly edges are spread over the rows and columns of the networks' cells: 0 where no grid shows.

    The differences to the right and downwards, upwards and downwards steps apart, have a mean for each place in a cell
    of ``CELL`` pixels; the mean square deviation of these from their own mean, as a share of it.
    """

    def uneven(lines):
        steps = lines[1:] - lines[:-1]
        steps = ops.relu(ops.stack([steps, -steps]))
        count = steps.shape[1] // CELL * CELL
        by_place = ops.mean(ops.reshape(steps[:, :count], (2, count // CELL, CELL, -1)), axis=(1, 3))
        usual = ops.mean(by_place, axis=1, keepdims=True)
        return ops.mean(ops.square((by_place - usual) / (usual + 1e-4)))

    picture = ops.cast(picture, "float32")
    return 0.5 * (uneven(ops.transpose(picture, (1, 0, 2, 3))) + uneven(ops.transpose(picture, (2, 0, 1, 3))))
