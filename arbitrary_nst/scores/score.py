"""A picture's score: every measure of this room as one value."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Score:
    """How good a picture is. None where the photo has nothing to measure by.

    ``closed_256`` and ``content_256``: the middle squares at 256 px, as models are compared with one another.
    ``closed`` and ``content``: the whole at screen size, 1024 px, beside the style at 512 px. The first is how much of
    the way to the style the picture went (1 is the style, 0 the photo), the second VGG19's mean square difference to
    the photo (C), both of ``closeness``. ``rings`` in levels, of ``rings``; ``halo`` in levels and ``halo_width`` in
    px, ``shift`` and ``spread`` of plain backgrounds in levels, of ``halo``: at screen size too. ``stripe`` and
    ``stripe_worst`` in levels and ``mesh``, of ``grids``, and ``edges``, the share of the photo's sharpness, of
    ``edges``: at 100 %.
    """

    closed_256: float
    content_256: float
    closed: float
    content: float
    stripe: float
    stripe_worst: float
    mesh: float
    rings: float | None
    halo: float | None
    halo_width: float | None
    shift: float | None
    spread: float | None
    edges: float | None
