"""A model with its engine and refiner, each loaded once: photos and styles in as Photo and Style, Photos out."""

import hashlib
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from arbitrary_nst import images, model_zoo
from arbitrary_nst.drawing import strokes
from arbitrary_nst.drawing.finishing import finished
from arbitrary_nst.drawing.numbers import numbers_for
from arbitrary_nst.drawing.ready import Ready, made_ready
from arbitrary_nst.drawing.sought import Sought, sought
from arbitrary_nst.engines import fitting, kept_numbers
from arbitrary_nst.engines.loaded import Loaded
from arbitrary_nst.engines.own_weights import OwnWeights
from arbitrary_nst.errors import OptionError, PhotoError
from arbitrary_nst.hardware import cpus, loading
from arbitrary_nst.hardware.decoding import Decoding
from arbitrary_nst.hardware.devices import check_device
from arbitrary_nst.hardware.loading import loaded_once
from arbitrary_nst.images import Photo, library, masks
from arbitrary_nst.images.photo import Pixels
from arbitrary_nst.options import DrawOptions, LearnOptions, ModelOptions
from arbitrary_nst.session.with_vgg19 import WithVgg19
from arbitrary_nst.styles import Style, origin_of
from arbitrary_nst.styles.files import is_style_file
from arbitrary_nst.styles.thumbnails import thumbnail

if TYPE_CHECKING:
    from pathlib import Path

    from arbitrary_nst.refinement.record import OnStep

_log = logging.getLogger(__name__)
MOST_REGION_STYLES = 64  # styles of regions that are remembered


