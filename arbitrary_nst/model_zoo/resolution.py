"""From what the user asked for to a model that may be loaded."""

import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Literal, NamedTuple

from arbitrary_nst.errors import ModelError
from arbitrary_nst.model_zoo import download, store
from arbitrary_nst.model_zoo.card import Card, cards, models_root
from arbitrary_nst.model_zoo.store import Model
from arbitrary_nst.model_zoo.verification import check

Notify = Callable[[str], None]
State = Literal["verified", "not checked yet", "changed", "incomplete", "absent"]


class Row(NamedTuple):
    """A line of ``arbstyle models list``. ``where`` is None for a model that is not here; ``bytes`` is its size."""

    name: str
    title: str
    licence: str
    state: State
    where: Path | None
    bytes: int


_log = logging.getLogger(__name__)


def resolve(
    name: str = "auto",
    *,
    model_dir: Path | None = None,
    offline: bool | None = None,
    trust: bool = False,
    notify: Notify = _log.warning,
) -> Model:
    """The model to use, fetched if need be, complete and verified.

    ``auto`` is the best model that is here or can be fetched, and tells ``notify`` in one line when that is not the
    best there is. A name is that model or an error, a path is the model in that folder. ``offline`` None reads
    ``ARBSTYLE_OFFLINE``. ``trust`` lets an unknown or changed model pass, never an incomplete one. Raises ModelError.
    """
    offline = store.stay_offline(offline)
    if name == "auto":
        return _resolve_auto(model_dir, offline, trust, notify)
    card, folder, skipped = _look_for(name, model_dir)
    if folder is None:
        if offline or not card.downloads:
            raise ModelError(f"{name}: not here{_because(skipped)}", _how_to_get(card, offline))
        for line in skipped:
            notify(f"{line}: looking on")
        folder = download.pull(card, notify=notify)
    return open_model(card, folder, trust=trust)


def _resolve_auto(model_dir: Path | None, offline: bool, trust: bool, notify: Notify) -> Model:
    """The first card's model if it is here or comes, else the next that is here.

    A model that is here but changed or unknown raises: falling back would hide it.
    """
    best, *others = cards().values()
    _, folder, skipped = _look_for(best.name, model_dir)
    reason = "offline" if offline else ""
    is_news = not offline and not download.recently_unreachable(best)
    if folder is None and not offline:
        folder, reason = _try_to_fetch(best, notify)
    if folder is not None:
        return open_model(best, folder, trust=trust)
    for card in others:
        _, folder, _ = _look_for(card.name, model_dir)
        if folder is not None:
            where = "bundled" if folder.is_relative_to(models_root()) else folder
            why = [*skipped, *([f"{best.name}: {reason}"] if is_news else [])]
            notify("; ".join([f"using {card.name} ({where})", *why]))
            return open_model(card, folder, trust=trust)
    raise ModelError(f"no model is here{_because([*skipped, reason])}", _how_to_get(best, offline))


def _try_to_fetch(card: Card, notify: Notify) -> tuple[Path | None, str]:
    """Its folder, or None and why not."""
    if download.recently_unreachable(card):
        return None, f"could not be fetched within the last hour; `arbstyle models pull {card.name}` tries now"
    reason = "Kaggle cannot be reached"
    if download.reachable():
        try:
            return download.pull(card, notify=notify), ""
        except ModelError as exc:
            reason = exc.what
    download.remember_unreachable(card)
    return None, reason


def _look_for(name: str, model_dir: Path | None) -> tuple[Card, Path | None, list[str]]:
    """Card, folder or None, and what was passed over on the way: incomplete folders are not models."""
    if name not in cards():
        return _recognise(Path(name).expanduser())
    card = cards()[name]
    skipped: list[str] = []
    for folder in store.places(name, model_dir):
        if not os.path.isdir(folder):
            continue
        if not (missing := store.missing_files(card, folder)):
            return card, folder, skipped
        skipped.append(f"{folder} is incomplete, without {missing[0]}")
    return card, None, skipped


def _recognise(folder: Path) -> tuple[Card, Path, list[str]]:
    if not os.path.isdir(folder):
        raise ModelError(f"{folder}: no such model or folder", f"auto, {', '.join(cards())}, or a model folder")
    lacking = {card.name: store.missing_files(card, folder) for card in cards().values()}
    for name, missing in lacking.items():
        if not missing:
            return cards()[name], folder, []
    closest = min(lacking, key=lambda name: len(lacking[name]) / len(cards()[name].key_files))
    raise ModelError(f"{folder}: not a model; as {closest} it lacks {', '.join(lacking[closest])}", "a whole copy")


