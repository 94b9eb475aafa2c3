"""Metadata comes through as it was stored, and what is untrue or private does not: told by other readers."""

import hashlib
import io
import json
import shutil
import struct
import subprocess

import numpy as np
import pytest
from drawn import decode, picture, reopened, saved
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from arbitrary_nst import images
from arbitrary_nst.images import exif, exif_layout, photoshop, placing, xmp

FORMATS = ["jpg", "png", "webp", "avif", "tiff"]
JPEG = b"\xff\xd8\xff\xe0 a small photo \xff\xd9"
NAMESPACES = {
    "dc": "http://purl.org/dc/elements/1.1/", "tiff": xmp.TIFF, "exif": xmp.EXIF, "photoshop": xmp.PHOTOSHOP,
    "xmp": xmp.XMP, "xmpGImg": xmp.ADOBE + "xap/1.0/g/img/", "GCamera": xmp.GOOGLE + "camera/",
    "Container": xmp.GOOGLE + "container/", "hdrgm": xmp.ADOBE + "hdr-gain-map/1.0/", "xmpNote": xmp.NOTE,
    "aux": xmp.ADOBE + "exif/1.0/aux/", "core": xmp.IPTC_CORE,
}  # fmt: skip


def packet(attributes="", inside=""):
    used = {prefix: uri for prefix, uri in NAMESPACES.items() if f"{prefix}:" in attributes + inside}
    spaces = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in used.items())
    return (
        f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{xmp.RDF}"><rdf:Description rdf:about="" {spaces} '
        f"{attributes}>{inside}</rdf:Description></rdf:RDF></x:xmpmeta>"
    ).encode()


def directory(at, tags, order, following=0):
    """A directory and its values, to lie at an offset; a callable value is told where it will lie."""
    table, values, end = b"", b"", at + 6 + 12 * len(tags)
    for tag, kind, value in tags:
        here = end + len(values)
        value = value(here) if callable(value) else value
        count = len(value) // exif.TYPE_SIZES[kind]
        table += struct.pack(order + "HHI", tag, kind, count)
        if len(value) <= 4:
            table += value.ljust(4, b"\0")
        else:
            table += struct.pack(order + "I", here)
            values += value + b"\0" * (len(value) % 2)
    return struct.pack(order + "H", len(tags)) + table + struct.pack(order + "I", following) + values


def canon_note(order):
    """Canon's note as cameras write it: its offsets count from the block's first byte."""

    def at(here):
        return directory(
            here, [(6, 2, b"Canon EOS R5 image\0"), (9, 2, b"An owner\0"), (0x95, 2, b"RF24-70mm F2.8\0")], order
        )

    return at


def camera_block(order="<", orientation=1, size=(24, 16), layers=0):
    """What a camera writes, with a thumbnail, UTF-8, all kinds of types, GPS, DCF's Adobe RGB and a maker's note."""
    long, short = (lambda number, kind=kind: struct.pack(order + kind, number) for kind in "IH")
    rational = struct.pack(order + "II", 300, 1)
    head = (b"II*\0" if order == "<" else b"MM\0*") + long(8)
    exif_tags = [
        (33434, 5, struct.pack(order + "II", 1, 8000)), (36864, 7, b"0232"), (36867, 2, b"2024:01:02 03:04:05\0"),
        (37121, 7, b"\1\2\3\0"), (37500, 7, canon_note(order)), (37510, 7, b"ASCII\0\0\0a comment"),
        (40961, 3, short(65535)), (40962, 4, long(size[0])), (40963, 4, long(size[1])), (40965, 4, long(0)),
        (42033, 2, b"SERIAL-123\0"), (42036, 2, b"RF24-70mm F2.8\0"),
    ]  # fmt: skip
    gps_tags = [(1, 2, b"N\0"), (2, 5, struct.pack(order + "6I", 35, 1, 30, 1, 0, 1))]
    first_tags = [
        (270, 2, "Café in København 東京\0".encode()), (271, 2, b"Canon\0"), (272, 2, b"Canon EOS R5\0"),
        (274, 3, short(orientation)), (282, 5, rational), (283, 5, rational), (296, 3, short(2)),
        (315, 2, "Fotoatelier Süd\0".encode()), (33432, 2, "© Fotoatelier Süd\0".encode()), (34665, 4, long(0)),
        (34853, 4, long(0)), *([(37724, 7, b"layer" * layers)] if layers else []),
    ]  # fmt: skip
    interop_at = 8
    interop = directory(interop_at, [(1, 2, b"R03\0"), (2, 7, b"0100")], order)
    exif_at = interop_at + len(interop)
    exif_tags = [(tag, kind, long(interop_at) if tag == 40965 else value) for tag, kind, value in exif_tags]
    inside = directory(exif_at, exif_tags, order)
    gps_at = exif_at + len(inside)
    gps = directory(gps_at, gps_tags, order)
    first_at = gps_at + len(gps)
    pointers = {34665: long(exif_at), 34853: long(gps_at)}
    first_tags = [(tag, kind, pointers.get(tag, value)) for tag, kind, value in first_tags]
    thumbnail_at = first_at + len(directory(first_at, first_tags, order))
    first = directory(first_at, first_tags, order, thumbnail_at)
    thumbnail_tags = [(513, 4, long(thumbnail_at + 30)), (514, 4, long(len(JPEG)))]
    thumbnail = directory(thumbnail_at, thumbnail_tags, order) + JPEG
    return head[:4] + long(first_at) + interop + inside + gps + first + thumbnail