class Session(WithVgg19):
    """What one model does. Nothing is loaded or fetched before it is needed.

    ``notify`` is called with one line about which model was chosen and why, where that is not what was asked for.
    Methods raise ModelError and EngineError besides what they say.
    """

    keeps_numbers = True  # of style pictures, in the cache

    def __init__(self, options: ModelOptions, notify: Callable[[str], None] = _log.warning) -> None:
        super().__init__(options, notify)
        cpus.thread_limit(options.threads)  # a wrong ARBSTYLE_THREADS is told now
        check_device(options.device)
        self._region_styles: dict[Any, Style] = {}
        self._own_weights = OwnWeights()
        self._decoding = Decoding(options)

    def __getstate__(self) -> dict[str, Any]:
        """The options alone: a copy, as for another process, loads anew what it needs."""
        loaded = ("model", "engine", "threads")
        given = {name: value for name, value in vars(self).items() if name.removesuffix(loading.FAILED) not in loaded}
        anew = {"_region_styles": {}, "_own_weights": OwnWeights(), "_decoding": Decoding(self.options)}
        return given | self.unloaded() | anew

    def _repr_html_(self) -> str:
        """What a notebook shows: model and engine as asked for, and those in use once they are loaded."""
        import html

        loaded = vars(self)
        model = loaded["model"].card.name if "model" in loaded else f"{self.options.model}, not loaded yet"
        engine: str = self.options.engine
        if "engine" in loaded:
            engine = f"{loaded['engine'].name}, {loaded['engine'].precision}"
        return f"<b>{type(self).__name__}</b>: model {html.escape(model)}; engine {html.escape(engine)}"

    def go_on_with(self, begun: Loaded, decoding: Decoding | None = None) -> None:
        """Use what others, of the same options, have begun to load and to decode."""
        super().go_on_with(begun)
        self._decoding = decoding or self._decoding

    @loaded_once
    def threads(self) -> int:
        """How many may be kept busy; asked once: a container is slow to say."""
        return cpus.threads(self.options.threads)

    def decode(self, data: bytes, *, name: str) -> Photo:
        """``images.decode`` within this session's limits of pixels and memory; ``name`` is for messages."""
        return self._decoding.decode(data, name=name)

    def tell(self, line: str) -> None:
        """Pass a line on to ``notify``."""
        self._notify(line)

    def embed(self, picture: Photo, options: DrawOptions, *, name: str, origin: str | None = None) -> Style:
        """What the model knows of a style picture, read at ``style_size`` and cut as ``style_crop`` says.

        ``origin`` is the SHA-256 of the picture's file; None takes that of its pixels.
        """
        seen, square = self._seen(picture, options, name)
        known = origin or hashlib.sha256(np.ascontiguousarray(seen).data).hexdigest()
        known = origin_of(known, len(square), options.style_crop)
        numbers = kept_numbers.numbers_of(self.engine, self.model, square, known, keep=self.keeps_numbers)
        model, small = self.model, ((thumbnail(square), 1.0),)
        return Style(
            numbers,
            model.digest,
            name,
            known,
            ((square, 1.0),),
            model_name=model.card.name,
            source=name,
            thumbnails=small,
        )

    def load_style(self, path: "Path") -> Style:
        """The style in a ``.style`` file. Raises PhotoError for a damaged one, OptionError for one of another model."""
        style = Style.load(path)
        self.refuse_foreign(style, str(path))
        return style

    def ready_style(self, path: "Path", options: DrawOptions, picture: Photo | None = None) -> Style | None:
        """The style of a ``.style`` file, or what this model has learnt of a built-in style; None for a mere picture.

        ``picture`` is what lies there, where it was decoded before. A built-in style that is asked to be read otherwise
        than usual is a picture too.
        """
        if is_style_file(path):
            return self.load_style(path)
        if path.parent != library.FOLDER or not options.reads_styles_as_usual:
            return None
        learnt = library.learnt_style(path, self.model.card.name)
        style = None if learnt is None else Style.load(learnt)
        if style is None or style.model != self.model.digest:
            return None
        return self.with_picture(style, picture or self.decode(path.read_bytes(), name=path.name))

    def with_picture(
        self, style: Style, picture: Photo, options: DrawOptions = DrawOptions(), *, name: str | None = None
    ) -> Style:
        """A style that was learnt, with what it was learnt of: its colours can be matched to a photo's by that only.

        ``name``: what to call the picture where a note is to be told.
        """
        _, square = self._seen(picture, options, name)
        return replace(style, seen=((square, 1.0),))

    def _seen(self, picture: Photo, options: DrawOptions, name: str | None) -> tuple[Pixels, Pixels]:
        """A style picture (h, w, 3) without what is no style of it, and what the model reads of that, (S, S, 3)."""
        seen = self.trimmed(picture, options, name)
        size = options.style_size or self.model.card.style_size
        return seen.pixels, images.style_input(seen.pixels, size=size, crop=options.style_crop)

    def trimmed(self, picture: Photo, options: DrawOptions, name: str | None) -> Photo:
        """A style picture without what is no style of it; what was trimmed is told, where it has a name."""
        seen = images.style_picture(picture, options.style_crop)
        if name is not None:
            for note in seen.notes[len(picture.notes) :]:
                self.tell(f"{name}: {note}")
        return seen

    def refuse_foreign(self, style: Style, what: str) -> None:
        """Raise OptionError for a style of another model: it reads other meanings into the numbers."""
        ours = self.model
        if style.model == ours.digest and style.numbers.shape == (ours.card.numbers,):
            return
        theirs = style.model_name or "another model"
        if style.model == ours.digest:
            raise PhotoError(f"{what}: {style.numbers.size} numbers, {ours.card.name} takes {ours.card.numbers}")
        if theirs == ours.card.name:
            raise OptionError(f"{what}: made with another version of {theirs}", "its picture, or make it anew")
        hint = "its picture, or make it anew with {model=" + ours.card.name + "}"
        if theirs in model_zoo.cards():
            hint = f"{{model={theirs}}}, or its picture"
        raise OptionError(f"{what}: made with {theirs}, and {ours.card.name} is in use", hint)

    def check(self, options: DrawOptions, sizes: Sequence[tuple[int, int]] = ()) -> None:
        """Raise PhotoError for masks and pictures of regions that cannot be used; loads no model.

        A mask must have the shape of one of the ``sizes`` (width, height), lying or standing, where there are any.
        """
        regions = options.regions or {}
        for path in (*([options.mask] if options.mask else []), *regions):
            mask = masks.read(path)
            if sizes and not any(mask.fits(size) or mask.fits(size[::-1]) for size in sizes):
                raise mask.wrong_shape(sizes[0])
        for path in regions.values():
            if is_style_file(path):
                Style.load(path)
            else:
                self._region_picture(path)

    def draw(self, photos: Sequence[Photo | Ready], style: Style, options: DrawOptions) -> list[Photo]:
        """Photos that the network sees in one size, in a style, in one call of the engine or as few as memory allows.

        Those that were ``made_ready`` before take less. Alpha and metadata are carried through, the format and the
        notes too. Raises OptionError for a style of another model, PhotoError for a mask of another shape.
        """
        ready = [photo if isinstance(photo, Ready) else made_ready(photo, options) for photo in photos]
        drawn = self.paint(ready, style, options)
        return [
            finished(each.photo, picture, options, self.threads) for each, picture in zip(ready, drawn, strict=True)
        ]

    def paint(self, photos: Sequence[Ready], style: Style, options: DrawOptions) -> list[Photo]:
        """What the engine draws of photos of one size, in each region in its style, before it is ``finished``."""
        if options.strength == 0:
            return [each.photo for each in photos]
        painted = self._paint(photos, style, options)
        for path, picture in (options.regions or {}).items():
            here = [masks.read(path).at(each.photo.size, options.feather) for each in photos]
            above = self._paint(photos, self._region_style(picture, options), options)
            painted = [
                replace(low, pixels=masks.composed(low.pixels, high.pixels, weights))
                for low, high, weights in zip(painted, above, here, strict=True)
            ]
        return painted

    def _paint(self, photos: Sequence[Ready], style: Style, options: DrawOptions) -> list[Photo]:
        self.refuse_foreign(style, f"style {style.name}")
        side = options.style_size or self.model.card.style_size
        numbers = numbers_for(self.engine, [each.seen.pixels for each in photos], style, options, side)
        engine = self.engine
        if style.weights is not None:
            engine = self._own_weights.engine(engine, style, options.strength)
        drawn = fitting.draw(engine, [each.grained for each in photos], numbers, self.options.max_memory)
        return [
            strokes.completed(each.photo, each.seen, picture, self.threads)
            for each, picture in zip(photos, drawn, strict=True)
        ]

    def sought(self, photo: Photo, style: Sequence[tuple[Photo, float]], options: DrawOptions) -> "list[Sought]":
        """What a refinement of the photo seeks, in each region: the pictures of its style, each with its share."""
        shares = [(picture.pixels, share) for picture, share in style]
        regions = []
        for path, picture in (options.regions or {}).items():
            whole, _ = self._region_picture(picture)
            regions.append((masks.read(path), [(images.style_picture(whole, options.style_crop).pixels, 1.0)]))
        return sought(photo, shares, regions, options)

    def _region_picture(self, path: "Path") -> tuple[Photo, str]:
        """A region's style picture, and the SHA-256 of its file."""
        data = masks.read_file(path)
        return self.decode(data, name=str(path)), hashlib.sha256(data).hexdigest()

    def _region_style(self, path: "Path", options: DrawOptions) -> Style:
        """A region's style, a learnt one too, read once as long as its file stays as it is."""
        known = (masks.digest(path), path.parent == library.FOLDER, options.style_size, options.style_crop)
        with loading.lock():
            if known not in self._region_styles:
                style = self.ready_style(path, options)
                if style is None:
                    picture, origin = self._region_picture(path)
                    style = self.embed(picture, options, name=path.stem, origin=origin)
                self._region_styles[known] = style
                if len(self._region_styles) > MOST_REGION_STYLES:
                    del self._region_styles[next(iter(self._region_styles))]
            return self._region_styles[known]

    def needs_strips(self, height: int, width: int, options: DrawOptions = DrawOptions()) -> bool:
        """Whether a photo of this size is drawn in strips. Raises EngineMemoryError where not even they fit."""
        size = strokes.drawn_size(width, height, options)
        return fitting.needs_strips(self.engine, *size, self.options.max_memory)

    def teach(
        self,
        picture: Photo,
        photos: Iterable[Pixels],
        how: LearnOptions,
        *,
        name: str,
        origin: str | None = None,
        on_step: "OnStep | None" = None,
    ) -> Style:
        """A style picture as the model draws best by it, learnt on crops of photos (H, W, 3), RGB in [0, 1].

        Without photos it learns on scenes of its own. ``origin`` is as in ``embed``; for ``on_step`` see
        ``Learner.learn``: what it draws is the first photo at 512 px or less. Raises OptionError for a model that
        cannot learn.
        """
        from arbitrary_nst.refinement.teaching import refuse_unteachable

        refuse_unteachable(self.model.card, how.depth)
        weights = self.vgg19(how)
        read_as = DrawOptions(style_size=how.style_size, style_crop=how.style_crop)
        style = self.embed(picture, read_as, name=name, origin=origin)
        ((square, _),) = style.seen
        learner = self.learner(weights)
        from arbitrary_nst.refinement.crops import material
        from arbitrary_nst.refinement.subjects import learnt_style, subject_of

        taught_on = material(photos, how.seed, self.model.card.stride)
        subject = subject_of(self.model, style.numbers, how.depth)
        learnt = learner.learn(subject, square, taught_on.crops, how, on_step, taught_on.shown)
        for note in learnt.notes:
            self._notify(f"{name}: {note}")
        return learnt_style(style, subject, learnt, how, taught_on)
