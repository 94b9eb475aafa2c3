"""Many photos over many machines, spread by Ray Data.

A photo's way, in a straight line:

    listing (found, one by one) -> plan (named centrally, in parts) -> Ray Data: blocks of about as many bytes
         -> drawing (an actor: files.stream over its block) -> places (one whole picture) -> a row -> a Result

Nothing here imports Ray or pyarrow before it is used.
"""

from typing import TYPE_CHECKING

from arbitrary_nst.cluster.settings import ClusterOptions

if TYPE_CHECKING:
    from arbitrary_nst.cluster.run import stylize

__all__ = ["ClusterOptions", "stylize"]


def __getattr__(name: str) -> object:
    """``stylize``, once it is asked for. Raises OptionError without the extra that it needs."""
    if name != "stylize":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from arbitrary_nst.cluster.joining import refuse_missing

    refuse_missing()
    from arbitrary_nst.cluster.run import stylize

    return stylize