def tags_of(data, tmp_path, suffix):
    """Every tag of a file, by exiftool where it is installed, else by exiv2."""
    path = tmp_path / f"seen.{suffix}"
    path.write_bytes(data)
    if shutil.which("exiftool"):
        told = subprocess.run(
            ["exiftool", "-j", "-G1", "-a", "-u", "-n", path], capture_output=True, check=False
        ).stdout
        groups = ("IFD0:", "ExifIFD:", "GPS:", "InteropIFD:", "Canon:", "IPTC:", "XMP-", "IFD1:")
        return {tag: value for tag, value in json.loads(told)[0].items() if tag.startswith(groups)}
    exiv2 = pytest.importorskip("exiv2")
    image = exiv2.ImageFactory.open(str(path))
    image.readMetadata()
    return {
        each.key(): each.toString() for data in (image.exifData(), image.iptcData(), image.xmpData()) for each in data
    }


LAYOUT = ("Orientation", "ImageWidth", "ImageHeight", "ImageLength", "BitsPerSample", "Compression", "Interpretation",
          "StripOffsets", "SamplesPerPixel", "RowsPerStrip", "StripByteCounts", "PlanarConfiguration", "Thumbnail",
          "ColorSpace", "InteropIndex", "InteroperabilityIndex", "MakerNote.Offset", "XMLPacket", "IPTCNAA",
          "ImageResources", "InterColorProfile", "ExifTag", "GPSTag", "InteroperabilityTag",
          "Exif.Thumbnail")  # fmt: skip


def kept(tags):
    return {tag: value for tag, value in tags.items() if not any(word in tag for word in LAYOUT)}


@pytest.mark.slow
@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("format", FORMATS)
def test_every_tag_is_as_before(order, format, tmp_path):
    rights = packet("dc:format='image/jpeg'", "<dc:rights>© Süd 東京</dc:rights>")
    data = saved(picture(), "JPEG", exif=b"Exif\0\0" + camera_block(order), xmp=rights)
    before = kept(tags_of(data, tmp_path, "jpg"))
    photo = decode(data)
    once = images.encode(photo, format)
    assert once.notes == ()
    assert kept(tags_of(once.data, tmp_path, format)) == before and len(before) > 20
    again = images.encode(decode(once.data), "jpg")  # and back
    assert kept(tags_of(again.data, tmp_path, "jpg")) == before
    for data in (once.data, again.data):
        assert JPEG not in data and b"R03\0" not in data and b"R98\0" in data


def test_a_block_passes_untouched_but_for_what_must_change():
    block = camera_block()
    carried = decode(saved(picture(), "PNG", exif=b"Exif\0\0" + block)).exif
    changed = [at for at in range(len(carried)) if carried[at] != block[at]]
    assert len(changed) < 10 and len(carried) < len(block)  # ColorSpace, R98, the link; the thumbnail's end is cut off


