"""Options as the fields of a form: read into their groups, and described for who builds a form."""

import math
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, TypeVar

from arbitrary_nst import presets
from arbitrary_nst.errors import OptionError
from arbitrary_nst.options import (
    BatchOptions,
    DrawOptions,
    EncodeOptions,
    LearnOptions,
    ModelOptions,
    Option,
    Options,
    RefineOptions,
    declared,
    keywords,
    one_of,
)
from arbitrary_nst.refinement.recipes import RECIPES
from arbitrary_nst.server.settings import ServeOptions
from arbitrary_nst.server.uploads import Form, truth

Group = TypeVar("Group", bound=Options)

# Positions do not leave with a picture that somebody else may have asked for.
ENCODING = EncodeOptions(metadata="private")
GROUPS: dict[str, Options] = {
    "draw": DrawOptions(), "encode": ENCODING, "refine": RefineOptions(), "learn": LearnOptions(),
}  # fmt: skip


SERVERS_OWN = ("vgg_weights",)  # options that name a file of the server's
# Where a form says it otherwise than the command.
HELP = {
    "regions": "Another style where a mask is white, as MASK=STYLE: the name of a part that is the mask's file, and of "
    "one that is a picture, or a style's; repeated, the last lies on top.",
    "init": "Picture to begin with: a word, or a file, such as the result of one that was stopped.",
    "recipe": f"What to optimise for: {', '.join(RECIPES)}.",
}


def offered(group: type[Options]) -> list[Option]:
    """The options of a group that a form may have: no path of the server's is among them, whoever names it."""
    return [option for option in declared(group) if option.name not in SERVERS_OWN]


def takes_file(option: Option) -> bool:
    """Whether it may be given as a file."""
    return Path in option.kinds and not is_regions(option)


def is_regions(option: Option) -> bool:
    """Whether it is of names of parts and styles."""
    return Path in option.kinds and Mapping in option.kinds


def check_names(form: Form, groups: Collection[str], others: Collection[str]) -> None:
    """Raise OptionError for a field that means nothing, with the nearest that does, and for one of the wrong kind."""
    options = {option.name: option for group in groups for option in offered(type(GROUPS[group]))}
    named = region_parts(form) if "regions" in options else set()
    for name in (*form.fields, *(name for name in form.uploads if name not in named)):
        if name not in options and name not in others:
            _refuse(name, groups)
            one_of("field", name, [*others, *options])
    for name, option in options.items():
        if takes_file(option) and not option.choices and form.text(name) is not None:
            raise OptionError(f"{option.label}: not a file", "a picture as a file, not its name")
        if not takes_file(option) and name in form.uploads:
            raise OptionError(f"{option.label}: a file", "a field without a file")


def _refuse(name: str, groups: Collection[str]) -> None:
    """Raise OptionError for an option that there is, but not here."""
    if name in SERVERS_OWN or any(name in keywords(group) for group in (ModelOptions(), ServeOptions())):
        raise OptionError(f"field {name!r}: whoever runs the server decides that", "without it")
    if name in keywords(BatchOptions()):
        raise OptionError(f"field {name!r}: of files and folders, and here there are none", "without it")
    for group in GROUPS.keys() - set(groups):
        if name in keywords(GROUPS[group]):
            need = {"refine": "refine=true with it", "learn": "learn=true with it"}.get(group, "without it")
            raise OptionError(f"field {name!r}: an option of {group}, which is not asked for", need)


def region_pairs(form: Form) -> list[tuple[str, str]]:
    """Of each region the name of its mask's part, and what its style is called. Raises OptionError."""
    pairs = []
    for text in form.fields.get("regions", []):
        if not text.strip():
            continue
        mask, _, style = (each.strip() for each in text.partition("="))
        if not (mask and style):
            raise OptionError(f"regions {text[:60]!r}: no mask with a style", "regions=sky=mosaic, and the file as sky")
        pairs.append((mask, style))
    return pairs


def region_parts(form: Form) -> set[str]:
    """The names of parts that regions name, and that are files."""
    return {name for pair in region_pairs(form) for name in pair if name in form.uploads}


def read_group(form: Form, default: Group) -> Group:
    """The group as the form's fields have it; what is a file is left to ``attached``. Raises OptionError."""
    values = keywords(default)
    for option in offered(type(default)):
        if not is_regions(option) and (text := form.text(option.name)) is not None:
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


def drawing(form: Form) -> DrawOptions:
    """How to draw: as the preset that is named has it, but where a field says otherwise. Raises OptionError."""
    preset = form.text("preset")
    default = DrawOptions(**presets.options(preset)) if preset else DrawOptions()
    return read_group(form, default)


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
        "help": help_of(option),
    }


def help_of(option: Option) -> str:
    """What it is, other options called as fields are."""
    return HELP.get(option.name) or re.sub(r"--([a-z]+)", r"\1", option.about.help)


def kind_of(option: Option) -> str:
    """What a form has for it: ``boolean``, ``number``, ``integer``, ``choice`` or ``text``; ``file`` for an upload;
    ``regions`` and ``weights``, repeated, for names with an equals sign and what each has.
    """
    if is_regions(option):
        return "regions"
    if Path in option.kinds and option.choices:
        return "choice"
    kinds = {Path: "file", bool: "boolean", Mapping: "weights", int: "integer", float: "number"}
    return next((word for kind, word in kinds.items() if kind in option.kinds), "choice" if option.choices else "text")
