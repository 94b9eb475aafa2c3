"""Options as the fields of a form: read into their groups, and described for who builds a form."""

import contextlib
import math
import os
import tempfile
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any, TypeVar

from arbitrary_nst import presets
from arbitrary_nst.errors import OptionError
from arbitrary_nst.options import (
    DrawOptions,
    EncodeOptions,
    LearnOptions,
    Option,
    Options,
    RefineOptions,
    declared,
    keywords,
    one_of,
)
from arbitrary_nst.server.uploads import Form, Upload, truth

Group = TypeVar("Group", bound=Options)

# Positions do not leave with a picture that somebody else may have asked for.
ENCODING = EncodeOptions(metadata="private")
GROUPS: dict[str, Options] = {
    "draw": DrawOptions(), "encode": ENCODING, "refine": RefineOptions(), "learn": LearnOptions(),
}  # fmt: skip


def offered(group: type[Options]) -> list[Option]:
    """The options of a group that a form may have: no path of the server's is among them, whoever names it."""
    return [
        option
        for option in declared(group)
        if Path not in option.kinds or option.choices or (group is DrawOptions and is_upload(option))
    ]


def is_upload(option: Option) -> bool:
    """Whether it is given as a file; one that has words too is given as one of them."""
    return Path in option.kinds and not option.choices and Mapping not in option.kinds


def check_names(form: Form, groups: Collection[str], others: Collection[str]) -> None:
    """Raise OptionError for a field that means nothing, with the nearest that does, and for one of the wrong kind."""
    options = {option.name: option for group in groups for option in offered(type(GROUPS[group]))}
    for name in (*form.fields, *form.uploads):
        one_of("field", name, [*others, *options])
    for name, option in options.items():
        if is_upload(option) and form.text(name) is not None:
            raise OptionError(f"{option.label}: not a file", "a picture as a file, not its name")
        if not is_upload(option) and name in form.uploads:
            raise OptionError(f"{option.label}: a file", "a field without a file")


def read_group(form: Form, default: Group, files: Mapping[str, Path] | None = None) -> Group:
    """The group as the form's fields have it; ``files`` are its uploads, by option. Raises OptionError."""
    values = keywords(default)
    for option in offered(type(default)):
        if is_upload(option):
            if files and option.name in files:
                values[option.name] = files[option.name]
        elif (text := form.text(option.name)) is not None:
            values[option.name] = _value(option, text, form.fields[option.name])
    return type(default)(**values)


def _value(option: Option, text: str, all_of_them: list[str]) -> Any:
    if bool in option.kinds:
        return truth(option.name, text)
    if Path in option.kinds:
        one_of(option.label, text, option.choices)
    if Mapping in option.kinds:
        return {name: value for each in all_of_them if each for name, value in option.parsed(each.strip()).items()}
    return option.parsed(text)


def drawing(form: Form, files: Mapping[str, Path]) -> DrawOptions:
    """How to draw: as the preset that is named has it, but where a field says otherwise. Raises OptionError."""
    preset = form.text("preset")
    default = DrawOptions(**presets.options(preset)) if preset else DrawOptions()
    return read_group(form, default, files)


class Files:
    """The uploads that options name, as files with names of our own, gone with ``close``."""

    def __init__(self, form: Form, check: Callable[[Upload], object]) -> None:
        """``check`` raises for an upload that is not to be decoded."""
        self.paths, self.names = dict[str, Path](), dict[Path, str]()
        for option in filter(is_upload, offered(DrawOptions)):
            if (upload := form.upload(option.name)) is not None:
                check(upload)
                handle, path = tempfile.mkstemp(prefix="arbstyle-")
                with os.fdopen(handle, "wb") as file:
                    file.write(upload.data)
                self.paths[option.name] = Path(path)
                self.names[Path(path)] = upload.name

    def close(self) -> None:
        """Remove them."""
        for path in self.names:
            with contextlib.suppress(OSError):
                path.unlink()


def described() -> dict[str, list[dict[str, Any]]]:
    """Every group's options, as JSON has them; none of the server's paths, and metadata private by default."""
    return {name: [_described(option, group) for option in offered(type(group))] for name, group in GROUPS.items()}


def described_presets() -> list[dict[str, Any]]:
    """Every preset, as JSON has it."""
    return [
        {"name": preset.name, "about": preset.about, "options": dict(preset.options)}
        for preset in presets.PRESETS.values()
    ]


def _described(option: Option, group: Options) -> dict[str, Any]:
    about, default = option.about, getattr(group, option.name)
    least, most = (None if math.isinf(bound) else bound for bound in (about.least, about.most))
    return {
        "name": option.name,
        "label": option.label,
        "kind": kind_of(option),
        "choices": list(option.choices),
        "least": least,
        "most": most,
        "unit": about.unit,
        "default": default,
        "unset": about.unset,
        "help": about.help,
    }


def kind_of(option: Option) -> str:
    """What a form has for it: ``file``, ``boolean``, ``weights``, ``integer``, ``number``, ``choice`` or ``text``."""
    if Path in option.kinds and option.choices:
        return "choice"
    kinds = {Path: "file", bool: "boolean", Mapping: "weights", int: "integer", float: "number"}
    return next((word for kind, word in kinds.items() if kind in option.kinds), "choice" if option.choices else "text")