@pytest.mark.parametrize("orientation", [1, 6])
def test_pixel_sizes_follow_the_picture(orientation):
    data = saved(picture(), "JPEG", exif=b"Exif\0\0" + camera_block(orientation=orientation))
    photo = images.resize_longest(decode(data), 12)
    told = reopened(images.encode(photo, "jpg")).getexif()
    assert (told.get_ifd(34665)[40962], told.get_ifd(34665)[40963]) == photo.size
    assert told[274] == 1


def test_sizes_in_xmp_follow_too():
    told = packet('exif:PixelXDimension="24" tiff:ImageLength="16"')
    photo = images.resize_longest(decode(saved(picture(), "JPEG", xmp=told)), 12)
    written = reopened(images.encode(photo, "jpg")).info["xmp"]
    assert b'PixelXDimension="12"' in written and b'ImageLength="8"' in written


@pytest.mark.slow
@pytest.mark.parametrize("format", FORMATS)
def test_strip_leaves_nothing_and_private_no_place_or_serial_number(format, tmp_path):
    told = packet(
        'photoshop:City="Tokyo" aux:SerialNumber="SERIAL-123" dc:format="x" core:Location="Shiba"',
        "<dc:rights>Rights</dc:rights><exif:GPSLatitude>35,30N</exif:GPSLatitude>",
    )
    iptc = b"\x1c\2\x5a\0\5Tokyo\x1c\2\x74\0\6Rights"
    resources = photoshop.joined([photoshop.Resource(1028, iptc)])
    segment = b"\xff\xed" + struct.pack(">H", len(resources) + 16) + b"Photoshop 3.0\0" + resources
    photo = decode(saved(picture(), "JPEG", exif=b"Exif\0\0" + camera_block(), xmp=told, extra=segment))
    private = images.encode(photo, format, metadata="private").data
    for secret in (b"SERIAL", b"Tokyo", b"An owner", b"GPSLat", b"Shiba", struct.pack("<6I", 35, 1, 30, 1, 0, 1)):
        assert secret not in private, secret
    tags = tags_of(private, tmp_path, format)
    for word in ("Copyright", "DateTimeOriginal", "Model", "LensModel", "Rights"):
        assert any(word.lower() in tag.lower() for tag in tags), word
    assert not any("GPS" in tag for tag in tags)
    stripped = tags_of(images.encode(photo, format, metadata="strip").data, tmp_path, format)
    assert kept(stripped) == {}


# --- XMP


def test_parts_that_are_gone_are_not_declared():
    told = packet(
        'GCamera:MotionPhoto="1" GCamera:MicroVideoOffset="40" hdrgm:Version="1.0" dc:format="image/jpeg"',
        "<Container:Directory><rdf:Seq><rdf:li>film</rdf:li></rdf:Seq></Container:Directory><xmp:Thumbnails><rdf:Alt>"
        "<rdf:li><xmpGImg:image>/9j/4AAQ</xmpGImg:image></rdf:li></rdf:Alt></xmp:Thumbnails>",
    )
    written, notes = xmp.carried(told)
    assert notes == () and b'dc:format="image/jpeg"' in written
    for word in (b"Motion", b"MicroVideo", b"hdr-gain-map", b"Directory", b"Thumbnails", b"/9j/"):
        assert word not in written


def test_what_says_nothing_untrue_passes_byte_for_byte():
    told = (
        b'<?xpacket begin="" id="W5M0"?>\n'
        + packet('dc:format="x"', "<dc:rights>© Süd</dc:rights>")
        + b"\n<?xpacket end='w'?>"
    )
    assert xmp.carried(told) == (told, ())


