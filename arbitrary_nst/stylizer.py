"""The public API: a style picture in, a Style out; a photo and a Style in, a picture out."""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from arbitrary_nst import images, model_zoo, options
from arbitrary_nst.engines import Engine, fitting, load_engine
from arbitrary_nst.errors import EngineError, OptionError
from arbitrary_nst.files import reading
from arbitrary_nst.images import Photo
from arbitrary_nst.images.upscale import guided
from arbitrary_nst.model_zoo import Model
from arbitrary_nst.styles import Style

if TYPE_CHECKING:
    from arbitrary_nst.files.plan import Result
    from arbitrary_nst.refinement.refiner import OnStep, Refinement, Refiner

PathSource = str | PathLike[str]
Source = PathSource | bytes | Image.Image
Array = NDArray[Any]


def _to_stderr(line: str) -> None:
    print(line, file=sys.stderr)


class Stylizer:
    """Stylizes photos with one pretrained model. Nothing is loaded or fetched before it is needed.

    model: ``auto``, ``magenta``, ``lite``, ``mini``, or a model folder.
    engine: ``auto``, ``openvino`` or ``tensorflow``. precision: ``auto``, ``f32`` or ``bf16``.
    model_dir: a folder with one sub-folder per model, searched first.
    offline: never touch the network; None reads ``ARBSTYLE_OFFLINE``.
    trust_model: load an unknown or changed model all the same. A SavedModel is a program: it can do what you can.
    style_size: side in px at which the style picture is read; None is the model's own (256).
    style_crop: ``centre`` takes the middle square, ``none`` squeezes the whole picture into one.
    max_pixels: larger pictures are refused before they are decoded.
    accept_truncated: read a JPEG or PNG with pixels missing too, with a note.
    max_memory: bytes that drawing one photo may take; above it the photo is drawn in strips, which gives the same
        picture. None is half of what is free when it starts.
    notify: called with one line about which model was chosen and why, where that is not what was asked for.

    Methods raise PhotoError, ModelError, EngineError and OptionError, all of them NSTError.
    """

    def __init__(
        self,
        model: PathSource = "auto",
        *,
        engine: str = "auto",
        precision: str = "auto",
        model_dir: PathSource | None = None,
        offline: bool | None = None,
        trust_model: bool = False,
        style_size: int | None = None,
        style_crop: Literal["centre", "none"] = "centre",
        max_pixels: int = images.MAX_PIXELS,
        accept_truncated: bool = False,
        max_memory: int | None = None,
        notify: Callable[[str], None] = _to_stderr,
    ) -> None:
        if style_size is not None:
            options.within("style size", style_size, 32, 2048)
        options.one_of("style crop", style_crop, ("centre", "none"))
        self._wanted = str(model)
        self._engine_name, self._precision = engine, precision
        self._model_dir = None if model_dir is None else Path(model_dir)
        self._offline, self._trust, self._notify = offline, trust_model, notify
        self._style_size, self._style_crop, self.max_pixels = style_size, style_crop, max_pixels
        self._max_memory, self.accept_truncated = max_memory, accept_truncated
        self._vgg19_files: dict[Path | None, Path] = {}
        self._refiner: tuple[Refinement, Refiner] | None = None

    @cached_property
    def model(self) -> Model:
        """The model in use: found, fetched if need be, and verified on first access."""
        return model_zoo.resolve(
            self._wanted,
            model_dir=self._model_dir,
            offline=self._offline,
            trust=self._trust,
            notify=self._notify,
        )

    @cached_property
    def engine(self) -> Engine:
        """The engine in use, loaded on first access."""
        return load_engine(self.model, self._engine_name, self._precision)

    def style(self, source: Source | Array | Photo, *, name: str | None = None) -> Style:
        """Embed a style picture: a path, encoded bytes, a PIL image, an (H, W[, 3 or 4]) array, or a Photo."""
        picture = self.read(source)
        size = self._style_size or self.model.card.style_size
        square = images.style_input(picture.pixels, size=size, crop=self._style_crop)
        bottleneck = self.engine.predict_style(square[np.newaxis])[0]
        return Style(bottleneck, self.model.digest, name or _stem(source))

    @overload
    def stylize(
        self, photo: Source, style: Style | Source, *, max_size: int | None = None, stylize_size: int | None = None
    ) -> Image.Image: ...
    @overload
    def stylize(
        self, photo: Array, style: Style | Source, *, max_size: int | None = None, stylize_size: int | None = None
    ) -> Array: ...
    def stylize(
        self,
        photo: Source | Array,
        style: Style | Source,
        *,
        max_size: int | None = None,
        stylize_size: int | None = None,
    ) -> Image.Image | Array:
        """Stylize one photo, at its own size or with its longest side reduced to ``max_size`` px.

        With ``stylize_size`` the network sees it with that longest side, so strokes are as large in every photo, and
        the result is carried to the full size along the photo's edges (``carry.guided``).

        A path, bytes or a PIL image gives an upright sRGB PIL image (RGB, or RGBA where the photo has alpha);
        ``picture.save(path, **picture.info)`` writes its EXIF and profile too. An array gives an array of the same
        kind: (H, W, 3) or (H, W, 4), uint8 in [0, 255] or float32 in [0, 1].
        """
        result = self.stylize_photo(
            self.read(photo), self._as_style(style), max_size=max_size, stylize_size=stylize_size
        )
        return _in_kind(result, photo)

    def stylize_photo(
        self, photo: Photo, style: Style, *, max_size: int | None = None, stylize_size: int | None = None
    ) -> Photo:
        """Stylize a decoded photo. Alpha and metadata are carried through, the format and the notes too."""
        return self.stylize_photos([photo], style, max_size=max_size, stylize_size=stylize_size)[0]

    def stylize_photos(
        self,
        photos: Sequence[Photo],
        style: Style,
        *,
        max_size: int | None = None,
        stylize_size: int | None = None,
    ) -> list[Photo]:
        """``stylize_photo`` of several photos of one size, in one call of the engine or as few as memory allows."""
        if style.model != self.model.digest:
            raise OptionError(
                f"style {style.name}: made with another model than {self.model.card.name}",
                "embed it again with this Stylizer",
            )
        if max_size is not None:
            photos = [images.resize_longest(photo, max_size) for photo in photos]
        seen = [photo if stylize_size is None else images.resize_longest(photo, stylize_size) for photo in photos]
        drawn = fitting.draw(self.engine, [photo.pixels for photo in seen], style.bottleneck, self._max_memory)
        return [
            replace(photo, pixels=picture if photo is small else guided(photo.pixels, small.pixels, picture))
            for photo, small, picture in zip(photos, seen, drawn, strict=True)
        ]

    def stylize_many(
        self,
        photos: PathSource | Iterable[PathSource],
        style: Style | PathSource | Sequence[Style | PathSource],
        *,
        output: PathSource | None = None,
        **settings: Any,
    ) -> "Iterator[Result]":
        """Stylize files and folders into files, reading and writing beside the engine: a Result for each as it is done.

        ``output``: a folder for several, a file for one, None for beside the photo. ``settings`` are the other fields
        of ``arbitrary_nst.files.plan.Settings``. A photo's fault is in its Result; only faults of the style, the model
        and the settings are raised. Stop whenever you like: what is yielded is written.
        """
        from arbitrary_nst.files.find import expand
        from arbitrary_nst.files.plan import Settings
        from arbitrary_nst.files.stream import stylize_many

        folder = None if output is None else Path(output)
        given = [photos] if isinstance(photos, str | PathLike) else photos
        styles = [style] if isinstance(style, Style | str | PathLike) else style
        found = expand([Path(photo) for photo in given], output=folder, note=self._notify)
        wanted = [each if isinstance(each, Style) else Path(each) for each in styles]
        return stylize_many(self, found, wanted, Settings(output=folder, **settings))

    def refine(
        self,
        picture: Source | Array | None = None,
        *,
        photo: Source | Array,
        style_image: Source | Array,
        recipe: str = "arbstyle",
        vgg_weights: PathSource | None = None,
        time_limit: float | None = None,
        style_scale: float = 1.0,
        seed: int = 0,
        on_step: "OnStep | None" = None,
        **changes: Any,
    ) -> Image.Image | Array:
        """Optimise a picture until VGG19 sees the photo's content and the style in it (Gatys 2016); see ``recipes``.

        ``picture`` is the stylized photo, of the photo's size; None lets the recipe begin as it does, with a picture
        that is stylized now where it needs one. ``changes`` replace fields of the recipe, such as ``steps`` and
        ``content_weight``. ``on_step`` is called with a ``refinement.Step`` and the picture so far, and ends the search
        by returning True. The other arguments are those of ``refinement.Refinement``. The result is of the photo's
        kind, as that of ``stylize``.
        """
        from arbitrary_nst.refinement import recipes
        from arbitrary_nst.refinement.refiner import Refinement

        if picture is not None:
            changes.setdefault("init", "stylized")
        chosen = recipes.get(recipe).with_changes(**changes)
        how = Refinement(
            chosen, None if vgg_weights is None else Path(vgg_weights), time_limit, style_scale=style_scale, seed=seed
        )
        whole, style = self.read(photo), self.read(style_image)
        start = None
        if picture is not None:
            start = self.read(picture).pixels
            if start.shape != whole.pixels.shape:
                raise OptionError("picture: not of the photo's size", "the stylized photo as it came")
        elif chosen.init == "stylized":
            start = self.stylize_photo(whole, self.style(style)).pixels
        refined = self.refiner(how).refine(whole.pixels, style.pixels, start, on_step)
        return _in_kind(replace(whole, pixels=refined.pixels), photo)

    def vgg19(self, how: "Refinement") -> Path:
        """The verified file of VGG19's weights for these settings, fetched if need be. Raises ModelError."""
        if how.vgg_weights not in self._vgg19_files:
            self._vgg19_files[how.vgg_weights] = model_zoo.resolve_vgg19(
                how.vgg_weights,
                model_dir=self._model_dir,
                offline=self._offline,
                trust=self._trust,
                notify=self._notify,
            )
        return self._vgg19_files[how.vgg_weights]

    def refiner(self, how: "Refinement") -> "Refiner":
        """The optimiser for these settings; the last one is kept, with what it compiled."""
        if self._refiner is None or self._refiner[0] != how:
            from arbitrary_nst.refinement.refiner import Refiner

            weights = self.vgg19(how)
            try:
                from arbitrary_nst.refinement import losses
            except (ImportError, ValueError) as exc:
                reason = f"keras: cannot be imported ({exc})".replace("\n", " ")
                raise EngineError(f"{reason}", "KERAS_BACKEND=tensorflow, or install that backend") from exc
            vgg19 = losses.read_vgg19(weights)
            self._refiner = how, Refiner(how, vgg19, precision=self._precision, max_memory=self._max_memory)
        return self._refiner[1]

    def needs_strips(self, height: int, width: int) -> bool:
        """Whether a photo of this size is drawn in strips. Raises EngineMemoryError where not even they fit."""
        return fitting.needs_strips(self.engine, height, width, self._max_memory)

    def read(self, source: Source | Array | Photo) -> Photo:
        """Decode any kind of picture that ``style`` and ``stylize`` take; a Photo is one already."""
        if isinstance(source, Photo):
            return source
        if isinstance(source, np.ndarray):
            return images.from_array(source)
        if isinstance(source, Image.Image):
            return images.from_pil(source)
        if isinstance(source, bytes):
            data, name = source, "bytes"
        else:
            data, name = reading.read_photo_bytes(Path(source), self.max_pixels), str(Path(source))
        return images.decode(data, name=name, max_pixels=self.max_pixels, accept_truncated=self.accept_truncated)

    def _as_style(self, style: Style | Source) -> Style:
        return style if isinstance(style, Style) else self.style(style)


def refine(
    photo: Source | Array, style_image: Source | Array, picture: Source | Array | None = None, **settings: Any
) -> Image.Image | Array:
    """Refine one picture of ``photo`` in the style of ``style_image``: ``Stylizer().refine`` in one call."""
    return Stylizer().refine(picture, photo=photo, style_image=style_image, **settings)


def _in_kind(picture: Photo, photo: Source | Array) -> Image.Image | Array:
    """A PIL image, or where an array was given an array of the same kind."""
    if not isinstance(photo, np.ndarray):
        return images.to_pil(picture)
    if photo.dtype == np.uint8:
        return np.array(images.to_pil(picture))
    if picture.alpha is None:
        return picture.pixels
    return np.concatenate([picture.pixels, picture.alpha[..., np.newaxis]], axis=-1)


def _stem(source: Source | Array | Photo) -> str:
    return Path(source).stem if isinstance(source, str | PathLike) else "style"
