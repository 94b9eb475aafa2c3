"""The files that options name: a mask, regions, a picture to begin with; in memory, under paths of our own."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from arbitrary_nst.images import held, library
from arbitrary_nst.options import DrawOptions, RefineOptions
from arbitrary_nst.server import fields
from arbitrary_nst.server.gallery import Gallery
from arbitrary_nst.server.problems import Refused
from arbitrary_nst.server.style_pictures import StylePicture
from arbitrary_nst.server.uploads import Form, Upload
from arbitrary_nst.styles.files import encoded


class Attached:
    """What a form's options name, kept until ``close``. ``names``: how the client calls it."""

    def __init__(self, form: Form, check: Callable[[Upload], object], gallery: Gallery) -> None:
        """``check`` raises for an upload that is not to be decoded."""
        self._form, self._check, self._gallery = form, check, gallery
        self.names = dict[Path, str]()

    def drawing(self, draw: DrawOptions, refine: bool) -> DrawOptions:
        """How to draw, with the mask and the regions. Raises Refused and OptionError."""
        if (mask := self._form.upload("mask")) is not None:
            draw = replace(draw, mask=self._hold(mask))
        pairs = fields.region_pairs(self._form)
        by_picture = refine or draw.colors == "match"  # of what was learnt there are numbers only
        regions = {self._mask(part): self._style(style, by_picture) for part, style in pairs}
        return replace(draw, regions=regions) if regions else draw

    def refining(self, how: RefineOptions) -> RefineOptions:
        """How to refine, with the picture to begin with."""
        begun = self._form.upload("init")
        return how if begun is None else replace(how, init=self._hold(begun))

    def close(self) -> None:
        """Let go of all of it."""
        for path in self.names:
            held.let_go(path)

    def _mask(self, part: str) -> Path:
        if (upload := self._form.upload(part)) is None:
            raise Refused("option", f"regions: there is no file {part!r}", f"the mask as a part that is called {part}")
        return self._hold(upload)

    def _style(self, name: str, by_picture: bool) -> Path:
        """A region's style: of a part, or of the gallery."""
        upload = self._form.upload(name)
        picture = self._gallery.get(name) if upload is None else self._gallery.brought(upload)
        if picture.id in library.style_names():
            return library.style_picture(picture.id)
        if by_picture and picture.is_bare:
            raise Refused("option", f"regions: of style {picture.name} there are numbers only", "the style's picture")
        return self._keep(*_file_of(picture, by_picture), upload.name if upload else picture.name)

    def _hold(self, upload: Upload) -> Path:
        self._check(upload)
        return self._keep(upload.data, upload.name, upload.name)

    def _keep(self, data: bytes, file: str, name: str) -> Path:
        path = held.hold(data, file)
        self.names[path] = name
        return path


def _file_of(picture: StylePicture, by_picture: bool) -> tuple[bytes, str]:
    """A style's bytes, and a name that tells of what kind they are."""
    if picture.learnt is not None and not by_picture:
        return encoded(picture.learnt), "own.style"
    return picture.data, "own.picture"
