"""XMP: passed on as it is, less what declares parts that are gone, shows the photo as it was, or is private."""

import hashlib
import re
import struct
from collections.abc import Callable, Iterator, Sequence
from xml.dom import Node, minidom
from xml.parsers.expat import ExpatError

ADOBE = "http://ns.adobe.com/"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
XMLNS = "http://www.w3.org/2000/xmlns/"
XMP, TIFF, EXIF, PHOTOSHOP, NOTE = (
    ADOBE + name for name in ("xap/1.0/", "tiff/1.0/", "exif/1.0/", "photoshop/1.0/", "xmp/note/")
)
GOOGLE = "http://ns.google.com/photos/1.0/"
# Thumbnails, gain maps, depth maps with the photo in them, films, and directories of such parts: all that is in these.
GONE_SPACES = (
    ADOBE + "xap/1.0/g/img/", ADOBE + "hdr-gain-map/", "http://ns.apple.com/HDRGainMap/",
    "http://ns.apple.com/pixeldatainfo/", GOOGLE + "container/", GOOGLE + "depthmap/", GOOGLE + "image/",
    GOOGLE + "audio/", "http://ns.google.com/photos/dd/",
)  # fmt: skip
GONE_NAMES = re.compile("Motion|MicroVideo|HasExtendedXMP|Thumbnails$|TextLayers$")
GONE_NAME_SPACES = (GOOGLE + "camera/", NOTE, XMP, PHOTOSHOP)
PRIVATE_NAMES = re.compile("gps|latitude|longi?t|altitude|serial.?num|makernote|shot_log", re.IGNORECASE)
IPTC_CORE, IPTC_EXTENSION = (
    f"http://iptc.org/std/{name}/" for name in ("Iptc4xmpCore/1.0/xmlns", "Iptc4xmpExt/2008-02-29")
)
PLACES = {
    PHOTOSHOP: {"City", "State", "Country"},
    IPTC_CORE: {"Location", "CountryCode"},
    IPTC_EXTENSION: {"LocationCreated", "LocationShown"},
    "http://purl.org/dc/elements/1.1/": {"coverage"},
    "http://cipa.jp/exif/1.0/": {"CameraOwnerName"},
    ADOBE + "exif/1.0/aux/": {"OwnerName"},
}
EXTENSION_HEADER = b"http://ns.adobe.com/xmp/extension/\0"
ORIENTATION = re.compile(rb'(tiff:Orientation(?:=["\']|>)\s*)[2-8]')
SIZES = {(EXIF, "PixelXDimension"): 0, (EXIF, "PixelYDimension"): 1, (TIFF, "ImageWidth"): 0, (TIFF, "ImageLength"): 1}
MOST_BYTES = 16_000_000
PART = 65_000  # bytes of an extension in one segment of a JPEG

Property = minidom.Element | minidom.Attr
Change = Callable[[Property], str | None]  # the new value, None to leave it, "" to remove it


def carried(packet: bytes, segments: Sequence[bytes] = ()) -> tuple[bytes | None, tuple[str, ...]]:
    """A packet with its extension made one with it, upright, without parts that are gone; notes.

    ``segments`` are those of a JPEG that begin with ``EXTENSION_HEADER``.
    """
    packet = ORIENTATION.sub(rb"\g<1>1", _as_utf8(packet.rstrip(b"\0")))
    if not packet:
        return None, ()
    try:
        document = _parsed(packet)
        notes = _extend(document, segments)
        return _changed(packet, document, _without_gone, began=bool(segments) and not notes), notes
    except ValueError as exc:
        if re.search(rb"<!DOCTYPE|Thumbnails|MotionPhoto|MicroVideo|hdr-gain-map|HasExtendedXMP|GainMap", packet):
            return None, (f"XMP dropped: {exc}",)
        return packet, ()


def private(packet: bytes) -> bytes | None:
    """Without position and serial numbers; None where it cannot be told what it says."""
    try:
        return _changed(packet, _parsed(packet), _without_private)
    except ValueError:
        return None


def resized(packet: bytes, size: tuple[int, int]) -> bytes:
    """With this width and height in px wherever they are told."""
    return _if_parsed(packet, lambda it: str(size[SIZES[_name(it)]]) if _name(it) in SIZES else None)


def to_srgb(packet: bytes) -> bytes:
    """Saying that the colours are sRGB."""
    told = {(EXIF, "ColorSpace"): "1", (PHOTOSHOP, "ICCProfile"): "sRGB IEC61966-2.1"}
    return _if_parsed(packet, lambda it: told.get(_name(it)))


def split(packet: bytes) -> tuple[bytes, list[bytes]]:
    """A packet too long for one segment of a JPEG as a short one that points to an extension, and that one's segments.

    Raises ValueError where the packet is no XML.
    """
    _parsed(packet)
    packet = re.sub(rb"<\?xpacket.*?\?>", b"", packet, flags=re.DOTALL).strip()
    digest = hashlib.md5(packet, usedforsecurity=False).hexdigest().upper().encode()
    short = (
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="' + RDF.encode() + b'"><rdf:Description rdf:about="" '
        b'xmlns:xmpNote="' + NOTE.encode() + b'" xmpNote:HasExtendedXMP="' + digest + b'"/></rdf:RDF></x:xmpmeta>'
    )
    return short, [
        EXTENSION_HEADER + digest + struct.pack(">II", len(packet), at) + packet[at : at + PART]
        for at in range(0, len(packet), PART)
    ]


