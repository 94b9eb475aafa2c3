"""The public API: a style picture in, a Style out; a photo and a Style in, a picture of the photo's kind out."""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack, overload

from PIL import Image

from arbitrary_nst import options
from arbitrary_nst.declaration import a_path, path_texts
from arbitrary_nst.drawing.finishing import finished
from arbitrary_nst.drawing.ready import sized
from arbitrary_nst.errors import OptionError
from arbitrary_nst.files.given import by_name
from arbitrary_nst.files.teaching import to_learn_on
from arbitrary_nst.images import Photo
from arbitrary_nst.images.sources import Array, PathSource, Source, in_kind, stem_of
from arbitrary_nst.keywords import DrawKeywords, LearnKeywords, ManyKeywords, RefiningKeywords, takes_keywords
from arbitrary_nst.options import BatchOptions, DrawOptions, EncodeOptions, LearnOptions, ModelOptions, RefineOptions
from arbitrary_nst.presets import with_preset
from arbitrary_nst.styles import Style, blend, normalised
from arbitrary_nst.stylizer.opening import Opening

if TYPE_CHECKING:
    from arbitrary_nst.files.results import Result
    from arbitrary_nst.images.photo import Pixels
    from arbitrary_nst.refinement.recipes import Recipe
    from arbitrary_nst.refinement.record import OnStep as OnLearnStep
    from arbitrary_nst.refinement.record import Step

    OnStep = Callable[[Step, Pixels], bool | None]


_log = logging.getLogger(__name__)


