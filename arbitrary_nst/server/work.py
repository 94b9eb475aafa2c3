"""What a job does: a drawing in three stages, a refinement or a lesson of minutes in one."""

import io
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from PIL import Image

from arbitrary_nst import images
from arbitrary_nst.files.jobs import Output, StyleInUse
from arbitrary_nst.images import Photo, masks
from arbitrary_nst.images.photo import Pixels, to_bytes
from arbitrary_nst.options import DrawOptions, EncodeOptions, Format, LearnOptions, RefineOptions
from arbitrary_nst.server.attached import Attached
from arbitrary_nst.server.gallery import Gallery
from arbitrary_nst.server.jobs import Job, Result, Work
from arbitrary_nst.server.photos import Kept
from arbitrary_nst.server.receiving import opened
from arbitrary_nst.server.style_pictures import StylePicture
from arbitrary_nst.session import Session
from arbitrary_nst.styles import Style, blend, blended_name

if TYPE_CHECKING:
    from arbitrary_nst.refinement.record import Step

PREVIEW_S, PREVIEW_SIDE = 1.0, 640  # how often the picture so far is shown, and how large in px
MEDIA_TYPES: dict[Format, str] = {
    "jpg": "image/jpeg", "png": "image/png", "webp": "image/webp", "avif": "image/avif", "tiff": "image/tiff",
    "jxl": "image/jxl",
}  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """A picture that is asked for: a photo in a style, or in several by their shares, and how."""

    photo: Kept
    styles: tuple[tuple[StylePicture, float], ...]
    draw: DrawOptions
    encode: EncodeOptions
    files: Attached

    @property
    def style_name(self) -> str:
        """What the styles are called together."""
        return blended_name({picture.name: share for picture, share in self.styles})

    def style(self, gallery: Gallery) -> Style:
        """What the model knows of the styles."""
        read = {gallery.style(picture, self.draw): share for picture, share in self.styles}
        return next(iter(read)) if len(read) == 1 else blend(read)

    def encoded(self, picture: Photo, seconds: dict[str, float]) -> Result:
        """The picture's file."""
        began = time.monotonic()
        format = images.format_of(picture.format) if self.encode.format == "auto" else self.encode.format
        file = images.encode(picture, format, quality=self.encode.quality, metadata=self.encode.metadata)
        seconds["encode"] = time.monotonic() - began
        name = f"{self.photo.upload.stem}__{self.style_name}.{format}"
        return Result(file.data, MEDIA_TYPES[format], name, picture.size, (*picture.notes, *file.notes), seconds)


@dataclass
class _OfAPhoto:
    """Work that makes the picture that is asked for."""

    session: Session
    gallery: Gallery
    asked: Asked

    @property
    def names(self) -> dict[Path, str]:
        """How the client calls files that are ours."""
        return self.asked.files.names

    def close(self) -> None:
        """Let go of what it holds."""
        self.asked.files.close()


@dataclass
class Drawing(_OfAPhoto):
    """A picture drawn at once."""

    seconds: dict[str, float] = field(default_factory=dict)
    style: Style | None = None

    def read(self) -> Photo:
        """The photo, decoded, and what else the client has sent: a large mask or style is not to hold up the engine."""

        def decoded() -> Photo:
            for mask in filter(None, (self.asked.draw.mask, *(self.asked.draw.regions or {}))):
                masks.read(mask)
            self.style = self.asked.style(self.gallery)
            return self.asked.photo.read(self.session, self.asked.draw.max_size)

        return self._timed("decode", decoded)

    def draw(self, photo: Photo) -> Photo:
        """The picture."""

        def drawn() -> Photo:
            assert self.style is not None
            return self.session.draw([photo], self.style, self.asked.draw)[0]

        return self._timed("draw", drawn)

    def encode(self, picture: Photo) -> Result:
        """Its file."""
        return self.asked.encoded(picture, self.seconds)

    def _timed(self, stage: str, make: Callable[[], Photo]) -> Photo:
        began = time.monotonic()
        made = make()
        self.seconds[stage] = time.monotonic() - began
        return made


class Minutes(Work, Protocol):
    """Work that takes minutes and shows how far it is."""

    def run(self, job: Job) -> Result | None:
        """Do it; end early, with the best so far, where the job is unwanted."""


@dataclass
class Refining(_OfAPhoto):
    """A picture drawn, then refined."""

    how: RefineOptions

    def run(self, job: Job) -> Result:
        """Refine it, as a run of the command would."""
        from arbitrary_nst.files.making import make
        from arbitrary_nst.files.settings import Settings
        from arbitrary_nst.refinement.settings import Refinement

        began, shown = time.monotonic(), Shown(job)

        def on_step(name: str, step: "Step", picture: Pixels | Callable[[], Pixels]) -> None:
            job.note(step)
            shown(picture if callable(picture) else lambda: picture)

        how = Refinement.chosen_by(self.how)
        settings = Settings.of(None, self.asked.draw, self.asked.encode, refinement=how, on_step=on_step)
        photo = self.asked.photo.read(self.session, self.asked.draw.max_size)
        code = self.asked.style(self.gallery) if how.begins_stylized else None
        style = StyleInUse(self.asked.style_name, code, self._pictures(), "")
        output = Output(style, None, "png", False, None)
        picture, _ = make(photo, output, self.session, settings, lambda: job.is_unwanted)
        return self.asked.encoded(picture, {"refine": time.monotonic() - began})

    def _pictures(self) -> list[tuple[Photo, float]]:
        """What VGG19 is to see, each with its share."""
        crop = self.asked.draw.style_crop
        return [
            (images.style_picture(opened(self.session, picture.data, picture.name), crop), share)
            for picture, share in self.asked.styles
        ]


@dataclass
class Learning:
    """A style learnt, which then is one of the gallery's."""

    session: Session
    gallery: Gallery
    picture: StylePicture
    photos: tuple[Kept, ...]
    how: LearnOptions

    names: dict[Path, str] = field(default_factory=dict)

    def run(self, job: Job) -> None:
        """Learn it."""
        shown = Shown(job)

        def on_step(step: "Step", draw: Callable[[], Pixels]) -> bool:
            job.note(step)
            shown(draw)
            return job.is_unwanted

        photos = (kept.read(self.session, None).pixels for kept in self.photos)
        photo = opened(self.session, self.picture.data, self.picture.name)
        name, origin = self.picture.name, self.picture.digest
        learnt = self.session.teach(photo, photos, self.how, name=name, origin=origin, on_step=on_step)
        job.made = {"style": self.gallery.keep(replace(self.picture, learnt=learnt))}

    def close(self) -> None:
        """Let go of the photos."""
        self.photos = ()


class Shown:
    """Puts the picture so far where a client can see it, now and then."""

    def __init__(self, job: Job) -> None:
        self._job, self._last = job, -PREVIEW_S

    def __call__(self, draw: Callable[[], Any]) -> None:
        """Show a picture (H, W, 3) in [0, 1], if it is time to."""
        if (now := time.monotonic()) - self._last < PREVIEW_S:
            return
        self._last = now
        image = Image.fromarray(to_bytes(draw()), "RGB")
        image.thumbnail((PREVIEW_SIDE, PREVIEW_SIDE))
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=85)
        self._job.show(buffer.getvalue())
