"""`arbstyle` over the fake engine, as a process of its own: ``python fake_command.py run ...``.

ARBSTYLE_TEST_BUSY: what drawing does first. ``sleep`` and ``compute`` (in C, where Python hears no signal) take a
minute after they have said "busy"; a number is the seconds that each photo takes.
ARBSTYLE_TEST_FAULTS: a seed; system calls that write then fail now and then, as on a disk that is full or closed.
"""

import errno
import hashlib
import os
import random
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))


def be_busy(how):
    from fakes import FakeEngine

    works = FakeEngine.transform

    def transform(self, photo, numbers):
        if how in ("sleep", "compute"):
            print("busy", flush=True)
            time.sleep(60) if how == "sleep" else hashlib.pbkdf2_hmac("sha256", b"", b"", 10**8)
        time.sleep(float(how))
        return works(self, photo, numbers)

    FakeEngine.transform = transform


def be_faulty(seed):
    rng = random.Random(seed)
    reasons = [(errno.ENOSPC, "No space left on device"), (errno.EACCES, "Permission denied"), (errno.EIO, "I/O error")]

    def now_and_then(call):
        def fails(*arguments, **options):
            if rng.random() < 0.03:
                raise OSError(*rng.choice(reasons))
            return call(*arguments, **options)

        return fails

    for name in ("fsync", "link", "replace", "rename", "chmod", "fchmod"):
        setattr(os, name, now_and_then(getattr(os, name)))


def main():
    from fakes import fake_stylizer

    import arbitrary_nst.stylizer
    from arbitrary_nst.__main__ import main

    if how := os.environ.get("ARBSTYLE_TEST_BUSY"):
        be_busy(how)
    if seed := os.environ.get("ARBSTYLE_TEST_FAULTS"):
        be_faulty(int(seed))
    arbitrary_nst.stylizer.Stylizer = lambda model, **options: fake_stylizer()
    main()


if __name__ == "__main__":
    main()
