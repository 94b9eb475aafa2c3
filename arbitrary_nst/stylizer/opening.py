"""A session that opens whatever it is given: paths, encoded bytes, PIL images, arrays, and styles of any kind."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from arbitrary_nst import images, options
from arbitrary_nst.errors import OptionError
from arbitrary_nst.files import reading
from arbitrary_nst.files.given import by_name
from arbitrary_nst.images import Photo
from arbitrary_nst.images.sources import Array, Source, name_of, refuse_others, stem_of
from arbitrary_nst.options import DrawOptions
from arbitrary_nst.session import Session
from arbitrary_nst.styles import Style, blend, normalised
from arbitrary_nst.styles.files import is_style_file


class Opening(Session):
    """A Session whose methods take any kind of picture and style. Raises PhotoError and OptionError besides."""

    def style(
        self,
        source: Source | Array | Photo | Mapping[Any, float],
        *,
        name: str | None = None,
        style_size: int | None = None,
        style_crop: options.StyleCrop = "auto",
    ) -> Style:
        """Embed a style picture: a path, encoded bytes, a PIL image, an (H, W[, 3 or 4]) array, or a Photo.

        A path may also be that of a ``.style`` file, which ``Style.save`` wrote and is taken as it is, or, where no
        file has that name, the name of a built-in style: as the model has learnt it, else its picture. Of several, as
        Styles or pictures with their shares like ``{"a.jpg": 0.7, "b.jpg": 0.3}``, it is the blend; shares need not add
        up to 1.

        ``style_size`` is the side in px at which it is read, None the model's own (256). ``style_crop`` ``auto``
        trims a plain border, with a note, and takes the middle square; ``centre`` takes it of the whole picture,
        ``none`` squeezes that into one. Of a transparent margin nothing is read.
        """
        wanted = DrawOptions(style_size=style_size, style_crop=style_crop)
        if isinstance(source, Mapping):
            blended = blend({self._as_style(each, wanted): share for each, share in normalised(source).items()})
            return replace(blended, name=name or blended.name)
        if isinstance(source, str | PathLike):
            source = by_name(Path(source))
            if (ready := self.ready_style(source, wanted)) is not None:
                return ready if name is None else replace(ready, name=name)
        picture, origin = self._opened(source)
        return self.embed(picture, wanted, name=name or stem_of(source), origin=origin)

    def read(self, source: Source | Array | Photo) -> Photo:
        """Decode any kind of picture that ``style`` and ``stylize`` take; a Photo is one already."""
        refuse_others(source)
        if isinstance(source, Photo):
            return source
        if isinstance(source, np.ndarray):
            return images.from_array(source)
        if isinstance(source, Image.Image):
            return images.from_pil(source)
        data = source if isinstance(source, bytes) else self._read_bytes(Path(source))
        return self.decode(data, name=name_of(source))

    def _opened(self, source: Source | Array | Photo) -> tuple[Photo, str | None]:
        """A picture, and the SHA-256 of its file."""
        refuse_others(source)
        data = self._read_bytes(Path(source)) if isinstance(source, str | PathLike) else source
        if not isinstance(data, bytes):
            return self.read(data), None
        return self.decode(data, name=name_of(source)), hashlib.sha256(data).hexdigest()

    def read_style(self, source: Source | Array | Photo | Style, what: str) -> Photo:
        """Decode a style picture, which a built-in style's name may stand for.

        Raises OptionError for a style without its picture, which ``what`` needs.
        """
        if isinstance(source, str | PathLike):
            source = by_name(Path(source))
        match source:
            case Style():
                name = f"style {source.name}"
            case Path() if is_style_file(source):
                name = str(source)
            case _:
                return self.read(source)
        raise OptionError(f"{name}: {what} needs the picture itself", "the path of the picture")

    def _read_bytes(self, path: Path) -> bytes:
        return reading.read_photo_bytes(path, self.options.max_pixels)

    def _as_style(self, style: Style | Source | Array | Mapping[Any, float], wanted: DrawOptions) -> Style:
        if isinstance(style, Style):
            return style
        return self.style(style, style_size=wanted.style_size, style_crop=wanted.style_crop)
