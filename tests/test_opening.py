"""Before memory is taken for a photo: its size by its header, what it costs to decode, and nothing of the host's."""

import io
import re
import struct
import sys
import threading
import warnings
import zlib

import numpy as np
import pytest
from drawn import decode, picture, saved
from PIL import Image, ImageFile, PngImagePlugin

from arbitrary_nst import images
from arbitrary_nst.errors import PhotoError
from arbitrary_nst.images import headers, kinds, opening


def gif(screen, *frames, disposal=8):
    """Frames of one colour, as (left, top, width, height), cut off after a few bytes."""
    data = b"GIF89a" + struct.pack("<HH", *screen) + b"\x80\0\0" + b"\0\0\0\xff\xff\xff"
    for frame in frames:
        data += bytes([0x21, 0xF9, 4, disposal, 0, 0, 0, 0]) + b"," + struct.pack("<4H", *frame) + b"\0\2\2L\1\0"
    return data + b";"


def heic(**options):
    pillow_heif = pytest.importorskip("pillow_heif")
    buffer = io.BytesIO()
    pillow_heif.from_pillow(picture(64, 32)).save(buffer, **options)
    return buffer.getvalue()


def enlarged(kind, data):
    """The same file, its header saying 30,000 px square."""
    side = 30_000
    match kind:
        case "PNG":
            header = b"IHDR" + struct.pack(">II", side, side) + data[24:29]
            return data[:12] + header + struct.pack(">I", zlib.crc32(header)) + data[33:]
        case "JPEG":
            at = data.index(b"\xff\xc0") + 5
            return data[:at] + struct.pack(">HH", side, side) + data[at + 4 :]
        case "BMP":
            return data[:18] + struct.pack("<II", side, side) + data[26:]
        case "GIF":
            return data[:6] + struct.pack("<HH", side, side) + data[10:]
        case "WEBP":  # an extended header, whose sides have 24 bits
            body = b"VP8X" + struct.pack("<I", 10) + bytes(4) + 2 * struct.pack("<I", side - 1)[:3] + data[12:]
            return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body
        case "TIFF":
            for tag in (256, 257):
                at = re.search(struct.pack("<H", tag) + rb"[\x03\x04]\0\x01\0\0\0", data).start()
                data = data[: at + 2] + struct.pack("<HII", 4, 1, side) + data[at + 12 :]
            return data
        case _:
            return re.sub(
                rb"(ispe....)........", lambda found: found[1] + struct.pack(">II", side, side), data, flags=re.S
            )


def test_a_small_picture_over_a_small_limit_is_not_zero_megapixels():
    with pytest.raises(PhotoError, match=r"30x20 is 0\.0006 megapixels, over the limit of 0\.0005"):
        opening.check_size((30, 20), name="x.jpg", max_pixels=500)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "AVIF", "HEIF"])
def test_every_format_is_refused_by_its_header(kind, monkeypatch):
    data = enlarged(kind, heic() if kind == "HEIF" else saved(picture(), kind))
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda self: pytest.fail("decoded"))
    with pytest.raises(PhotoError, match=r"30000x30000 is 900 megapixels, over the limit of 200\. Try: max_pixels"):
        decode(data)
    assert images.peek(io.BytesIO(data))[1] == (30_000, 30_000)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "AVIF", "HEIF", "JXL"])
def test_size_by_the_header_is_the_size(kind):
    if kind == "JXL":
        pytest.importorskip("pillow_jxl")
        data = [saved(picture(*size), kind) for size in ((64, 32), (24, 16), (300, 17), (16, 9), (1000, 3))]
    else:
        data = [heic()] if kind == "HEIF" else [saved(picture(), kind)]
    for each in data:
        file = io.BytesIO(each)
        assert kinds.kind_of(each[: kinds.HEAD]) == kind
        width, height = opening.size_by_header(kind, file)
        # a HEIC is coded in blocks of 64 px, and cropped
        assert kind == "HEIF" or (width, height) == decode(each).size


