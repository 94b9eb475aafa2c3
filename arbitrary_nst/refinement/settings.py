"""How to refine, as a value: a recipe, and what is no part of it."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from arbitrary_nst import options
from arbitrary_nst.errors import OptionError
from arbitrary_nst.options import Option, RefineOptions
from arbitrary_nst.refinement.recipes import GOES_ON, RECIPES, Recipe, chosen


@dataclass(frozen=True)
class Refinement:
    """How to refine, as a value. ``vgg_weights`` None is the verified file that is here or can be fetched.

    ``time_limit`` is in seconds per picture; ``style_scale`` the style's longest side as a share of the picture's;
    ``seed`` that of the noise to begin with; ``start`` a picture to begin with in place of the recipe's.
    """

    recipe: Recipe = RECIPES["arbstyle"]
    start: Path | None = None
    vgg_weights: Path | None = None
    time_limit: float | None = None
    style_scale: float = 1.0
    seed: int = 0

    @classmethod
    def chosen_by(cls, asked: RefineOptions, base: Recipe | None = None) -> "Refinement":
        """What the options mean; ``base`` is a recipe to change in place of the one they name. Raises OptionError."""
        if not (base is None or isinstance(base, Recipe)):
            raise OptionError(f"recipe {options.shown(base)}: neither a Recipe nor the name of one", ", ".join(RECIPES))
        own = {option.name: getattr(asked, option.name) for option in _own_options()}
        return cls(chosen(asked, base), asked.init if isinstance(asked.init, Path) else None, **own)

    @property
    def begins_stylized(self) -> bool:
        """Whether it begins with the feed-forward picture."""
        return self.recipe.init == "stylized" and self.start is None

    @property
    def going_on(self) -> "Refinement":
        """The same, from a picture that it was stopped at."""
        return replace(self, recipe=self.recipe.with_changes(**GOES_ON))

    @property
    def key(self) -> dict[str, Any]:
        """What a picture depends on, as JSON has it: all of the recipe but its prose, and what else differs."""
        return {**options.differing(self), "recipe": options.differing(self.recipe)}

    def __post_init__(self) -> None:
        """Raise OptionError for what is out of range."""
        for option in _own_options():
            object.__setattr__(self, option.name, option.checked(getattr(self, option.name)))


def _own_options() -> list[Option]:
    """Those of RefineOptions that are no part of a recipe."""
    return [option for option in options.declared(RefineOptions) if option.name in Refinement.__dataclass_fields__
            and option.name != "recipe"]  # fmt: skip
