"""Proof that a model is what its card says: from its bytes, never by loading a program."""

from pathlib import Path

from arbitrary_nst.errors import ModelError
from arbitrary_nst.model_zoo import store
from arbitrary_nst.model_zoo.card import Card
from arbitrary_nst.model_zoo.store import Hashes


def check(card: Card, folder: Path, hashes: Hashes) -> None:
    """Raise ModelError, saying what differs, unless the model in ``folder`` is the one on the card.

    ``hashes`` are those of the files; of a card with ``files`` they are the proof. Otherwise the weights are read from
    a private copy that has these hashes.
    """
    if card.published is None:
        _check_files(card, folder, hashes)
    else:
        _check_weights(card, folder, hashes)


def _check_files(card: Card, folder: Path, hashes: Hashes) -> None:
    for file in card.files:
        size = (folder / file.path).stat().st_size
        if size != file.size:
            raise ModelError(f"{folder / file.path}: {size} bytes, not the published {file.size}")
        if hashes[file.path] != file.sha256:
            raise ModelError(f"{folder / file.path}: SHA-256 is not the published one")


def _check_weights(card: Card, folder: Path, hashes: Hashes) -> None:
    """Names, shapes and CRC-32C of the published variables, and the SHA-256 of those first proven here."""
    from arbitrary_nst.model_zoo import weights as numbers

    assert card.published is not None
    with store.snapshot(card, folder, store.digest(hashes)) as copy:
        try:
            weights = numbers.read_weights(copy)
        except ModelError as exc:
            raise ModelError(f"{folder}: {exc.what}") from exc
    numbers.check_layout(card, folder, weights)
    if numbers.digest_of_lines(numbers.variable_lines(weights)) != card.published.variables_sha256:
        raise ModelError(f"{folder}: its weights are not the published ones")
    store.check_pinned(card.name, numbers.sha256_of(weights), folder)
