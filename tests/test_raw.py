"""Cameras' RAW files: developed where the extra is, else refused; their thumbnail is never the photo."""

import io
import struct
import sys

import numpy as np
import pytest
from drawn import decode, picture, saved
from PIL import Image

from arbitrary_nst import images
from arbitrary_nst.errors import PhotoError
from arbitrary_nst.images import kinds

REFUSED = r"a camera's RAW file\. Try: develop it first, or pip install 'arbitrary-nst\[raw\]'"


def entry(order, tag, kind, count, value):
    if not isinstance(value, bytes):
        value = struct.pack(order + "HH", value, 0) if kind == 3 else struct.pack(order + "I", value)
    return struct.pack(order + "HHI", tag, kind, count) + value


def camera_file(order="<", *, dng=True, width=160, height=106):
    """A thumbnail in the first directory, red on a Bayer sensor in a sub-directory, as DNG and NEF have them."""
    mark = {"<": b"II*\0", ">": b"MM\0*"}[order]
    mosaic = np.tile(np.array([[12000, 3000], [3000, 1500]]), (height // 2, width // 2))
    sensor = (mosaic * np.linspace(0.1, 1, width)).astype(order + "u2").tobytes()
    thumbnail = bytes(48 * 32 * 3)
    first, second = 8, 400
    pixels = 1000
    main = [
        (254, 4, 1, 1), (256, 4, 1, 48), (257, 4, 1, 32), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 2),
        (273, 4, 1, pixels + len(sensor)), (277, 3, 1, 3), (278, 4, 1, 32), (279, 4, 1, len(thumbnail)),
        (330, 4, 1, second),
    ]  # fmt: skip
    if dng:
        main += [(50706, 1, 4, b"\1\4\0\0"), (50708, 2, 4, b"Cam\0")]
    sub = [
        (254, 4, 1, 0), (256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, 16), (259, 3, 1, 1), (262, 3, 1, 32803),
        (273, 4, 1, pixels), (277, 3, 1, 1), (278, 4, 1, height), (279, 4, 1, len(sensor)),
        (33421, 3, 2, struct.pack(order + "HH", 2, 2)),
        (33422, 1, 4, b"\0\1\1\2"), (50717, 4, 1, 16383),
    ]  # fmt: skip

    def directory(entries):
        return struct.pack(order + "H", len(entries)) + b"".join(entry(order, *each) for each in entries) + bytes(4)

    data = mark + struct.pack(order + "I", first) + directory(main)
    data = data.ljust(second, b"\0") + directory(sub)
    return data.ljust(pixels, b"\0") + sensor + thumbnail


@pytest.fixture
def _without_rawpy(monkeypatch):
    monkeypatch.setitem(sys.modules, "rawpy", None)


@pytest.mark.usefixtures("_without_rawpy")
@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("dng", [True, False])
def test_a_raw_file_is_refused_by_content_without_the_extra(order, dng):
    data = camera_file(order, dng=dng)
    assert Image.open(io.BytesIO(data)).size == (48, 32)  # what Pillow takes for the picture
    with pytest.raises(PhotoError, match=REFUSED):
        decode(data)
    assert images.peek(io.BytesIO(data)) == ("jpg", (0, 0))


@pytest.mark.usefixtures("_without_rawpy")
@pytest.mark.parametrize(
    "start",
    [
        b"II*\0\x10\0\0\0CR\2\0", b"\0\0\0\x18ftypcrx \0\0\0\1crx isom", b"FUJIFILMCCD-RAW 0201FF", b"IIRO\x08\0\0\0",
        b"IIU\0\x18\0\0\0", b"MMOR\0\0\0\x08",
    ],
)  # fmt: skip
def test_cameras_of_other_makers_are_known_by_their_first_bytes(start):
    with pytest.raises(PhotoError, match=REFUSED):
        decode(start + bytes(100))


@pytest.mark.usefixtures("_without_rawpy")
@pytest.mark.parametrize("suffix", [".dng", ".NEF", ".cr2", ".arw", ".raf", ".orf", ".rw2"])
def test_the_suffix_counts_where_a_tiff_does_not_tell(suffix):
    data = saved(picture(), "TIFF")
    with pytest.raises(PhotoError, match=REFUSED):
        images.decode(data, name=f"photo{suffix}")
    assert images.decode(saved(picture(), "JPEG"), name=f"photo{suffix}").size == (24, 16)  # a JPEG by another name
    assert images.decode(data, name="photo.tif").size == (24, 16)


@pytest.mark.parametrize("order", "<>")
def test_a_raw_file_is_developed_at_the_size_of_its_sensor(order):
    pytest.importorskip("rawpy")
    data = camera_file(order)
    photo = images.decode(data, name="photo.dng")
    assert photo.size == (160, 106) and photo.format == "RAW" and "RAW" in photo.notes[0]
    columns = photo.pixels[20:-20].mean(axis=(0, 2))
    assert columns[20] < columns[80] < columns[-20] and columns[-20] > 0.5  # as on the sensor; the thumbnail is black
    assert images.peek(io.BytesIO(data)) == ("jpg", (160, 106))
    with pytest.raises(PhotoError, match="over the limit"):
        images.decode(data, name="photo.dng", max_pixels=1000)


def test_a_broken_raw_file_is_one_line():
    pytest.importorskip("rawpy")
    with pytest.raises(PhotoError, match="cannot be developed") as caught:
        decode(b"FUJIFILMCCD-RAW 0201FF" + bytes(400))
    assert "\n" not in str(caught.value)


def test_a_tiff_with_loops_and_nonsense_in_its_directories_is_none():
    loop = b"II*\0\x08\0\0\0" + struct.pack("<H", 1) + struct.pack("<HHII", 330, 4, 1, 8) + struct.pack("<I", 8)
    assert not kinds.is_raw_tiff(io.BytesIO(loop))
    for data in (b"II*\0", b"II*\0\xff\xff\xff\xff", b"II+\0" + b"\xff" * 12, loop[:-4]):
        assert not kinds.is_raw_tiff(io.BytesIO(data))
