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

    run_command()


if __name__ == "__main__":
    main()