def test_extended_xmp_comes_whole_or_without_its_pointer():
    extension = packet("", "<dc:subject>" + "word " * 20_000 + "</dc:subject>")
    digest = hashlib.md5(extension).hexdigest().upper()
    short = packet(f'xmpNote:HasExtendedXMP="{digest}" dc:format="x"')
    parts = [
        xmp.EXTENSION_HEADER + digest.encode() + struct.pack(">II", len(extension), at) + extension[at : at + 65_000]
        for at in range(0, len(extension), 65_000)
    ]
    segments = [b"\xff\xe1" + struct.pack(">H", len(part) + 2) + part for part in parts]
    photo = decode(saved(picture(), "JPEG", xmp=short, extra=b"".join(segments)))
    assert photo.notes == () and b"word word" in photo.xmp and b"HasExtendedXMP" not in photo.xmp
    encoded = images.encode(photo, "jpg")
    assert encoded.notes == () and b"word word" in decode(encoded.data).xmp
    broken = decode(saved(picture(), "JPEG", xmp=short, extra=segments[0]))
    assert any("XMP" in note for note in broken.notes) and b"HasExtendedXMP" not in broken.xmp


# --- IPTC, comments, text, resolution


def test_iptc_comment_and_resolution_of_a_jpeg(tmp_path):
    iptc = b"\x1c\2\x74\0\6Rights"
    found = [
        photoshop.Resource(1028, iptc),
        photoshop.Resource(1036, JPEG),
        photoshop.Resource(2000, b"p", b"\4path\0"),
    ]
    resources = photoshop.joined(found)
    extra = b"\xff\xed" + struct.pack(">H", len(resources) + 16) + b"Photoshop 3.0\0" + resources
    data = bytearray(saved(picture(), "JPEG", comment="öffentlich".encode(), extra=extra))
    data[13:18] = struct.pack(">BHH", 2, 118, 118)  # dots per cm
    photo = decode(bytes(data))
    back = decode(images.encode(photo, "jpg").data).metadata
    assert back.photoshop == photoshop.joined([found[0], found[2]])
    assert back.comments == ("öffentlich".encode(),) and back.density == (118, 118, "cm")
    png = decode(images.encode(photo, "png").data).metadata
    assert photoshop.iptc_of(png.photoshop) == iptc and png.text[0].text == "öffentlich"
    assert png.density.x == pytest.approx(118 * 2.54, abs=0.02)
    tiff = decode(images.encode(photo, "tiff").data).metadata
    assert photoshop.iptc_of(tiff.photoshop) == iptc
    assert images.encode(photo, "webp").notes == ("webp has no place for the comment, IPTC: dropped",)


def test_text_and_resolution_of_a_png():
    text = PngImagePlugin.PngInfo()
    text.add_text("parameters", "a cat, steps: 20")
    text.add_itxt("Title", "東京", "ja", "題")
    photo = decode(saved(picture(), "PNG", pnginfo=text, dpi=(300, 300)))
    back = decode(images.encode(photo, "png").data).metadata
    assert (
        back.text
        == photo.metadata.text
        == (("parameters", "a cat, steps: 20", None, None), ("Title", "東京", "ja", "題"))
    )
    assert back.density == photo.metadata.density and round(back.density.x) == 300
    assert images.encode(photo, "jpg").notes == ("jpg has no place for parameters, Title: dropped",)
    for format in ("jpg", "tiff"):
        assert round(reopened(images.encode(photo, format)).info["dpi"][0]) == 300


def test_image_magicks_raw_profiles():
    text = PngImagePlugin.PngInfo()
    iptc = photoshop.joined([photoshop.Resource(1028, b"\x1c\2\x74\0\1R")])
    blocks = {"xmp": packet('dc:format="x"'), "iptc": iptc, "exif": b"Exif\0\0" + camera_block()}
    for name, block in blocks.items():
        text.add_text(f"Raw profile type {name}", f"\n{name}\n{len(block):8}\n{block.hex()}\n", zip=True)
    told = decode(saved(picture(), "PNG", pnginfo=text)).metadata
    assert told.xmp == packet('dc:format="x"') and photoshop.iptc_of(told.photoshop) == b"\x1c\2\x74\0\1R"
    assert "Café".encode() in told.exif and told.text == ()


# --- too long, broken, hostile


