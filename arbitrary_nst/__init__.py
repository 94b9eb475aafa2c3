"""Fast artistic style transfer for photos with Google's pretrained arbitrary-image-stylization model.

from arbitrary_nst import Stylizer
stylizer = Stylizer(model="auto")
picture = stylizer.stylize("photo.jpg", stylizer.style("starry_night.jpg"))

What it has to say goes to the logger "arbitrary_nst", which is quiet until somebody adds a handler.
"""

import logging
from typing import TYPE_CHECKING

from arbitrary_nst.errors import EngineError, ModelError, NSTError, OptionError, PhotoError

if TYPE_CHECKING:
    from arbitrary_nst.files.results import Result
    from arbitrary_nst.images import Photo
    from arbitrary_nst.judging import score
    from arbitrary_nst.options import (
        BatchOptions,
        DrawOptions,
        EncodeOptions,
        LearnOptions,
        ModelOptions,
        RefineOptions,
    )
    from arbitrary_nst.refinement.recipes import Recipe
    from arbitrary_nst.scores.score import Score
    from arbitrary_nst.styles import Style, blend
    from arbitrary_nst.stylizer import Stylizer
    from arbitrary_nst.stylizer.once import refine

logging.getLogger(__name__).addHandler(logging.NullHandler())

__version__ = "0.3.0"
__all__ = [
    "BatchOptions",
    "DrawOptions",
    "EncodeOptions",
    "EngineError",
    "LearnOptions",
    "ModelError",
    "ModelOptions",
    "NSTError",
    "OptionError",
    "Photo",
    "PhotoError",
    "Recipe",
    "RefineOptions",
    "Result",
    "Score",
    "Style",
    "Stylizer",
    "blend",
    "refine",
    "score",
]

_LAZY = {
    "BatchOptions": "options",
    "DrawOptions": "options",
    "EncodeOptions": "options",
    "LearnOptions": "options",
    "ModelOptions": "options",
    "Photo": "images",
    "Recipe": "refinement.recipes",
    "RefineOptions": "options",
    "Result": "files.results",
    "Score": "scores.score",
    "Style": "styles",
    "Stylizer": "stylizer",
    "blend": "styles",
    "refine": "stylizer.once",
    "score": "judging",
}


def __dir__() -> list[str]:
    """All names that there are, of which most have yet to be imported: completion offers them."""
    return sorted({*globals(), *__all__})


def __getattr__(name: str) -> object:
    """Import what a name needs when it is asked for: `arbstyle --help` needs no NumPy, and hears Ctrl-C at once."""
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)
