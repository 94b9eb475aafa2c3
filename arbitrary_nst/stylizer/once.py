"""One picture refined in one call, for who needs no Stylizer besides."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Unpack, overload

from PIL import Image

from arbitrary_nst.images.sources import Array, Source
from arbitrary_nst.keywords import RefiningKeywords, takes_keywords
from arbitrary_nst.options import DrawOptions, RefineOptions
from arbitrary_nst.stylizer import Stylizer

if TYPE_CHECKING:
    from arbitrary_nst.refinement.recipes import Recipe
    from arbitrary_nst.stylizer import OnStep


@overload
def refine(
    photo: Source,
    style_image: Source | Array | Mapping[Any, float],
    picture: Source | Array | None = None,
    *,
    recipe: "str | Recipe" = "arbstyle",
    preset: str | None = None,
    on_step: "OnStep | None" = None,
    **changes: Unpack[RefiningKeywords],
) -> Image.Image: ...
@overload
def refine(
    photo: Array,
    style_image: Source | Array | Mapping[Any, float],
    picture: Source | Array | None = None,
    *,
    recipe: "str | Recipe" = "arbstyle",
    preset: str | None = None,
    on_step: "OnStep | None" = None,
    **changes: Unpack[RefiningKeywords],
) -> Array: ...
@takes_keywords(DrawOptions, RefineOptions)
def refine(
    photo: Source | Array,
    style_image: Source | Array | Mapping[Any, float],
    picture: Source | Array | None = None,
    *,
    recipe: "str | Recipe" = "arbstyle",
    preset: str | None = None,
    on_step: "OnStep | None" = None,
    **changes: Unpack[RefiningKeywords],
) -> Image.Image | Array:
    """Refine one picture of ``photo`` in the style of ``style_image``: ``Stylizer().refine`` in one call."""
    return Stylizer().refine(
        picture, photo=photo, style_image=style_image, recipe=recipe, preset=preset, on_step=on_step, **changes
    )