def test_layers_are_left_behind_and_long_exif_is_told(tmp_path):
    layered = decode(saved(picture(), "PNG", exif=b"Exif\0\0" + camera_block(layers=20_000)))
    encoded = images.encode(layered, "jpg")
    assert encoded.notes == () and b"layerlayer" not in encoded.data
    assert b"layerlayer" not in images.encode(layered, "tiff").data
    assert b"Canon EOS R5 image" in encoded.data
    block = b"II*\0" + struct.pack("<I", 8) + directory(8, [(270, 2, b"x" * 70_000)], "<")
    photo = decode(saved(picture(), "PNG", exif=b"Exif\0\0" + block))
    assert any("EXIF" in note for note in images.encode(photo, "jpg").notes)
    shown = images.to_pil(photo)
    for suffix in ("jpg", "png", "webp", "avif", "tiff"):
        shown.save(tmp_path / f"x.{suffix}", **shown.info)


def test_previews_inside_a_makers_note_are_blanked():
    note = b"OLYMPUS\0II\3\0" + bytes(60) + JPEG + bytes(9)
    block = b"II*\0" + struct.pack("<I", 8)
    block += directory(8, [(271, 2, b"OLYMPUS\0"), (34665, 4, struct.pack("<I", 46))], "<")
    block = block.ljust(46, b"\0") + directory(46, [(37500, 7, note)], "<")
    told = decode(saved(picture(), "PNG", exif=b"Exif\0\0" + block)).exif
    assert b"OLYMPUS\0II" in told and b"small photo" not in told and len(told) == len(block)


def test_a_makers_note_far_into_a_tiff_is_left_out_with_a_note():
    start = 70_000
    block = bytearray(b"II*\0" + struct.pack("<I", start)).ljust(start, b"\0")
    block += directory(start, [(271, 2, b"Canon\0"), (34665, 4, struct.pack("<I", start + 100))], "<").ljust(100, b"\0")
    block += directory(start + 100, [(37500, 7, canon_note("<"))], "<")
    gathered, notes = exif_layout.gathered(lambda at, size: bytes(block[at : at + size]))
    assert b"Canon" in gathered and b"RF24" not in gathered and len(notes) == 1


BLOCK = camera_block()
CHANGE = st.tuples(st.integers(0, len(BLOCK) - 1), st.integers(0, 255))


@pytest.mark.slow
@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    st.lists(st.tuples(st.integers(0, len(BLOCK) - 1), st.integers(0, 255)), max_size=12), st.integers(0, len(BLOCK))
)
def test_a_broken_block_costs_a_note_at_most(changes, length):
    block = bytearray(BLOCK)
    for at, value in changes:
        block[at] = value
    image = picture(4, 4)
    image.info["exif"] = b"Exif\0\0" + bytes(block[:length] or b"\0")
    photo = images.from_pil(image)
    for policy in ("keep", "private"):
        written = photo.metadata.written((2, 2), policy)
        for format in FORMATS:
            options, _ = placing.options_for(format, written)
            assert isinstance(options, dict)
    plain = io.BytesIO()
    picture(4, 4).save(plain, "TIFF")
    placing.finished("tiff", plain.getvalue(), photo.metadata)
    shown = images.to_pil(photo)
    for name in ("JPEG", "WEBP", "TIFF", "PNG"):
        shown.save(io.BytesIO(), name, **shown.info)


def test_hostile_xmp_is_no_more_than_a_note():
    deep = packet("", "<dc:a>" * 5000 + "</dc:a>" * 5000)
    entities = b'<!DOCTYPE x [<!ENTITY a "aaaa">]>' + packet("", "&a;")
    for told in (deep, entities, b"<x", b"\0", b"\xff\xfe<\0", packet('GCamera:MotionPhoto="1"')[:-9]):
        written, notes = xmp.carried(told)
        assert written is None or notes == ()
        if written:
            xmp.private(written), xmp.resized(written, (1, 1))


def test_the_readers_of_16_bit_tiffs_keep_their_tags():
    image = Image.fromarray(np.full((4, 4), 40000, np.uint16))
    told = decode(saved(image, "TIFF", description="Süd", software="s")).exif
    assert b"s\0" in told


