"""Checks of what a caller chose, where Python does not check: one line that says what there is."""

from collections.abc import Sequence
from typing import Any

from arbitrary_nst.errors import OptionError


def one_of(what: str, value: Any, choices: Sequence[str]) -> None:
    """Raise OptionError for a value that is none of ``choices``."""
    if value not in choices:
        raise OptionError(f"{what} {value!r}: unknown. Try: {', '.join(choices)}")


def within(what: str, value: Any, least: float, most: float = float("inf")) -> None:
    """Raise OptionError for what is no number from ``least`` to ``most``."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        wanted = f"{least} or more" if most == float("inf") else f"{least} to {most}"
        raise OptionError(f"{what} {value!r}: out of range. Try: {wanted}")
