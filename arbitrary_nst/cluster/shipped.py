"""What every worker is given, once: the model's files, the styles' numbers, the settings, and files they name.

A worker needs none of the driver's disk: a style, a mask or a model that only the driver can read works.
"""

import hashlib
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from arbitrary_nst.cluster.destination import Destination
from arbitrary_nst.cluster.plan import Made
from arbitrary_nst.cluster.stores import Store
from arbitrary_nst.errors import ModelError
from arbitrary_nst.files import writing
from arbitrary_nst.files.settings import Settings
from arbitrary_nst.hardware.own_folder import NO_CACHE, cache_dir
from arbitrary_nst.images import masks
from arbitrary_nst.model_zoo import Model
from arbitrary_nst.options import ModelOptions
from arbitrary_nst.refinement.settings import Refinement
from arbitrary_nst.session import Session

Files = dict[str, bytes]  # by name


@dataclass(frozen=True)
class Shipped:
    """All of it, as a value that can be pickled. ``files`` are by the path they have on the driver."""

    options: ModelOptions
    digest: str | None  # of the model; None where none is used
    model: Files
    settings: Settings
    files: Mapping[Path, bytes]
    vgg19: bytes | None
    styles: Sequence[Made]
    destination: Destination
    stores: Mapping[str, Store]
    memory: int

    @classmethod
    def of(
        cls,
        session: Session,
        styles: Sequence[Made],
        settings: Settings,
        destination: Destination,
        stores: Mapping[str, Store],
        options: ModelOptions,
        memory: int,
    ) -> "Shipped":
        """What workers need to draw as ``session`` does. Raises PhotoError and ModelError for what cannot be read."""
        used = session.model if any(each.style.code is not None for each in styles) else None
        regions = settings.regions or {}
        named = [*regions, *regions.values(), *([] if settings.mask is None else [settings.mask])]
        vgg19 = None
        if settings.refinement is not None or settings.score:
            how = settings.refinement or Refinement(vgg_weights=settings.vgg_weights)
            vgg19 = session.vgg19(how).read().getvalue()
        return cls(
            options if used is None else replace(options, model=used.card.name),
            None if used is None else used.digest,
            {} if used is None else _files_of(used),
            replace(settings, output=None, limit=None, on_step=None, on_end=None, sink=None),
            {path: masks.read_file(path) for path in dict.fromkeys(named)},
            vgg19,
            styles,
            destination,
            stores,
            memory,
        )

    def unpack(self) -> tuple[Session, Settings]:
        """A session as the driver's, and the settings with files of this machine. Raises ModelError."""
        folder = cache_dir() / "shipped"
        if folder.is_relative_to(NO_CACHE):
            folder = Path(tempfile.mkdtemp(prefix="arbitrary_nst-"))
        options = replace(
            self.options, offline=True, trust_model=True
        )  # the driver let it in, and its digest is checked
        if self.digest is not None:
            put = folder / self.digest
            for name, data in self.model.items():
                _put(put / options.model / name, data)
            options = replace(options, model_dir=put)
        session = Session(options, lambda line: None)
        if self.digest is not None and session.model.digest != self.digest:
            raise ModelError(f"{session.model.folder}: is not what was shipped", "remove it")
        return session, self._settings_in(folder)

    def _settings_in(self, folder: Path) -> Settings:
        here = {path: _put_by_content(folder, path.name, data) for path, data in self.files.items()}
        settings = self.settings
        if settings.mask is not None:
            settings = replace(settings, mask=here[settings.mask])
        if settings.regions is not None:
            settings = replace(settings, regions={here[mask]: here[each] for mask, each in settings.regions.items()})
        if self.vgg19 is not None:
            weights = _put_by_content(folder, "vgg19.h5", self.vgg19)
            how = settings.refinement and replace(settings.refinement, vgg_weights=weights)
            settings = replace(settings, vgg_weights=weights, refinement=how)
        return settings


def _files_of(model: Model) -> Files:
    try:
        return {name: (model.folder / name).read_bytes() for name in model.card.key_files}
    except OSError as exc:
        raise ModelError(f"{model.folder}: cannot be read ({exc.strerror})", "check its permissions") from exc


def _put_by_content(folder: Path, name: str, data: bytes) -> Path:
    return _put(folder / hashlib.sha256(data).hexdigest()[:32] / name, data)


def _put(path: Path, data: bytes) -> Path:
    """A file with these bytes, written unless it is there: several workers of a machine share it."""
    if not (path.is_file() and path.stat().st_size == len(data) and path.read_bytes() == data):
        writing.make_folder(path.parent)
        writing.write_atomically(path, data, overwrite=True)
    return path