def _as_utf8(packet: bytes) -> bytes:
    is_utf16 = packet.startswith((b"\xff\xfe", b"\xfe\xff"))
    return packet.decode("utf-16", "replace").encode() if is_utf16 else packet


def _parsed(packet: bytes) -> minidom.Document:
    """Raises ValueError, in words, for what is no XML, too long, or declares entities."""
    if len(packet) > MOST_BYTES:
        raise ValueError(f"{len(packet)} bytes are too many")
    if b"<!DOCTYPE" in packet or b"<!ENTITY" in packet:
        raise ValueError("it declares entities")
    try:
        return minidom.parseString(packet)
    except (ExpatError, ValueError, LookupError) as exc:
        raise ValueError("it cannot be read") from exc


def _extend(document: minidom.Document, segments: Sequence[bytes]) -> tuple[str, ...]:
    """Move the properties of an extension into the document it belongs to."""
    digests = [it.value for it in _properties(document) if _name(it) == (NOTE, "HasExtendedXMP")
               and isinstance(it, minidom.Attr)]  # fmt: skip
    digests += [_text(it) for it in _properties(document) if _name(it) == (NOTE, "HasExtendedXMP")
                and isinstance(it, minidom.Element)]  # fmt: skip
    if not digests:
        return ()
    try:
        extension = _parsed(_joined(segments, digests[0].strip().encode()))
    except ValueError:
        return ("the extended part of XMP dropped: it is not whole",)
    roots = document.getElementsByTagNameNS(RDF, "RDF")
    for description in extension.getElementsByTagNameNS(RDF, "Description"):
        if description.parentNode is not None and description.parentNode.localName == "RDF" and roots:
            for ancestor in (description.parentNode, extension.documentElement):
                _copy_prefixes(ancestor, description)
            try:
                roots[0].appendChild(document.importNode(description, True))
            except RecursionError as exc:
                raise ValueError("it is nested too deep") from exc
    return ()


def _copy_prefixes(source: minidom.Element | None, target: minidom.Element) -> None:
    for name, value in [] if source is None else source.attributes.items():
        if name.startswith("xmlns") and not target.hasAttribute(name):
            target.setAttributeNS(XMLNS, name, value)


def _joined(segments: Sequence[bytes], digest: bytes) -> bytes:
    """The extension of that digest. Raises ValueError where parts are missing."""
    head = len(EXTENSION_HEADER)
    parts = {}
    for segment in segments:
        if segment[head : head + 32] == digest and len(segment) > head + 40:
            whole, at = struct.unpack_from(">II", segment, head + 32)
            parts[at] = segment[head + 40 :]
    joined = b"".join(parts[at] for at in sorted(parts))
    if not parts or len(joined) != whole:
        raise ValueError("not whole")
    return joined


def _if_parsed(packet: bytes, change: Change) -> bytes:
    try:
        return _changed(packet, _parsed(packet), change) or packet
    except ValueError:
        return packet


def _changed(packet: bytes, document: minidom.Document, change: Change, *, began: bool = False) -> bytes:
    """The packet as it was where nothing is to be changed, else the document written anew."""
    touched = began
    for it in list(_properties(document)):
        value = change(it)
        if value is None or (isinstance(it, minidom.Attr) and it.value == value):
            continue
        touched = True
        if not value:
            _remove(it)
        elif isinstance(it, minidom.Attr):
            it.value = value
        elif isinstance(it.firstChild, minidom.Text):
            it.firstChild.data = value
    if not touched:
        return packet
    try:
        return "".join(node.toxml() for node in document.childNodes).encode()
    except RecursionError as exc:
        raise ValueError("it is nested too deep") from exc


def _remove(it: Property) -> None:
    if isinstance(it, minidom.Attr):
        owner = it.ownerElement
        if owner is not None and owner.hasAttribute(it.name):
            owner.removeAttribute(it.name)
    elif it.parentNode is not None:
        it.parentNode.removeChild(it)


def _properties(document: minidom.Document) -> Iterator[Property]:
    """Every element and attribute at any depth, whichever way RDF spells a property."""
    todo = [document.documentElement]
    while todo:
        element = todo.pop()
        if element is None:
            continue
        yield element
        yield from list(element.attributes.values())
        todo += [child for child in element.childNodes if child.nodeType == Node.ELEMENT_NODE]


def _name(it: Property) -> tuple[str, str]:
    return it.namespaceURI or "", it.localName or ""


def _text(element: minidom.Element) -> str:
    return "".join(child.data for child in element.childNodes if isinstance(child, minidom.Text))


def _without_gone(it: Property) -> str | None:
    space, name = _name(it)
    if isinstance(it, minidom.Attr) and space == XMLNS:
        space = it.value  # a declaration goes with all that it is for
        return "" if space.startswith(GONE_SPACES) else None
    gone = space.startswith(GONE_SPACES) or (space in GONE_NAME_SPACES and GONE_NAMES.match(name))
    return "" if gone else None


def _without_private(it: Property) -> str | None:
    space, name = _name(it)
    private = name in PLACES.get(space, ()) or (space != XMLNS and PRIVATE_NAMES.search(name))
    return "" if private else None
