"""Where the one file goes that a command writes: a sheet, or a style."""

from pathlib import Path

from arbitrary_nst.cli.report import say
from arbitrary_nst.cli.streams import STREAM
from arbitrary_nst.errors import OptionError
from arbitrary_nst.options import Existing, Format

SHEET_FORMATS: tuple[Format | None, ...] = ("png", "jpg", "webp", "tiff")


def place_of_sheet(output: Path, existing: Existing, given: list[Path]) -> Path | None:
    """Where the sheet goes, or None to skip it, which is told."""
    from arbitrary_nst import images

    if output == STREAM:
        raise OptionError("-o -: a sheet goes to a file", "-o sheet.png")
    if output.suffix and images.suffix_format(output) not in SHEET_FORMATS:
        raise OptionError(f"{output}: a sheet is no {output.suffix}", ".png, .jpg, .webp or .tiff")
    return _settled(output, existing, given)


def place_of_style(output: Path, existing: Existing, given: list[Path]) -> Path | None:
    """Where the style goes, or None to skip it, which is told."""
    from arbitrary_nst.styles.files import SUFFIX, is_style_file

    if not is_style_file(output):
        raise OptionError(f"{output}: a style's file ends in {SUFFIX}", f"-o {output.stem or 'wave'}{SUFFIX}")
    return _settled(output, existing, given)


def _settled(output: Path, existing: Existing, given: list[Path]) -> Path | None:
    """The name by ``existing``, none of those given, in a folder that is there and can be written to."""
    from arbitrary_nst.files import naming
    from arbitrary_nst.files.given import refuse_unwritable
    from arbitrary_nst.files.writing import make_folder

    naming.refuse_inputs(output, given, "-o")
    target = naming.settle(output, existing, None)
    if target is None:
        say(f"{output}: skipped, exists already")
        return None
    make_folder(target.parent)
    refuse_unwritable(target.parent, ())
    return target
