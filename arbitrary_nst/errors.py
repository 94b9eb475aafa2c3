"""Every error a user can meet, as one tree.

    NSTError
    ├── PhotoError    a photo or style picture cannot be read, or a result cannot be written
    ├── ModelError    a model is missing, incomplete, changed or not verified
    ├── EngineError   an engine cannot be loaded or fails while it runs
    │   └── EngineMemoryError   for want of memory: a smaller photo might do
    └── OptionError   an option has a value that makes no sense

A message is one line, ``what: reason. Try: what to do``.
"""


class NSTError(Exception):
    """Base of every error that arbitrary_nst raises on purpose."""


class PhotoError(NSTError):
    """A photo or style picture cannot be read, or a result cannot be written."""


class ModelError(NSTError):
    """A model is missing, incomplete, changed or not verified."""


class EngineError(NSTError):
    """An engine cannot be loaded, or fails while it runs."""


class EngineMemoryError(EngineError):
    """An engine has too little memory for this photo."""


class OptionError(NSTError):
    """An option has a value that makes no sense."""
