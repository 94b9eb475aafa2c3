"""Where the command begins: a signal that comes while the rest is imported ends it in one line."""

import contextlib
import os
import signal


def _leave(number: int, frame: object) -> None:
    with contextlib.suppress(OSError):  # there may be no stderr
        os.write(2, b"arbstyle: interrupted\n")
    os._exit(128 + number)  # nothing is begun yet


def main() -> None:
    """Run the command line."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _leave)
    from arbitrary_nst.cli import main as run_command
    from arbitrary_nst.cli import run

    run.LOAD_AHEAD = True
    try:
        run_command()
    except SystemExit as exc:
        # At once: all is written, and taking OpenVINO and hundreds of modules down takes as long as drawing a picture.
        os._exit(exc.code if isinstance(exc.code, int) else 0)


if __name__ == "__main__":
    main()
