"""A model and its engine, each loaded once: when it is asked for, or ahead, while a program is still being imported."""

import hashlib
import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from arbitrary_nst import model_zoo
from arbitrary_nst.engines import Engine, LoadsAhead, kept_numbers, load_engine
from arbitrary_nst.errors import ModelError
from arbitrary_nst.hardware.loading import loaded_once
from arbitrary_nst.model_zoo import Model
from arbitrary_nst.options import DrawOptions, ModelOptions
from arbitrary_nst.styles import origin_of

THREAD = "load ahead"


class Loaded:
    """What a session draws with. It imports neither Pillow nor what lies between a file and a photo.

    ``notify`` is called with one line about which model was chosen and why, where that is not what was asked for.
    Both properties raise ModelError and EngineError.
    """

    def __init__(self, options: ModelOptions, notify: Callable[[str], None]) -> None:
        self.options, self._notify = options, notify
        self._begun: Loaded | None = None

    @loaded_once
    def model(self) -> Model:
        """The model in use: found, fetched if need be, and verified on first access."""
        if self._begun is not None:
            return self._begun.model
        wanted = self.options
        return model_zoo.resolve(
            wanted.model,
            model_dir=wanted.model_dir,
            offline=wanted.offline,
            trust=wanted.trust_model,
            notify=self._notify,
        )

    @loaded_once
    def engine(self) -> Engine:
        """The engine in use, loaded on first access."""
        if self._begun is not None:
            return self._begun.engine
        wanted = self.options
        return load_engine(self.model, wanted.engine, wanted.precision, wanted.threads, wanted.device)

    def is_here(self) -> bool:
        """Whether a model was named, and need not be fetched."""
        if self.options.model == "auto":
            return False
        try:
            model_zoo.find(self.options.model, model_dir=self.options.model_dir)
        except ModelError:
            return False
        return True

    def load_ahead(self, styles: Sequence[Path] = (), draw: DrawOptions = DrawOptions()) -> None:
        """Load model and engine, and begin to compile beside what else comes; a failure is raised where they are used.

        Compiling goes on in a thread; what is imported for it is not, as two threads that import hinder each other.
        The style half is left out where the numbers of all ``styles`` are kept: nothing but another look would need it.
        """
        if Loaded.model.ahead(self) and Loaded.engine.ahead(self) and isinstance(self.engine, LoadsAhead):
            compiling = (self.engine, styles, draw)
            threading.Thread(target=self._compile, args=compiling, name=THREAD, daemon=True).start()

    def _compile(self, engine: LoadsAhead, styles: Sequence[Path], draw: DrawOptions) -> None:
        known = bool(styles) and draw.strength == 1 and draw.colors != "match"  # which look at the photo too
        engine.load_ahead(style_half=not (known and all(self._is_known(each, draw) for each in styles)))

    def _is_known(self, style: Path, draw: DrawOptions) -> bool:
        """Whether a style's numbers are here: in a ``.style`` file, learnt of a built-in style, or kept of a picture.

        By its file or name alone; what is neither is left to who reads it.
        """
        from arbitrary_nst.hardware.decoding import read_ahead
        from arbitrary_nst.images import library

        try:
            if not os.path.lexists(style):
                learnt = library.learnt_style(library.FOLDER / style, self.model.card.name)
                return draw.reads_styles_as_usual and learnt is not None
            if style.suffix == ".style":
                return True
            data = read_ahead(style)
        except OSError:
            return False
        if data is None:
            return False
        sha256 = hashlib.sha256(data).hexdigest()
        origin = origin_of(sha256, draw.style_size or self.model.card.style_size, draw.style_crop)
        return kept_numbers.are_kept(self.engine, self.model, origin)

    def go_on_with(self, begun: "Loaded") -> None:
        """Use what another one, of the same options, has begun to load."""
        self._begun = begun
