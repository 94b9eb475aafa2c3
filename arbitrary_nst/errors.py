"""Every error a user can meet, as one tree, each a value: what was seen, what to do about it, and its exit code.

    NSTError                        exit code 1
    ├── PhotoError                  2   a photo or style picture cannot be read, or a result cannot be written
    ├── ModelError                  4   a model is missing, incomplete, changed or not verified
    ├── EngineError                 1   an engine cannot be loaded or fails while it runs
    │   └── EngineMemoryError       1   for want of memory: a smaller photo might do
    └── OptionError                 2   an option has a value that makes no sense

A hint may name options, as ``{max_size}`` or ``{precision=f32}``: Python and the command line spell each in their way.
"""

import re

_OPTION = re.compile(r"\{([a-z][a-z0-9_]*)(?:=([\w.-]+))?\}")


class NSTError(Exception):
    """Base of every error that arbitrary_nst raises on purpose.

    ``what`` is one line that says what was seen; ``hint`` what to do about it, None where nothing helps.
    """

    exit_code = 1

    def __init__(self, what: str, hint: str | None = None) -> None:
        super().__init__(what, hint)
        self.what, self.hint = what, hint

    def __str__(self) -> str:
        """``what. Try: hint``, with options as Python's keywords."""
        return _line(self.what, self.hint and _OPTION.sub(_as_keyword, self.hint))

    @property
    def for_terminal(self) -> str:
        """``what. Try: hint``, with options as the command line's flags."""
        return _line(self.what, self.hint and _OPTION.sub(_as_flag, self.hint))


class PhotoError(NSTError):
    """A photo or style picture cannot be read, or a result cannot be written.

    In a stream it is told and counted, and the stream's exit code is 3; its own counts where it ends a command.
    """

    exit_code = 2


class ModelError(NSTError):
    """A model is missing, incomplete, changed or not verified."""

    exit_code = 4


class EngineError(NSTError):
    """An engine cannot be loaded, or fails while it runs."""


class EngineMemoryError(EngineError):
    """An engine has too little memory for this photo."""


class OptionError(NSTError):
    """An option has a value that makes no sense."""

    exit_code = 2


def internal(exc: BaseException) -> NSTError:
    """What nobody foresaw, as an error of ours."""
    return NSTError(f"internal error: {type(exc).__name__}: {exc}", "{verbose}, and report what it prints")


def options_in(hint: str) -> list[str]:
    """The names of the options that a hint names."""
    return [name for name, _ in _OPTION.findall(hint)]


def as_fields(hint: str) -> str:
    """A hint with options as the fields of a form: ``max_size``, ``precision=f32``."""
    return _OPTION.sub(lambda found: "=".join(filter(None, found.groups())), hint)


def as_flags(hint: str) -> str:
    """A hint with options as the command line's flags: ``--max-size``, ``--precision f32``."""
    return _OPTION.sub(_as_flag, hint)


def _line(what: str, hint: str | None) -> str:
    return what if hint is None else f"{what}. Try: {hint}"


def _as_flag(found: "re.Match[str]") -> str:
    name, value = found.groups()
    return f"--{name.replace('_', '-')}" + (f" {value}" if value else "")


def _as_keyword(found: "re.Match[str]") -> str:
    name, value = found.groups()
    return name + (f"={value!r}" if value else "")
