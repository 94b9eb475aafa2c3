"""Checks of what a caller chose, where Python does not check: one line that says what there is."""

import math
from collections.abc import Collection
from typing import Any

from arbitrary_nst.errors import OptionError


def one_of(what: str, value: Any, choices: Collection[str]) -> None:
    """Raise OptionError for a value that is none of ``choices``."""
    if value not in choices:
        raise OptionError(f"{what} {value!r}: unknown", f"{', '.join(choices)}")


def within(what: str, value: Any, least: float, most: float = math.inf) -> None:
    """Raise OptionError for what is no finite number from ``least`` to ``most``."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not (is_number and least <= value <= most and math.isfinite(value)):
        wanted = f"{least} or more" if most == math.inf else f"{least} to {most}"
        raise OptionError(f"{what} {value!r}: out of range", f"{wanted}")