class Stylizer(Opening):
    """Stylizes photos with one pretrained model. Nothing is loaded or fetched before it is needed.

    model: ``auto``, ``magenta``, ``lite``, ``mini``, or a model folder.
    engine: ``auto``, ``openvino``, ``tensorflow`` or ``torch``. precision: ``auto``, ``f32`` or ``bf16``.
    device: ``auto``, ``cpu``, ``cuda``, ``cuda:1``, ``mps`` (Apple's) or ``gpu`` (Intel's, in OpenVINO).
    backend: ``auto``, ``tensorflow``, ``torch`` or ``jax``: what Keras refines and learns with.
    model_dir: a folder with one sub-folder per model, searched first.
    offline: never touch the network; None reads ``ARBSTYLE_OFFLINE``.
    trust_model: load other weights of the same layout all the same.
    max_pixels: larger pictures are refused before they are decoded.
    accept_truncated: read a JPEG or PNG with pixels missing too, with a note.
    max_memory: bytes that decoding or drawing one photo may take. A photo that takes more to draw is drawn in strips,
        which gives the same picture; one that takes more to decode is refused. None is what is free when it starts:
        half to draw, three quarters to decode. Containers' limits count.
    threads: to compute with; None reads ``ARBSTYLE_THREADS``, and else takes what affinity and quota leave.
    notify: called with one line about which model was chosen and why, where that is not what was asked for;
        the logger "arbitrary_nst" by itself.

    Threads may share one. A pickled one loads anew. After a fork it works if no engine was used before, and else raises
    EngineError: an engine's threads stay behind.

    Methods raise PhotoError, ModelError, EngineError and OptionError, all of them NSTError.
    """

    def __init__(
        self,
        model: PathSource = "auto",
        *,
        engine: options.EngineName = "auto",
        precision: options.Precision = "auto",
        device: str = "auto",
        backend: options.Backend = "auto",
        model_dir: PathSource | None = None,
        offline: bool | None = None,
        trust_model: bool = False,
        max_pixels: int = options.MAX_PIXELS,
        accept_truncated: bool = False,
        max_memory: int | None = None,
        threads: int | None = None,
        notify: Callable[[str], None] = _log.warning,
    ) -> None:
        wanted = ModelOptions(
            model=model,  # type: ignore[arg-type]  # a path as text is as good
            engine=engine,
            precision=precision,
            device=device,
            backend=backend,
            model_dir=model_dir,  # type: ignore[arg-type]
            offline=offline,
            trust_model=trust_model,
            max_pixels=max_pixels,
            accept_truncated=accept_truncated,
            max_memory=max_memory,
            threads=threads,
        )
        super().__init__(wanted, notify)

    @takes_keywords(LearnOptions)
    def learn(
        self,
        source: Source | Array | Photo,
        photos: PathSource | Iterable[Source | Array] = (),
        *,
        name: str | None = None,
        on_step: "OnLearnStep | None" = None,
        **how: Unpack[LearnKeywords],
    ) -> Style:
        """Learn a style picture: the Style that VGG19 finds nearest to it on crops of photos, in minutes.

        ``photos`` are folders and photos like those that will be stylized; without any it learns on scenes of its own.
        ``how`` are the options of ``LearnOptions``, such as ``minutes`` and ``depth``. ``on_step`` is called with a
        ``refinement.Step`` and a function that draws a photo as far as it is, and ends the learning by returning True:
        the best so far comes back. Only `mini` and, with TensorFlow or PyTorch, `magenta` can.
        """
        asked = LearnOptions(**how)  # type: ignore[arg-type]  # a path as text is as good
        if isinstance(source, str | PathLike):
            source = by_name(Path(source))
        if not isinstance(photos, str | PathLike | Iterable):
            raise OptionError(f"photos {options.shown(photos)}: neither a folder nor photos", "a folder, or pictures")
        given = [photos] if isinstance(photos, str | PathLike) else list(photos)
        files = [Path(each) for each in given if isinstance(each, str | PathLike)]
        others = (self.read(each).pixels for each in given if not isinstance(each, str | PathLike))
        material = chain(to_learn_on(self, files, asked.seed) if files else (), others)
        picture, origin = self._opened(source)
        return self.teach(picture, material, asked, name=name or stem_of(source), origin=origin, on_step=on_step)

    @overload
    def stylize(
        self,
        photo: Source,
        style: Style | Source | Array | Mapping[Any, float],
        *,
        preset: str | None = None,
        **draw: Unpack[DrawKeywords],
    ) -> Image.Image: ...
    @overload
    def stylize(
        self,
        photo: Array,
        style: Style | Source | Array | Mapping[Any, float],
        *,
        preset: str | None = None,
        **draw: Unpack[DrawKeywords],
    ) -> Array: ...
    @takes_keywords(DrawOptions)
    def stylize(
        self,
        photo: Source | Array,
        style: Style | Source | Array | Mapping[Any, float],
        *,
        preset: str | None = None,
        **draw: Unpack[DrawKeywords],
    ) -> Image.Image | Array:
        """Stylize one photo, at its own size or with its longest side reduced to ``max_size`` px.

        ``strokes`` are of one size in px of what the network sees: with ``auto`` a large photo reduced to 0.7 MP, with
        ``fine`` all of it, with a number its longest side reduced to that; the result is carried to the full size
        along the photo's edges (``upscale.guided``). ``style_size`` and ``style_crop`` are those of ``style``, and
        count where the style is given as a picture, or as pictures with their shares.

        ``keep_plain`` is the share, up to 1, of a plain background that stays as in the photo (``plain.kept``).
        ``strength`` 0 is the photo itself, 1 the style as it is, up to 2 goes beyond. ``colors``: ``photo`` keeps the
        photo's and takes the picture's lightness, ``match`` first brings the style picture to them. ``mask``: the path
        of a picture of the photo's shape, which is stylized where that is white. ``regions``: another style where a
        mask is white, by the paths of both; the last lies on top. ``feather`` px of the edges of all masks are blurred.
        ``preset`` is the name of a set of these (``presets``), of which those that are given count more.

        A path, bytes or a PIL image gives an upright sRGB PIL image (RGB, or RGBA where the photo has alpha);
        ``picture.save(path, **picture.info)`` writes its EXIF and profile too. An array gives an array of the same
        kind: (H, W, 3) or (H, W, 4), uint8 in [0, 255] or float32 in [0, 1].
        """
        wanted = DrawOptions(**with_preset(preset, draw))
        opened = self.read(photo)
        self.check(wanted, [opened.size])
        return in_kind(self.draw([opened], self._as_style(style, wanted), wanted)[0], photo)

    def stylize_photo(self, photo: Photo, style: Style, wanted: DrawOptions = DrawOptions()) -> Photo:
        """Stylize a decoded photo. Alpha and metadata are carried through, the format and the notes too."""
        return self.draw([photo], style, wanted)[0]

    @takes_keywords(DrawOptions, EncodeOptions, BatchOptions)
    def stylize_many(
        self,
        photos: PathSource | Iterable[PathSource],
        style: Style | PathSource | Mapping[Any, float] | Sequence[Style | PathSource | Mapping[Any, float]],
        *,
        output: PathSource | None = None,
        refine: RefineOptions | None = None,
        preset: str | None = None,
        **how: Unpack[ManyKeywords],
    ) -> "Iterator[Result]":
        """Stylize files and folders into files, reading and writing beside the engine: a Result for each as it is done.

        ``output``: a folder for several, a file for one, None for beside the photo, or with ``in_place`` for the photo
        itself. ``how`` are the options of ``DrawOptions``, ``EncodeOptions`` and ``BatchOptions``, such as
        ``strength``, ``quality`` and ``existing``; ``preset`` is as for ``stylize``, and with ``refine`` each picture
        is refined too. A photo's fault is in its Result; only faults of the style, the model and the settings are
        raised. Stop whenever you like: what is yielded is written. A style may be a blend: paths or Styles with their
        shares.
        """
        from arbitrary_nst.files.find import expand
        from arbitrary_nst.files.given import refuse_in_place, without_own
        from arbitrary_nst.files.settings import Settings
        from arbitrary_nst.files.shares import from_python, pictures_of
        from arbitrary_nst.files.stream import stylize_many

        folder = None if output is None else a_path("output", output)
        settings = Settings.from_keywords(folder, preset, refine, how)
        given = [Path(each) for each in path_texts("photos", photos)]
        if settings.in_place:
            refuse_in_place(given)
        wanted = from_python(style)
        found = expand(given, recursive=settings.recursive, output=folder, note=self._notify)
        found = without_own(found, pictures_of(wanted), self._notify, settings)
        return stylize_many(self, found, wanted, settings)

    @overload
    def refine(
        self,
        picture: Source | Array | None = None,
        *,
        photo: Source,
        style_image: Source | Array | Mapping[Any, float],
        recipe: "str | Recipe" = "arbstyle",
        preset: str | None = None,
        on_step: "OnStep | None" = None,
        **changes: Unpack[RefiningKeywords],
    ) -> Image.Image: ...
    @overload
    def refine(
        self,
        picture: Source | Array | None = None,
        *,
        photo: Array,
        style_image: Source | Array | Mapping[Any, float],
        recipe: "str | Recipe" = "arbstyle",
        preset: str | None = None,
        on_step: "OnStep | None" = None,
        **changes: Unpack[RefiningKeywords],
    ) -> Array: ...
    @takes_keywords(DrawOptions, RefineOptions)
    def refine(
        self,
        picture: Source | Array | None = None,
        *,
        photo: Source | Array,
        style_image: Source | Array | Mapping[Any, float],
        recipe: "str | Recipe" = "arbstyle",
        preset: str | None = None,
        on_step: "OnStep | None" = None,
        **changes: Unpack[RefiningKeywords],
    ) -> Image.Image | Array:
        """Optimise a picture until VGG19 sees the photo's content and the style in it (Gatys 2016); see ``recipes``.

        ``style_image`` may be several pictures with their shares, by which their Grams are mixed.
        ``picture`` is the stylized photo, of the photo's size; None lets the recipe begin as it does, with a picture
        that is stylized now where it needs one. It is refined at the size of the ``strokes``, see ``stylize``, and
        carried up. ``changes`` are the other options of ``RefineOptions``, such as ``steps`` and ``content_weight``,
        and those of ``stylize``, such as ``strength``, ``mask`` and ``keep_plain``, also by a ``preset``.
        ``on_step`` is called with a ``refinement.Step`` and the picture so far, and ends the search by returning True.
        The result is of the photo's kind, as that of ``stylize``.
        """
        from arbitrary_nst.refinement.settings import Refinement
        from arbitrary_nst.session.refining import refined

        draw = {name: value for name, value in changes.items() if name in DrawKeywords.__annotations__}
        asked: dict[str, Any] = {name: value for name, value in changes.items() if name not in draw}
        wanted = DrawOptions(**with_preset(preset, draw))
        if picture is not None:
            asked.setdefault("init", "stylized")
        if isinstance(recipe, str):
            asked["recipe"] = recipe
        how = Refinement.chosen_by(RefineOptions(**asked), None if isinstance(recipe, str) else recipe)
        shares = normalised(style_image).items() if isinstance(style_image, Mapping) else [(style_image, 1.0)]
        own = self.read(photo)
        self.check(wanted, [own.size])
        whole = sized(own, wanted)
        if wanted.strength == 0:
            return in_kind(whole, photo)
        pictures = [
            (self.trimmed(self.read_style(each, "refinement"), wanted, stem_of(each)), share) for each, share in shares
        ]
        begin: Style | Pixels | None = None
        if (begun := how.start if picture is None else picture) is not None:
            begin = self.read(begun).pixels
            if begin.shape != whole.pixels.shape:
                raise OptionError("picture: not of the photo's size", "the stylized photo as it came")
        elif how.begins_stylized:
            size, crop = wanted.style_size, wanted.style_crop
            begin = blend({self.style(each, style_size=size, style_crop=crop): share for each, share in pictures})
        told = None if on_step is None else (lambda step, picture: on_step(step, picture()))
        drawn, _ = refined(self, whole, pictures, begin, wanted, how, told)
        return in_kind(finished(whole, drawn, wanted, self.threads), photo)