@pytest.mark.slow
@pytest.mark.parametrize("name", ["meta", "canon_makernote", "panasonic_makernote", "exif_types"])
@pytest.mark.parametrize("format", ["jpg", "tiff"])
def test_files_shaped_like_cameras(name, format, shared, tmp_path):
    path = shared / "inputs" / "photos" / f"{name}.jpg"
    if not path.exists():
        pytest.skip("needs the shared photos")
    data = path.read_bytes()
    before, after = (
        kept(tags_of(each, tmp_path, suffix))
        for each, suffix in ((data, "jpg"), (images.encode(decode(data), format).data, format))
    )
    positioning = {tag for tag in before if "YCbCrPositioning" in tag} if format == "tiff" else set()
    resolution = {tag for tag in after if "Resolution" in tag and tag not in before}
    assert {tag: value for tag, value in after.items() if tag not in resolution} == {
        tag: value for tag, value in before.items() if tag not in positioning
    }


def test_heic_keeps_its_block_and_its_true_size():
    pillow_heif = pytest.importorskip("pillow_heif")
    buffer = io.BytesIO()
    block = b"Exif\0\0" + camera_block(size=(64, 32), orientation=6)
    pillow_heif.from_pillow(picture(64, 32)).save(buffer, quality=95, exif=block)
    photo = decode(buffer.getvalue())
    told = reopened(images.encode(photo, "jpg")).getexif()
    assert (told.get_ifd(34665)[40962], told.get_ifd(34665)[40963]) == photo.size and told[274] == 1
    assert "Café".encode() in photo.exif and b"Canon EOS R5 image" in photo.exif


def test_an_avif_that_turns_itself_keeps_its_block():
    data = saved(picture(), "AVIF", exif=b"Exif\0\0" + camera_block(orientation=6))  # Pillow moves it into a box
    photo = decode(data)
    assert photo.size == (16, 24) and photo.metadata.size == (24, 16)
    assert decode(images.encode(photo, "avif").data).size == (16, 24)


def test_a_comment_of_a_gif_goes_into_a_jpeg():
    photo = decode(saved(picture(), "GIF", comment=b"words"))
    assert decode(images.encode(photo, "jpg").data).metadata.comments == (b"words",)


def test_private_text_of_a_png():
    text = PngImagePlugin.PngInfo()
    text.add_text("exif:GPSLatitude", "35/1")
    text.add_text("Author", "Süd")
    photo = decode(saved(picture(), "PNG", pnginfo=text))
    written = decode(images.encode(photo, "png", metadata="private").data)
    assert [each.keyword for each in written.metadata.text] == ["Author"]


def test_a_picture_saved_by_its_info_keeps_all_of_it(tmp_path):
    resources = photoshop.joined([photoshop.Resource(1028, b"\x1c\2\x74\0\1R")])
    segment = b"\xff\xed" + struct.pack(">H", len(resources) + 16) + b"Photoshop 3.0\0" + resources
    told = {"exif": b"Exif\0\0" + camera_block(), "xmp": packet('dc:format="x"'), "comment": b"words", "extra": segment}
    shown = images.to_pil(decode(saved(picture(), "JPEG", dpi=(300, 300), **told)))
    for suffix in ("jpg", "png"):
        shown.save(tmp_path / f"x.{suffix}", **shown.info)
        back = decode((tmp_path / f"x.{suffix}").read_bytes()).metadata
        assert b"Canon EOS R5 image" in back.exif and back.xmp == told["xmp"]
        assert photoshop.iptc_of(back.photoshop) and round(back.density.x) == 300 and (back.comments or back.text)


def test_many_tags_of_one_long_value_cost_the_metadata_only():
    tags = [(60_000 + number, 7, b"") for number in range(1500)]
    block = bytearray(directory(8, tags, "<"))
    for number in range(1500):
        struct.pack_into("<II", block, 2 + 12 * number + 4, 1_000_000, 8)
    block = b"II*\0" + struct.pack("<I", 8) + bytes(block) + bytes(1_000_000)
    patched = exif.Block(block)
    patched.drop_parts()
    patched.make_private()
    with pytest.raises(OverflowError):
        exif_layout.gathered(lambda at, size: block[at : at + size])
    image = picture(4, 4)
    image.info["exif"] = bytes(exif.MOST_BYTES + 1)
    assert any("EXIF dropped" in note for note in images.from_pil(image).notes)
