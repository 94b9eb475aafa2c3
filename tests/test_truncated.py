"""Photos that break off: read where every pixel is there, else refused or, if asked for, read as far as they go."""

import numpy as np
import pytest
from drawn import decode, picture, saved
from PIL import Image

from arbitrary_nst.errors import PhotoError

LACKS_END = "its last bytes are missing; every pixel is there"


def noise(width=120, height=90):
    smooth = np.asarray(picture(width, height), np.int16)
    rough = np.random.default_rng(0).integers(-40, 40, smooth.shape)
    return Image.fromarray(np.clip(smooth + rough, 0, 255).astype(np.uint8))


JPEGS = {
    "baseline": {},
    "progressive": {"progressive": True},
    "optimised, full colour": {"optimize": True, "subsampling": 0},
    "restarts": {"restart_marker_blocks": 3},
    "grey": {},
}


def jpeg(layout):
    image = noise().convert("L") if layout == "grey" else noise()
    return saved(image, "JPEG", quality=90, **JPEGS[layout])


@pytest.mark.parametrize("layout", JPEGS)
@pytest.mark.parametrize("cut", [1, 2])
def test_a_jpeg_without_its_end_is_whole(layout, cut):
    data = jpeg(layout)
    photo = decode(data[:-cut])
    np.testing.assert_array_equal(photo.pixels, decode(data).pixels)
    assert photo.notes == (LACKS_END,)


@pytest.mark.parametrize("layout", JPEGS)
@pytest.mark.parametrize("cut", [4, 5, 8, 40, 1000, 0.5])
def test_a_jpeg_with_pixels_missing_is_refused_unless_it_is_accepted(layout, cut):
    data = jpeg(layout)
    data = data[: len(data) // 2] if cut == 0.5 else data[:-cut]
    with pytest.raises(PhotoError, match=r"photo: truncated or damaged .* Try: copy it again, or accept_truncated"):
        decode(data)
    photo = decode(data, accept_truncated=True)
    assert photo.size == (120, 90)
    assert photo.notes == ("cut short: the pixels it lacks are grey or smeared",)


def test_a_progressive_jpeg_that_ends_between_scans_is_not_whole():
    data = jpeg("progressive")
    for at in (data.rindex(b"\xff\xda"), data.index(b"\xff\xda", data.index(b"\xff\xda") + 2)):
        with pytest.raises(PhotoError, match="truncated"):
            decode(data[:at])


def test_a_download_filled_up_with_zeros():
    data = jpeg("baseline")
    assert decode(data[:-2] + bytes(5000)).notes == (LACKS_END,)
    half = data[: len(data) // 2]
    with pytest.raises(PhotoError, match="truncated"):
        decode(half + bytes(len(data) - len(half)))


def test_exif_and_profile_of_a_mended_jpeg_stay():
    exif = Image.Exif()
    exif[0x010F], exif[0x0112] = "Maker", 6
    data = saved(noise(), "JPEG", exif=exif.tobytes(), quality=90)
    photo = decode(data[:-2])
    assert photo.size == (90, 120) and b"Maker" in photo.exif


def test_a_png_without_its_end_is_whole():
    data = saved(noise(), "PNG")
    for cut in (4, 12, 14):
        photo = decode(data[:-cut])
        np.testing.assert_array_equal(photo.pixels, decode(data).pixels)
        assert photo.notes == (LACKS_END,)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "P", "1"])
def test_a_png_with_pixels_missing(mode):
    image = noise().convert(mode)
    data = saved(image, "PNG")
    cut = data[: len(data) * 2 // 3]
    with pytest.raises(PhotoError, match="accept_truncated"):
        decode(cut)
    photo = decode(cut, accept_truncated=True)
    assert photo.notes == ("cut short: the pixels it lacks are black, or see-through",)
    np.testing.assert_array_equal(photo.pixels[:20], decode(data).pixels[:20])
    if mode == "RGB":
        assert photo.pixels[-1].max() == 0


def test_other_formats_that_break_off_are_refused_either_way():
    data = saved(noise(), "WEBP")
    for accept in (False, True):
        with pytest.raises(PhotoError):
            decode(data[: len(data) // 2], accept_truncated=accept)


def test_the_command_accepts_what_is_cut_short(tmp_path, monkeypatch):
    from arbitrary_nst.stylizer import Stylizer

    path = tmp_path / "cut.jpg"
    path.write_bytes(jpeg("baseline")[:-500])
    with pytest.raises(PhotoError, match="truncated"):
        Stylizer().read(path)
    assert Stylizer(accept_truncated=True).read(path).size == (120, 90)
