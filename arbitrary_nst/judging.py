"""Score a picture, whoever made it, of a photo in a style: the Python side of `arbstyle score`."""

from arbitrary_nst import images
from arbitrary_nst.declaration import a_path
from arbitrary_nst.images.sources import Array, PathSource, Source, name_of
from arbitrary_nst.scores.score import Score
from arbitrary_nst.stylizer import Stylizer


def score(
    photo: Source | Array,
    style: Source | Array,
    result: Source | Array,
    *,
    vgg_weights: PathSource | None = None,
    stylizer: Stylizer | None = None,
) -> Score:
    """How good ``result`` is as a picture of ``photo`` in ``style``, by VGG19 and by what shows in it.

    Each is a path, encoded bytes, a PIL image or an array, as for ``Stylizer.stylize``; a built-in style's name stands
    for its picture. A result smaller than the photo is compared with the photo at its size; a plain border of the style
    is left out, as it is to draw. ``vgg_weights`` None is the verified file that is here or can be fetched.
    ``stylizer``: whose limits and model folder count, and which keeps what VGG19 saw of the photo and of styles for the
    next call. Raises PhotoError where a picture cannot be read, is too small or of another shape, OptionError for a
    style without its picture, ModelError without VGG19's weights.
    """
    reader = stylizer or Stylizer()
    seen, picture = reader.read(photo), reader.read(result)
    target = images.style_picture(reader.read_style(style, "a score"))
    judge = reader.judge(None if vgg_weights is None else a_path("vgg weights", vgg_weights))
    return judge.score(seen.pixels, target.pixels, picture.pixels, name=name_of(result))
