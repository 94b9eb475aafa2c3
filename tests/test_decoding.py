"""Pictures that are decoded before anybody asks: the same as otherwise, and never more than was asked for."""

import os
import threading

import numpy as np
import pytest
from PIL import Image

from arbitrary_nst import images
from arbitrary_nst.errors import PhotoError
from arbitrary_nst.hardware import decoding
from arbitrary_nst.hardware.decoding import Decoding
from arbitrary_nst.images import smooth
from arbitrary_nst.options import ModelOptions


@pytest.fixture
def photo(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    return tmp_path / "a.png"


@pytest.fixture
def decoded(monkeypatch):
    """The names of what was decoded, in order."""
    names, decode = [], images.decode
    monkeypatch.setattr(
        images, "decode", lambda data, *, name, **how: names.append(name) or decode(data, name=name, **how)
    )
    return names


def begun(*paths, **options):
    """With all done that could be done ahead."""
    one = Decoding(ModelOptions(**options))
    one.begin(paths)
    for thread in threading.enumerate():
        if thread.name == "decode ahead":
            thread.join(60)
            assert not thread.is_alive()
    return one


def test_what_was_begun_is_decoded_once(photo, decoded):
    one, data = begun(photo), photo.read_bytes()
    assert decoded == [str(photo)]
    ahead = one.decode(data, name=str(photo))
    assert decoded == [str(photo)]
    np.testing.assert_array_equal(ahead.pixels, one.decode(data, name=str(photo)).pixels)
    assert decoded == 2 * [str(photo)]  # it is not kept


def test_a_file_that_changed_is_decoded_anew(photo, decoded):
    one = begun(photo)
    Image.new("RGB", (30, 20), (255, 0, 0)).save(photo)
    assert (one.decode(photo.read_bytes(), name=str(photo)).pixels == (1, 0, 0)).all()
    assert len(decoded) == 2


def test_other_names_are_not_what_was_begun(photo, decoded):
    begun(photo).decode(photo.read_bytes(), name="b.png")
    assert decoded == [str(photo), "b.png"]


@pytest.mark.parametrize("options", [{"max_pixels": 599}, {"max_memory": 1000}])
def test_limits_and_damage_are_told_when_it_is_decoded(photo, tmp_path, options):
    one, plain = begun(photo, **options), Decoding(ModelOptions(**options))
    told = []
    for each in (one, plain):
        with pytest.raises(PhotoError) as failure:
            each.decode(photo.read_bytes(), name=str(photo))
        told.append(str(failure.value))
    assert told[0] == told[1]
    damaged = tmp_path / "b.jpg"
    damaged.write_bytes(b"\xff\xd8\xff damaged")
    with pytest.raises(PhotoError, match="damaged"):
        begun(damaged).decode(damaged.read_bytes(), name=str(damaged))


def test_only_files_of_some_length_are_read(photo, tmp_path, monkeypatch, decoded):
    os.mkfifo(tmp_path / "pipe.png")
    monkeypatch.setattr(decoding, "LONGEST_AHEAD", len(photo.read_bytes()) - 1)
    one = begun(tmp_path, tmp_path / "pipe.png", tmp_path / "none.png", photo)
    assert not decoded
    assert one.decode(photo.read_bytes(), name=str(photo)).size == (30, 20)


def test_the_noise_of_photos_is_drawn_ahead_too():
    flat = np.full((64, smooth.USUAL, 3), 0.5, np.float32)
    smooth._noise.cache_clear()
    alone = smooth.with_grain(flat)
    smooth._noise.cache_clear()
    begun()
    np.testing.assert_array_equal(smooth.with_grain(flat), alone)
    assert smooth._noise.cache_info().hits == 1