def test_webp_of_all_three_layouts():
    flat = saved(picture(40, 30), "WEBP", lossless=True)
    lossy = saved(picture(40, 30), "WEBP")
    extended = saved(picture(40, 30), "WEBP", exif=b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0")
    assert {data[12:16] for data in (flat, lossy, extended)} == {b"VP8L", b"VP8 ", b"VP8X"}
    for data in (flat, lossy, extended):
        assert headers.size_of("WEBP", io.BytesIO(data)) == (40, 30)


@pytest.mark.parametrize("frames", [[(0, 0, 65535, 65535)], [(60_000, 60_000, 5000, 5000)]])
def test_gif_frames_beyond_the_screen_count(frames):
    with pytest.raises(PhotoError, match="over the limit"):
        decode(gif((8, 8), *frames))


def test_a_later_frame_of_a_gif_takes_no_memory():
    first = saved(picture(8, 8, "P"), "GIF")
    huge = gif((8, 8), (0, 0, 65535, 65535))[19:]
    photo = decode(first[:-1] + huge)
    assert photo.size == (8, 8) and photo.notes == ("several frames: only the first is used",)


def test_nothing_of_the_hosts_is_touched(monkeypatch):
    """Its pixel limit, its filters of warnings, and what Pillow does with files that break off."""
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    filters, seen = list(warnings.filters), []
    done = threading.Event()

    def watch():
        while not done.is_set():
            seen.append((warnings.filters == filters, ImageFile.LOAD_TRUNCATED_IMAGES))

    watcher = threading.Thread(target=watch)
    watcher.start()
    for format in ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "AVIF"):  # over the host's limit, within ours
        assert decode(saved(picture(64, 32), format)).size == (64, 32)
    decode(saved(picture(64, 32), "JPEG")[:-2])
    done.set()
    watcher.join()
    assert Image.MAX_IMAGE_PIXELS == 100 and set(seen) == {(True, False)}
    with pytest.raises(Image.DecompressionBombError):
        Image.open(io.BytesIO(saved(picture(64, 32), "PNG")))


@pytest.mark.slow
def test_photos_over_pillows_limit_are_right():
    """179 megapixels are where Pillow ends; ours is 200."""
    image = Image.new("RGB", (13_400, 13_400), (200, 100, 30))
    for format, options in (("TIFF", {"compression": "tiff_adobe_deflate"}), ("WEBP", {"lossless": True, "method": 0})):
        photo = decode(saved(image, format, **options))
        assert photo.size == image.size
        np.testing.assert_allclose(photo.pixels[6000, 6000] * 255, [200, 100, 30], atol=0.01)


