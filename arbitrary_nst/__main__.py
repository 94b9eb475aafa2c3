"""Where the command begins: a signal that comes while the rest is imported ends it in one line."""

import contextlib
import gc
import os
import signal

COLLECT_AFTER = 100_000  # objects; after 700, as by default, what is imported is looked through again and again


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
    gc.set_threshold(COLLECT_AFTER)
    # NumPy's threads would spin beside the engine's; what takes long is cut among threads of our own.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from arbitrary_nst.cli import main as run_command
    from arbitrary_nst.hardware import lean_keras

    lean_keras.PROCESS_IS_OURS = True
    try:
        run_command()
    except SystemExit as exc:
        # At once: all is written, and taking OpenVINO and hundreds of modules down takes as long as drawing a picture.
        os._exit(exc.code if isinstance(exc.code, int) else 0)


if __name__ == "__main__":
    main()
