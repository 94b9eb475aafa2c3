"""Files that are damaged in every way end in a photo or in one line, in time and in memory."""

import io
import random
import time

import pytest
from drawn import decode, picture, saved
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from arbitrary_nst import images
from arbitrary_nst.errors import PhotoError

SLOWEST = 2.0  # s for a file of a few thousand pixels
SLOW_LANE = 60.0  # s


def _sound():
    """A small file of every format that is read, and of the layouts that have code of their own."""
    exif = Image.Exif()
    exif[0x010F], exif[0x0112] = "Maker", 6
    text = PngImagePlugin.PngInfo()
    text.add_itxt("XML:com.adobe.xmp", "<x/>" * 50, zip=True)
    frames = [picture(mode="P"), Image.new("P", (24, 16))]
    files = {
        "JPEG": saved(picture(), "JPEG", exif=exif.tobytes(), xmp=b"<x/>"),
        "progressive": saved(picture(), "JPEG", progressive=True),
        "PNG": saved(picture(), "PNG", pnginfo=text, exif=exif.tobytes()),
        "APNG": saved(frames[0], "PNG", save_all=True, append_images=frames[1:]),
        "WEBP": saved(picture(mode="RGBA"), "WEBP", exif=exif.tobytes()),
        "TIFF": saved(picture(), "TIFF", compression="tiff_lzw", exif=exif.tobytes()),
        "BMP": saved(picture(mode="P"), "BMP"),
        "GIF": saved(frames[0], "GIF", save_all=True, append_images=frames[1:]),
        "AVIF": saved(picture(), "AVIF"),
    }
    try:
        import pillow_heif
    except ImportError:
        return files
    buffer = io.BytesIO()
    pillow_heif.from_pillow(picture(64, 64)).save(buffer)
    return files | {"HEIF": buffer.getvalue()}


SOUND = _sound()


def survives(data):
    """Nothing but PhotoError comes out, of one line, and soon."""
    began = time.monotonic()
    size = images.peek(io.BytesIO(data))[1]
    assert min(size) >= 0
    for accept in (False, True):
        try:
            photo = decode(data, max_pixels=1_000_000, accept_truncated=accept)
        except PhotoError as exc:
            assert "\n" not in str(exc) and len(str(exc)) < 300
        else:
            assert photo.pixels.min() >= 0 and photo.pixels.max() <= 1
            assert photo.size[0] * photo.size[1] <= 1_000_000
    assert time.monotonic() - began < SLOWEST


def damaged(data, chance):
    """Bytes changed, cut out, doubled or cut off."""
    changed = bytearray(data)
    for _ in range(chance.choice([1, 1, 2, 5, 20])):
        at = chance.randrange(len(changed))
        match chance.randrange(6):
            case 0 | 1:
                changed[at] = chance.randrange(256)
            case 2:
                changed[at : at + 4] = chance.choice(
                    [b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\0\1\0\0"]
                )
            case 3:
                del changed[at : at + chance.randrange(1, 9)]
            case 4:
                changed[at:at] = changed[at : at + chance.randrange(1, 40)]
            case 5:
                del changed[max(at, 12) :]
        if not changed:
            break
    return bytes(changed)


@pytest.mark.parametrize("kind", SOUND)
@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::RuntimeWarning")
def test_damaged_files_of_every_format(kind):
    chance = random.Random(kind)
    for _ in range(40):
        survives(damaged(SOUND[kind], chance))


@pytest.mark.slow
@seed(20)
@settings(max_examples=150, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(
    kind=st.sampled_from(sorted(SOUND)),
    changes=st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=6)), max_size=6),
    kept=st.floats(0.05, 1),
)
@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::RuntimeWarning")
def test_bytes_overwritten_and_cut_off(kind, changes, kept):
    data = bytearray(SOUND[kind])
    for where, what in changes:
        at = int(where * (len(data) - 1))
        data[at : at + len(what)] = what
    survives(bytes(data[: max(1, int(kept * len(data)))]))


@seed(21)
@settings(max_examples=150, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(start=st.sampled_from(sorted(SOUND)), rest=st.binary(max_size=400))
@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::RuntimeWarning")
def test_a_sound_beginning_and_noise(start, rest):
    survives(SOUND[start][:40] + rest)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::RuntimeWarning")
def test_a_minute_of_damage():
    chance, ends = random.Random(19), time.monotonic() + SLOW_LANE
    while time.monotonic() < ends:
        survives(damaged(SOUND[chance.choice(sorted(SOUND))], chance))
