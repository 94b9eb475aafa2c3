"""How a run's results are drawn and written, as a value."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from arbitrary_nst import options
from arbitrary_nst.errors import OptionError
from arbitrary_nst.images import masks
from arbitrary_nst.images.photo import Pixels
from arbitrary_nst.options import BatchOptions, DrawOptions, EncodeOptions, Options, RefineOptions
from arbitrary_nst.presets import with_preset

if TYPE_CHECKING:
    from arbitrary_nst.refinement.record import Step
    from arbitrary_nst.refinement.settings import Refinement

    OnStep = Callable[[str, Step, Pixels | Callable[[], Pixels]], None]

Sink = Callable[[bytes], object]


@dataclass(frozen=True)
class Settings(DrawOptions, EncodeOptions, BatchOptions):
    """How results are written. ``output`` is a file, a folder, or None for beside the photo.

    ``sink`` takes the encoded bytes of one picture in place of all these, in a thread of the stream. A BrokenPipeError
    that it raises ends the stream, all else is the photo's failure. ``vgg_weights`` is what ``score`` judges by, None
    the verified file that is here or can be fetched.

    With ``existing`` ``skip`` a folder's manifest must say that the output was made of the same photo (by size and
    time, or by SHA-256 with ``checksum``), style, model and settings; anything else is made again. ``limit`` is how
    many photos to do, those skipped not counted; ``fail_fast`` ends the stream at the first that fails.
    ``refinement``: refine each picture so; ``on_step`` is told of each step with the path of the picture, or for a
    sink the style's name, see ``refinement.Step``, and ``stop`` then ends the one that is being refined too, which is
    written as far as it is; ``on_end`` is told when it is over. What these two raise is that photo's failure.
    """

    output: Path | None = None
    refinement: "Refinement | None" = None
    on_step: "OnStep | None" = field(default=None, compare=False)
    on_end: Callable[[str], None] | None = field(default=None, compare=False)
    sink: Sink | None = field(default=None, compare=False)
    vgg_weights: Path | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        """Raise OptionError for values that make no sense, alone or together."""
        super().__post_init__()
        if self.in_place and (self.output is not None or self.sink is not None):
            raise OptionError(f"{self.output or 'sink'}: in place there is no other output", "without one of the two")
        if self.in_place and self.format != "auto":
            raise OptionError(f"format {self.format}: in place a photo keeps its own", "without {format}")
        if self.in_place and self.existing in ("skip", "rename"):  # skipping none, it would stylize the stylized
            raise OptionError(f"existing {self.existing}: in place nothing tells which are done", "{output} a folder")

    @classmethod
    def of(
        cls,
        output: Path | None,
        *groups: Options,
        refinement: "Refinement | None" = None,
        on_step: "OnStep | None" = None,
        on_end: Callable[[str], None] | None = None,
        sink: Sink | None = None,
        vgg_weights: Path | None = None,
    ) -> "Settings":
        """The settings that whole groups of options make; a group that is not given is as by default."""
        given = {name: value for group in groups for name, value in options.keywords(group).items()}
        return cls(
            output, refinement=refinement, on_step=on_step, on_end=on_end, sink=sink, vgg_weights=vgg_weights, **given
        )

    @classmethod
    def from_keywords(
        cls, output: Path | None, preset: str | None, refine: RefineOptions | None, given: Mapping[str, Any]
    ) -> "Settings":
        """The settings of ``ManyKeywords``, and of a preset where none are given."""
        refinement = None
        if not (refine is None or isinstance(refine, RefineOptions)):
            raise OptionError(f"refine {options.shown(refine)}: no RefineOptions", "RefineOptions(), or with steps=100")
        if refine is not None:
            from arbitrary_nst.refinement.settings import Refinement

            refinement = Refinement.chosen_by(refine)
        return cls(output, refinement=refinement, **with_preset(preset, given))

    @property
    def key(self) -> dict[str, Any]:
        """What must be equal for a picture's file to be the one that would be made now, photo and style aside.

        The strokes, since records of before 0.3 had other ones by default, and all that differs from its default: an
        option that joins later leaves older records as they are. Of files it is the content that counts, by SHA-256,
        and of regions their order too. Raises PhotoError where one is gone.
        """
        own = options.taken_from(DrawOptions, self), options.taken_from(EncodeOptions, self)
        differing = {name: value for group in own for name, value in options.differing(group).items()}
        if self.mask is not None:
            differing["mask"] = masks.digest(self.mask)
        if self.regions is not None:
            differing["regions"] = [list(map(masks.digest, pair)) for pair in self.regions.items()]
        return {"strokes": self.strokes, **differing}
