"""Photos over a cluster: what `run` does on one machine, with the same pictures."""

import contextlib
import logging
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Unpack

from arbitrary_nst.cluster import parts
from arbitrary_nst.cluster.blocks import Blocks
from arbitrary_nst.cluster.destination import Destination
from arbitrary_nst.cluster.joining import Room, import_ray, joined, room
from arbitrary_nst.cluster.known import Known
from arbitrary_nst.cluster.listing import Sources, lines_of
from arbitrary_nst.cluster.plan import Made, Plan
from arbitrary_nst.cluster.settings import ClusterOptions
from arbitrary_nst.cluster.shipped import Shipped
from arbitrary_nst.cluster.spreading import results
from arbitrary_nst.cluster.stores import Store
from arbitrary_nst.cluster.work import address_of
from arbitrary_nst.declaration import path_text, path_texts
from arbitrary_nst.errors import OptionError
from arbitrary_nst.files.given import Own, refuse_unwritable
from arbitrary_nst.files.planner import Planner
from arbitrary_nst.files.results import Result
from arbitrary_nst.files.settings import Settings
from arbitrary_nst.files.shares import StyleGiven, from_python, pictures_of
from arbitrary_nst.images.sources import PathSource
from arbitrary_nst.keywords import ManyKeywords, takes_keywords
from arbitrary_nst.options import BatchOptions, DrawOptions, EncodeOptions, ModelOptions, RefineOptions
from arbitrary_nst.session import Session
from arbitrary_nst.styles import Style

Notify = Callable[[str], None]
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Asked:
    """What is to be done: photos, as given and as a list names them, styles, and where the pictures go."""

    photos: Sequence[str]
    listed: Callable[[], Iterable[str]]
    styles: Sequence[StyleGiven]
    output: str
    settings: Settings
    cluster: ClusterOptions
    model: ModelOptions


@takes_keywords(DrawOptions, EncodeOptions, BatchOptions)
def stylize(
    photos: PathSource | Iterable[PathSource],
    style: Style | PathSource | Mapping[Any, float] | Sequence[Style | PathSource | Mapping[Any, float]],
    output: PathSource,
    *,
    from_file: PathSource | None = None,
    cluster: ClusterOptions = ClusterOptions(),
    model: ModelOptions = ModelOptions(),
    refine: RefineOptions | None = None,
    preset: str | None = None,
    notify: Notify = _log.warning,
    **how: Unpack[ManyKeywords],
) -> Iterator[Result]:
    """Stylize photos into a folder over a cluster, a Result for each as its block is done, in no order.

    ``photos`` are folders, files and addresses such as ``s3://bucket/photos``; ``from_file`` lists more, as text or as
    Parquet with a column ``path``. ``output`` is a folder or an address, which mirrors the folders. The settings are
    those of ``Stylizer.stylize_many``, and so are the pictures. A photo's fault is in its Result. ``notify`` takes
    lines as a Stylizer's. Raises OptionError where no cluster answers, PhotoError where a store does not, and
    ModelError and EngineError as a Stylizer does.
    """
    given, place = path_texts("photos", photos), path_text("output", output)
    settings = Settings.from_keywords(None, preset, refine, how)
    import_ray()
    listed = lines_of(None if from_file is None else path_text("from file", from_file))
    asked = Asked(given, listed, from_python(style), place, settings, cluster, model)
    return spread(asked, notify)


def spread(
    asked: Asked,
    notify: Notify,
    expect: Callable[[int], None] = lambda pictures: None,
    *,
    dry_run: bool = False,
    bars: bool = False,
) -> Generator[Result, None, None]:
    """The Results of what is asked; ``expect`` is told how many there will be, before any picture is drawn.

    A ``dry_run`` only plans; ``bars``: Ray shows its own on stderr.
    """
    import_ray()
    if asked.settings.in_place:
        raise OptionError("in place: not over a cluster", "{output} another folder")
    destination = Destination(asked.output)
    if not dry_run:
        destination.make()
        if destination.folder is not None:
            refuse_unwritable(destination.folder, ())
    with contextlib.nullcontext() if dry_run else joined(asked.cluster) as ray:
        place = Room(1, 1, 0, 0, False) if dry_run else room(ray, asked.cluster)
        session = Session(_here(asked.model, place), notify)
        styles = _styles(session, asked)
        stores: dict[str, Store] = {}
        run = parts.run_name()
        with contextlib.closing(Blocks(destination, run, place.workers)) as blocks:
            told = yield from _planned(asked, styles, destination, stores, blocks, notify, dry_run=dry_run)
            expect(told + blocks.pictures)
            described = [] if dry_run else blocks.described()
        if not described:
            return
        computing = _there(session, styles, place)
        shipped = Shipped.of(session, styles, asked.settings, destination, stores, computing, place.memory)
        for result in results(ray, described, shipped, place, run, bars=bars):
            yield result
            if result.error is not None and asked.settings.fail_fast:
                return


def _here(asked: ModelOptions, place: Room) -> ModelOptions:
    """How the driver embeds styles: where workers have no GPU, nor does it take one."""
    return replace(asked, device="cpu") if asked.device == "auto" and not place.gpus else asked


def _there(session: Session, styles: Sequence[Made], place: Room) -> ModelOptions:
    """How workers draw: without GPUs all alike, as the driver does, so that pictures do not depend on the machine."""
    asked = session.options
    memory = asked.max_memory or place.memory // 2
    computing = replace(asked, threads=place.cpus, max_memory=memory)
    if place.gpus or all(made.style.code is None for made in styles):
        return computing
    precision: Any = session.engine.precision
    known = precision if precision in ("f32", "bf16") else asked.precision
    return replace(computing, engine=session.engine.name, precision=known)  # type: ignore[arg-type]  # of an engine


def _styles(session: Session, asked: Asked) -> list[Made]:
    """The styles, read by the driver alone. Raises what is wrong with them, the model and the settings."""
    planner = Planner(session, [], asked.styles, replace(asked.settings, output=None), several=True)
    with contextlib.closing(planner):
        return [Made.of(style, planner.made_with(style), session.options) for style in planner.styles]


def _planned(
    asked: Asked,
    styles: Sequence[Made],
    destination: Destination,
    stores: dict[str, Store],
    blocks: Blocks,
    notify: Notify,
    *,
    dry_run: bool,
) -> Generator[Result, None, int]:
    """Hand every photo with something to do to the blocks, and yield the Results of those without; how many."""
    settings = asked.settings
    known = Known.read(destination) if settings.existing == "skip" else Known.nothing()
    plan = Plan(styles, settings, destination, known, stores)
    own = Own(pictures_of(asked.styles), settings)
    found = Sources(asked.photos, asked.listed, stores).find(destination, own, notify, recursive=settings.recursive)
    begun, told, met = 0, 0, False
    for planned in plan.photos(found):
        met = True
        if begun == settings.limit:
            break
        for each in planned:
            if isinstance(each, Result):
                told += 1
                if each.error is not None and not dry_run:
                    blocks.fail(each)
                yield each
                if each.error is not None and settings.fail_fast:
                    return told
        rows = [each for each in planned if not isinstance(each, Result)]
        begun += bool(rows)
        if dry_run:
            yield from (_foretold(row, styles, destination) for row in rows)
        elif rows:
            blocks.add(rows)
    if not met:
        raise OptionError("no photos found", "another folder, or check the suffixes")
    return told


def _foretold(row: parts.Row, styles: Sequence[Made], destination: Destination) -> Result:
    return Result(address_of(row), styles[row["style"]].style.name, destination.name(row["output"]), planned=True)
