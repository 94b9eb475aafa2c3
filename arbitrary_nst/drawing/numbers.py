"""The numbers that a photo is drawn with: the style's, or where an option looks at the photo, its own mixture."""

from collections.abc import Sequence

import numpy as np

from arbitrary_nst.drawing.strength import mixed
from arbitrary_nst.engines import Engine
from arbitrary_nst.errors import OptionError
from arbitrary_nst.images.colours import recoloured
from arbitrary_nst.images.photo import Pixels, style_input
from arbitrary_nst.options import DrawOptions
from arbitrary_nst.styles import Style


def numbers_for(engine: Engine, photos: Sequence[Pixels], style: Style, options: DrawOptions, size: int) -> Pixels:
    """(D,) that serve every photo (H, W, 3), or (N, D), a row for each; ``size`` is the side a style is read at.

    With strength 1 and the style's own colours they are the style's as they are, and nothing is computed.
    """
    numbers: Pixels = style.numbers
    if options.colors == "match":
        numbers = np.stack([_matched(engine, photo, style) for photo in photos])
    if options.strength != 1:
        squares = [style_input(photo, size=size, crop=options.style_crop) for photo in photos]
        numbers = mixed(engine.predict_style(np.stack(squares)), numbers, options.strength)
    return numbers


def _matched(engine: Engine, photo: Pixels, style: Style) -> Pixels:
    """A style's numbers (D,) once its pictures have the photo's colours."""
    if not style.seen:
        raise OptionError(f"colors match: of style {style.name} there are numbers only", "the style's picture")
    numbers = engine.predict_style(np.stack([recoloured(square, photo) for square, _ in style.seen]))
    shares = np.array([share for _, share in style.seen], np.float32)
    summed: Pixels = shares @ numbers
    return summed
