"""Photos to learn a style on."""

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from arbitrary_nst.errors import PhotoError
from arbitrary_nst.files import reading
from arbitrary_nst.files.find import Input, expand
from arbitrary_nst.images.photo import Pixels
from arbitrary_nst.session import Session

NOWHERE = Path(os.devnull)  # no results are written


def sampled(photos: Sequence[Input], seed: int) -> list[Input]:
    """As many of the photos as are learnt on, at random."""
    from arbitrary_nst.refinement.crops import MOST_PHOTOS

    chosen = np.random.default_rng(seed).permutation(len(photos))[:MOST_PHOTOS]
    return [photos[number] for number in sorted(chosen)]


def to_learn_on(session: Session, photos: Iterable[Path], seed: int) -> Iterator[Pixels]:
    """A sample of what files and folders hold, (H, W, 3) each, decoded one by one.

    What cannot be read is told and left out. Raises PhotoError where nothing can.
    """
    is_empty = True
    for photo in sampled(expand(photos, output=NOWHERE, note=session.tell), seed):
        try:
            data = reading.read_photo_bytes(photo.path, session.options.max_pixels)
            pixels = session.decode(data, name=str(photo.path)).pixels
        except PhotoError as exc:
            session.tell(f"not learnt on: {exc.what}")
            continue
        is_empty = False
        yield pixels
    if is_empty:
        raise PhotoError("photos: none of them can be read to learn on", "another {photos}")