def with_scans(count):
    """A progressive JPEG whose last scan comes ever again."""
    data = saved(picture(64, 64), "JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    return data[:-2] + data[last:-2] * count + b"\xff\xd9"


def test_a_progressive_jpeg_of_thousands_of_scans_is_refused():
    with pytest.raises(PhotoError, match="progressive JPEG of more than 400 scans"):
        decode(with_scans(2000))
    assert decode(with_scans(20)).size == (64, 64)


def test_what_looks_like_scans_behind_the_picture_does_not_count():
    assert decode(saved(picture(), "JPEG") + b"\xff\xda\0\x0c" * 5000).size == (24, 16)


def png_with(text, key="XML:com.adobe.xmp"):
    info = PngImagePlugin.PngInfo()
    info.add_itxt(key, text, zip=True)
    return saved(picture(), "PNG", pnginfo=info)


@pytest.mark.slow
def test_long_metadata_of_a_sound_png_is_kept_and_a_bomb_dropped_with_a_note():
    photo = decode(png_with("x" * 2_000_000))
    assert len(photo.xmp) == 2_000_000 and photo.notes == ()
    for key, what in (("XML:com.adobe.xmp", "XMP dropped: longer than 8 MB"), ("Comment", "a text dropped")):
        photo = decode(png_with("x" * 50_000_000, key))
        assert photo.xmp is None and [note for note in photo.notes if what in note]
        np.testing.assert_array_equal(photo.pixels, np.asarray(picture(), np.float32) / np.float32(255))


@pytest.mark.slow
def test_many_texts_together_are_a_bomb_too():
    info = PngImagePlugin.PngInfo()
    for number in range(90):
        info.add_text(f"text {number}", "x" * 900_000, zip=True)
    assert decode(saved(picture(), "PNG", pnginfo=info)).notes == ("a text dropped: longer than 1 MB",)


def test_a_long_profile_of_a_png_counts():
    from test_images import swapped_primaries

    profile = swapped_primaries() + bytes(1_500_000)
    image = Image.new("RGB", (8, 8), (200, 100, 30))
    np.testing.assert_allclose(
        decode(saved(image, "PNG", icc_profile=profile)).pixels[4, 4] * 255, [30, 100, 200], atol=5
    )


def test_a_long_file_is_looked_at_before_it_is_read(tmp_path, monkeypatch):
    from arbitrary_nst.files import reading

    monkeypatch.setattr(reading, "SHORT", 1000)
    sparse, cut = tmp_path / "b.jpg", tmp_path / "c.jpg"
    with open(sparse, "wb") as file:
        file.truncate(3_000_000_000)
    with pytest.raises(PhotoError, match=r"b\.jpg: not a readable image"):
        reading.read_photo_bytes(sparse)
    cut.write_bytes(saved(picture(), "JPEG"))
    with open(cut, "ab") as file:
        file.truncate(3_000_000_000)
    with pytest.raises(PhotoError, match=r"c\.jpg: 3\.0 GB, for a picture of 24x16 px"):
        reading.read_photo_bytes(cut)
    with pytest.raises(PhotoError, match="over the limit"):
        reading.read_photo_bytes(cut, max_pixels=10)
    sound = tmp_path / "d.jpg"
    sound.write_bytes(saved(picture(400, 400), "JPEG", quality=95))
    assert reading.read_photo_bytes(sound) == sound.read_bytes()


def test_videos_and_other_files_by_name():
    video = b"\0\0\0\x18ftypisom\0\0\2\0isomiso2" + bytes(40)
    for data, word in {
        video: "a video, not a photo",
        b"\0\0\0\x14ftypqt  " + bytes(40): "a video",
        b"\x1aE\xdf\xa3" + bytes(40): "a video",
        b"RIFF\0\0\0\0AVI LIST": "a video",
        b"PK\3\4" + bytes(40): "a ZIP archive",
        b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(40): "a JPEG 2000 picture",
        b"v/1\1" + bytes(40): "an OpenEXR picture",
        b"version https://git-lfs.github.com/spec/v1\n": "a pointer of Git LFS",
    }.items():
        with pytest.raises(PhotoError, match=word):
            decode(data)


def test_jpeg_xl_is_read_and_written_or_the_extra_named(monkeypatch):
    pytest.importorskip("pillow_jxl")
    photo = decode(saved(picture(64, 32), "JXL", lossless=True))
    np.testing.assert_array_equal(photo.pixels, np.asarray(picture(64, 32), np.float32) / np.float32(255))
    assert images.format_of(photo.format) == "jxl"
    again = decode(images.encode(photo, "jxl", quality=95).data)
    np.testing.assert_allclose(again.pixels, photo.pixels, atol=0.15)
    monkeypatch.setitem(sys.modules, "pillow_jxl", None)
    monkeypatch.setitem(sys.modules, "pillow_jxl.JpegXLImagePlugin", None)
    with pytest.raises(PhotoError, match=r"a JPEG XL picture\. Try: pip install 'arbitrary-nst\[jxl\]'"):
        decode(b"\xff\x0a" + bytes(40))
    with pytest.raises(PhotoError, match=r"arbitrary-nst\[jxl\]"):
        images.encode(photo, "jxl")


def test_a_run_length_bmp_is_refused_where_it_would_take_minutes(monkeypatch):
    palette = bytes(1024)
    runs = (b"\1\5" * 24 + b"\0\0") * 16
    head = b"BM" + struct.pack("<IHHI", 54 + 1024 + len(runs), 0, 0, 54 + 1024)
    head += struct.pack("<IiiHHIIiiII", 40, 24, 16, 1, 8, 1, len(runs), 0, 0, 256, 0)
    assert decode(head + palette + runs).size == (24, 16)
    monkeypatch.setattr(opening, "MOST_RUNS", 100)
    with pytest.raises(PhotoError, match=r"a run-length BMP of 0 MB\. Try: save it as a PNG"):
        decode(head + palette + runs)
