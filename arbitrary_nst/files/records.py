"""What a picture was made with, as a manifest remembers it and `--existing skip` compares it."""

from dataclasses import dataclass

from arbitrary_nst.files.jobs import StyleInUse
from arbitrary_nst.files.manifest import COMPUTED, Record
from arbitrary_nst.files.settings import Settings
from arbitrary_nst.options import ModelOptions
from arbitrary_nst.session import Session


@dataclass(frozen=True)
class Fingerprint:
    """What pictures of a session are known by. ``refining_precision`` is None where nothing is refined."""

    session: Session
    settings: Settings
    refining_precision: str | None

    def of(self, style: StyleInUse) -> Record:
        """Style, model, settings, and what computes: all that must be equal of a picture besides photo and name."""
        settings, engine = self.settings, self.session.engine if style.code else None
        return {
            "style": style.sha256,
            "model": style.code and style.code.model,
            "settings": settings.key,
            "refinement": settings.refinement and settings.refinement.key,
            # what was really used: it counts where it is asked for, and `auto` is content with any
            "engine": engine and engine.name,
            "precision": engine and engine.precision,
            "refining_precision": self.refining_precision,
        }

    def counting(self, record: Record) -> Record:
        """What of a record must be as it is, given what was asked for."""
        return counting(record, self.session.options)


def counting(record: Record, asked: ModelOptions) -> Record:
    """What of a record counts: what `auto` chose on another machine is as good as what it chooses here."""
    wanted = dict(zip(COMPUTED, (asked.engine, asked.precision, asked.precision), strict=True))
    return {name: value for name, value in record.items() if wanted.get(name) != "auto"}
