"""`arbstyle serve`: a page and an HTTP API."""

from typing import TYPE_CHECKING

import typer

from arbitrary_nst.cli.declare import takes_groups
from arbitrary_nst.cli.interrupt import Interrupt
from arbitrary_nst.cli.report import Verbose, put, say
from arbitrary_nst.errors import OptionError
from arbitrary_nst.options import ModelOptions, keywords
from arbitrary_nst.server.settings import ServeOptions

if TYPE_CHECKING:
    from arbitrary_nst.server.serving import Running

WAIT_S = 0.2
MOST_PIXELS = 100_000_000  # of a stranger's picture
PACKAGES = ("starlette", "uvicorn", "h11", "python_multipart", "multipart", "prometheus_client")


@takes_groups
def serve(
    verbose: Verbose = False,
    serving: ServeOptions = ServeOptions(),
    model: ModelOptions = ModelOptions(max_pixels=MOST_PIXELS),
) -> None:
    """Serve a page for people and an HTTP API for programs.

    On this machine only, unless --host says otherwise. Ctrl-C and SIGTERM let what runs finish.
    """
    try:
        import python_multipart  # noqa: F401

        from arbitrary_nst.server.serving import Running
    except ModuleNotFoundError as exc:
        if exc.name not in PACKAGES:
            raise
        raise OptionError(f"serve: {exc.name} is not installed", "pip install 'arbitrary-nst[server]'") from exc
    from arbitrary_nst.stylizer import Stylizer

    with Interrupt(serving.grace) as asked:
        running = Running(Stylizer(**keywords(model), notify=say), serving, say)
        running.start()
        put(f"arbstyle serves {running.address}  Ctrl-C ends it")
        if not serving.is_private and serving.no_token:
            say("whoever reaches this address is let in")
        _wait_for_model(running, asked)
        if serving.open and not asked.is_set():
            import webbrowser

            webbrowser.open(running.address)
        while running.is_alive and not asked.is_set():
            asked.wait(WAIT_S)
        if not running.drain(serving.grace):
            say("some jobs could not be finished in time")
            raise typer.Exit(asked.exit_code)


def _wait_for_model(running: "Running", asked: Interrupt) -> None:
    """Raise the error for a model that cannot be loaded."""
    while not (running.studio.loaded.is_set() or asked.is_set()):
        asked.wait(WAIT_S)
    if running.studio.failure is not None:
        running.drain(0)
        raise running.studio.failure
