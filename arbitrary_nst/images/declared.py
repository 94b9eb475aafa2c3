"""What a file says of its colours: ICC profile, cICP, sRGB, gAMA and cHRM, nclx, EXIF."""

import struct
from typing import NamedTuple

from PIL import Image

from arbitrary_nst.images import metadata
from arbitrary_nst.images.boxes import boxes
from arbitrary_nst.images.colour import (
    ADOBE,
    BT709,
    HDR,
    PRIMARIES,
    SRGB,
    TRANSFERS,
    ColourSpace,
    Gamma,
    Primaries,
    srgb_to_linear,
    to_xyz,
)

UNSPECIFIED = 2  # H.273: said elsewhere, or nowhere
SRGB_GAMMA = 0.45455  # beside which a PNG means sRGB's own curve, unless its primaries are others (PNG, 11.3.2.2)
ICC_HEADER = b"ICC_PROFILE\0"
Code = tuple[int, int, bool]  # primaries, transfer, whether RGB uses the full range


class Declared(NamedTuple):
    """An ICC profile or else a colour space; ``full_range`` False where black is 16/255 and white 235/255."""

    icc: bytes | None = None
    space: ColourSpace = SRGB
    full_range: bool = True
    notes: tuple[str, ...] = ()


def declared(image: Image.Image, data: bytes = b"") -> Declared:
    """What an opened image, and its file's bytes where they are at hand, say of its colours: the strongest word.

    PNG: cICP, then iCCP, sRGB, gAMA and cHRM (PNG, third edition, 4.3). HEIC and AVIF: a profile, then nclx. Then
    EXIF, which knows only sRGB and Adobe RGB. PQ and HLG go before a profile: by its own cicp tag, or by nclx.
    """
    icc: bytes | None = image.info.get("icc_profile")
    notes: tuple[str, ...] = ()
    if image.format in ("JPEG", "MPO") and icc is None:
        icc, notes = _jpeg_profile(image)
    code = _png_cicp(data) if image.format == "PNG" else None
    nclx = _nclx(image, data) if image.format in ("AVIF", "HEIF") else None
    if icc and code is None:  # a profile has no way to tell HDR's absolute light but by its cicp tag
        code = next((hdr for hdr in (_icc_cicp(icc), nclx) if hdr and TRANSFERS.get(hdr[1]) in HDR), None)
    elif code is None:
        code = nclx
    if code is not None:
        space, told = _by_code(code)
        if space is not None:
            return Declared(None, space, full_range=code[2], notes=notes)
        notes += told
    if icc:
        return Declared(icc, notes=notes)
    if image.format == "PNG" and (image.info.keys() & {"srgb", "gamma", "chromaticity"}):
        space, told = _png_space(image)
        return Declared(None, space, notes=notes + told)
    return Declared(None, ADOBE if metadata.is_adobe_rgb(image) else SRGB, notes=notes)


def _by_code(code: Code) -> tuple[ColourSpace | None, tuple[str, ...]]:
    """The space of two H.273 codes; None, and why, where it is not known here."""
    primaries, transfer, _ = code
    if UNSPECIFIED in (primaries, transfer):
        if primaries == transfer:
            return None, ()
        transfer = 13 if transfer == UNSPECIFIED else transfer
        if primaries == UNSPECIFIED:
            primaries = 9 if TRANSFERS.get(transfer) in HDR else 1
    if primaries not in PRIMARIES or transfer not in TRANSFERS:
        return None, (f"colours by an unknown code ({primaries}/{transfer}): not used",)
    return ColourSpace(PRIMARIES[primaries], TRANSFERS[transfer]), ()


def _jpeg_profile(image: Image.Image) -> tuple[bytes | None, tuple[str, ...]]:
    """A profile whose chunks are stored more than once, which Pillow gives up on; a note where one is missing."""
    chunks: dict[int, bytes] = {}
    for name, segment in getattr(image, "applist", ()):
        if name == "APP2" and segment.startswith(ICC_HEADER) and len(segment) > 14:
            chunks.setdefault(segment[12], segment[14:])
    if not chunks:
        return None, ()
    profile = b"".join(chunks[number] for number in sorted(chunks))
    size = struct.unpack(">I", profile[:4].ljust(4, b"\xff"))[0]
    if len(profile) < size or sorted(chunks) != list(range(1, len(chunks) + 1)):
        return None, ("colour profile incomplete: taken as sRGB",)
    return profile[:size], ()


def _icc_cicp(icc: bytes) -> Code | None:
    """By a profile's cicp tag (ICC.1:2022, 9.2.17)."""
    count = min(struct.unpack(">I", icc[128:132].ljust(4, b"\0"))[0], 100)
    for at in range(132, min(132 + 12 * count, len(icc) - 11), 12):
        if icc[at : at + 4] == b"cicp":
            offset = struct.unpack(">I", icc[at + 4 : at + 8])[0]
            codes = icc[offset + 8 : offset + 12]
            return (codes[0], codes[1], True) if len(codes) == 4 else None
    return None


def _png_cicp(data: bytes) -> Code | None:
    """By the cICP chunk, which stands before the pixels."""
    at = 8
    while at + 12 <= len(data):
        length, kind = struct.unpack(">I4s", data[at : at + 8])
        if kind in (b"IDAT", b"IEND"):
            return None
        if kind == b"cICP" and length == 4:
            codes = data[at + 8 : at + 12]
            return codes[0], codes[1], bool(codes[3])
        at += 12 + length
    return None


def _png_space(image: Image.Image) -> tuple[ColourSpace, tuple[str, ...]]:
    """By sRGB, else by gAMA and cHRM; what of them makes no sense is told and not used."""
    info = image.info
    if "srgb" in info:
        return SRGB, ()
    primaries, notes = BT709, []
    if len(xy := info.get("chromaticity", ())) == 8:
        given = Primaries(xy[2:4], xy[4:6], xy[6:8], xy[0:2])
        try:
            to_xyz(given)
            # written from sRGB's own numbers, in whatever precision, it means sRGB
            same = all(abs(a - b) < 2e-3 for a, b in zip(sum(given, ()), sum(BT709, ()), strict=True))
            primaries = BT709 if same else given
        except ValueError:
            notes.append("chromaticities (cHRM) make no sense: not used")
    gamma = info.get("gamma")
    if gamma is not None and not 0.1 <= gamma <= 10:
        notes.append(f"gamma (gAMA) {gamma:g} makes no sense: not used")
        gamma = None
    if gamma is None or (primaries == BT709 and abs(gamma - SRGB_GAMMA) < 1e-3):
        return ColourSpace(primaries, srgb_to_linear), tuple(notes)
    return ColourSpace(primaries, Gamma(1 / gamma)), tuple(notes)


def _nclx(image: Image.Image, data: bytes) -> Code | None:
    """By the nclx of a HEIC or AVIF picture, whose range its decoder has widened."""
    if given := image.info.get("nclx_profile"):
        return given["color_primaries"], given["transfer_characteristics"], True
    nclx = boxes(data).nclx
    return None if nclx is None else (*nclx, True)