def open_model(card: Card, folder: Path, *, trust: bool = False) -> Model:
    """The complete model in ``folder``, if it is genuine or trusted.

    A SavedModel's weights are proven once, which takes some seconds; from then on the hashes of their files must stay
    what they were.
    """
    hashes = store.hash_files(card, folder)
    digest = store.digest(hashes)
    before = store.recorded(folder) if card.published else None
    try:
        if before is None:
            if trust and card.published:  # what has another layout is refused when its weights are read
                return Model(card, folder, digest, verified=False)
            check(card, folder, hashes)
            if card.published:
                store.record(folder, hashes)
        elif before != hashes:
            changed = sorted(name for name in before.keys() | hashes.keys() if before.get(name) != hashes.get(name))
            raise ModelError(f"{folder}: changed since it was verified ({', '.join(changed)})")
    except ModelError as exc:
        if trust:
            return Model(card, folder, digest, verified=False)
        remedy = f"arbstyle models verify {card.name}, a fresh copy, or {{trust_model}} if you know whose it is"
        raise ModelError(f"{exc}: not loaded", remedy) from exc
    return Model(card, folder, digest, verified=True)


def find(name: str, *, model_dir: Path | None = None) -> Path:
    """The folder that a model would be loaded from. Raises ModelError where it is not here."""
    return _find(name, model_dir)[1]


def _find(name: str, model_dir: Path | None) -> tuple[Card, Path]:
    if name == "auto":  # as ``resolve`` chooses among those that are here
        name = next((each for each in cards() if _look_for(each, model_dir)[1] is not None), next(iter(cards())))
    card, folder, skipped = _look_for(name, model_dir)
    if folder is None:
        raise ModelError(f"{name}: not here{_because(skipped)}", _how_to_get(card, False))
    return card, folder


def verify(name: str, *, model_dir: Path | None = None) -> Model:
    """Prove a model from its first byte and make that the state it is compared with from now on."""
    card, folder = _find(name, model_dir)
    hashes = store.hash_files(card, folder)
    try:
        check(card, folder, hashes)
    except ModelError as exc:
        raise ModelError(str(exc), _how_to_get(card, False)) from exc
    store.record(folder, hashes)
    return Model(card, folder, store.digest(hashes), verified=True)


def pull(name: str, *, force: bool = False, notify: Notify = _log.warning) -> Path:
    """Fetch a model into the cache and verify it; the folder it is in. Raises ModelError."""
    if store.stay_offline():
        raise ModelError(f"{name}: not fetched, ARBSTYLE_OFFLINE is set", "ARBSTYLE_OFFLINE=0")
    return download.pull(_card(name), force=force, notify=notify)


def clear(name: str | None = None) -> int:
    """Remove what was fetched, and made of or with one model, or of all, from the cache; bytes freed."""
    return store.clear([_card(name).name] if name else [*cards(), "vgg19"])


def _card(name: str) -> Card:
    if name not in cards():
        raise ModelError(f"{name}: no such model", ", ".join(cards()))
    return cards()[name]


def list_models(model_dir: Path | None = None) -> list[Row]:
    """Every model that has a card, and what is here of it."""
    return [_row(card, model_dir) for card in cards().values()]


def _row(card: Card, model_dir: Path | None) -> Row:
    _, folder, skipped = _look_for(card.name, model_dir)
    if folder is None:
        state: State = "incomplete" if skipped else "absent"
        return Row(card.name, card.title, card.licence, state, None, 0)
    hashes = store.hash_files(card, folder)
    size = sum((folder / name).stat().st_size for name in hashes)
    if card.published:
        before = store.recorded(folder)
        state = "not checked yet" if before is None else "verified" if before == hashes else "changed"
    else:
        state = "verified" if all(hashes[file.path] == file.sha256 for file in card.files) else "changed"
    return Row(card.name, card.title, card.licence, state, folder, size)


def _because(reasons: list[str]) -> str:
    given = [reason for reason in reasons if reason]
    return f" ({'; '.join(given)})" if given else ""


def _how_to_get(card: Card, offline: bool) -> str:
    if not card.downloads:
        return "reinstall arbitrary-nst, which brings it along"
    go_online = "without {offline} and ARBSTYLE_OFFLINE, " if offline else ""
    return f"{go_online}arbstyle models pull {card.name}, or a copy of it in a folder named by ARBSTYLE_MODEL_DIR"
