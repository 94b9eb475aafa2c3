"""Each option once: checked in the groups, spelled from them, remembered by them."""

import hashlib
import inspect
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import get_type_hints

import numpy as np
import pytest

import arbitrary_nst
from arbitrary_nst import BatchOptions, DrawOptions, EncodeOptions, ModelOptions, OptionError, RefineOptions, Stylizer
from arbitrary_nst.cli.declare import takes_groups
from arbitrary_nst.cli.run import run
from arbitrary_nst.cluster.run import stylize as cluster_stylize
from arbitrary_nst.files.settings import Settings
from arbitrary_nst.keywords import DrawKeywords, LearnKeywords, ManyKeywords, RefiningKeywords
from arbitrary_nst.options import LearnOptions, declared
from arbitrary_nst.refinement.recipes import RECIPES, get
from arbitrary_nst.refinement.settings import Refinement

ROOT = Path(__file__).resolve().parent.parent
GROUPS = (ModelOptions, DrawOptions, EncodeOptions, BatchOptions, RefineOptions)
EVERY = [(group, option) for group in GROUPS for option in declared(group)]


def named(pair):
    return f"{pair[0].__name__}.{pair[1].name}" if isinstance(pair, tuple) else None


def other_value(option):
    """A value that makes sense and is not the default."""
    if bool in option.kinds:
        return not option.default
    if {int, float} & set(option.kinds):
        return min(option.about.least + 7, option.about.most)  # no recipe's own
    if option.choices:
        return next(choice for choice in reversed(option.choices) if choice not in (option.default, "max", "adam"))
    if Mapping in option.kinds:
        return {Path("a.png"): Path("b.jpg")} if Path in option.kinds else {"block1_conv2": 0.5}
    if Path in option.kinds:
        return Path("elsewhere")
    return "gatys"


@pytest.mark.parametrize("pair", EVERY, ids=named)
def test_every_option_has_help_takes_its_default_and_refuses_nonsense(pair):
    group, option = pair
    assert option.about.help.endswith(".") or option.about.help[0].islower()
    assert getattr(group(), option.name) == option.default
    assert getattr(group(**{option.name: other_value(option)}), option.name) == other_value(option)
    for wrong in (
        [],
        object(),
        math.nan,
        math.inf,
        -1,
        -0.5,
        1 if bool in option.kinds else True,
        "",
        "nonsense",
        b"x",
    ):
        text_is_fine = isinstance(wrong, str) and {str, Path} & set(option.kinds) and Mapping not in option.kinds
        if not text_is_fine:
            with pytest.raises(OptionError, match="Try: ") as caught:
                group(**{option.name: wrong})
            assert caught.value.what.startswith(option.label)
    if Mapping in option.kinds or (not {str, Path} & set(option.kinds) and bool not in option.kinds):
        with pytest.raises(OptionError) as parsed:
            group(**{option.name: option.parsed("nonsense")})
        assert parsed.value.what.startswith(option.label)


def test_an_option_says_the_same_from_python_and_the_command_line():
    quality = next(option for option in declared(EncodeOptions) if option.name == "quality")
    for value in (0, 101):
        with pytest.raises(OptionError) as in_python:
            EncodeOptions(quality=value)
        with pytest.raises(OptionError) as typed:
            quality.parsed(str(value))
        assert in_python.value.args == typed.value.args == (f"quality {value}: out of range", "1 to 100")


def test_a_misspelt_choice_gets_the_nearest():
    with pytest.raises(OptionError, match="Try: openvino; there are auto, openvino, tensorflow"):
        ModelOptions(engine="opnvino")
    with pytest.raises(OptionError, match="Try: gatys; "):
        get("gatis")


@pytest.mark.parametrize(
    ("text", "size"),
    [("4G", 4 * 10**9), ("4GB", 4 * 10**9), ("4 gb", 4 * 10**9), ("1.5M", 1_500_000), ("2GiB", 2**31), ("100", 100),
     ("800K", 800_000), ("1T", 10**12), ("0", None), ("-4G", None), ("four", None), ("4.5.6G", None), ("9" * 400, None),
     ("0.1", None), ("G", None), ("inf", None), ("nan", None)],
)  # fmt: skip
def test_sizes_of_memory(text, size):
    option = next(option for option in declared(ModelOptions) if option.name == "max_memory")
    if size is not None:
        assert option.parsed(text) == size
    else:
        with pytest.raises(OptionError, match=r"no size\. Try: 4G, 800M"):
            option.parsed(text)


def test_numbers_of_numpy_and_paths_as_text_are_taken():
    assert DrawOptions(max_size=np.int64(300)) == DrawOptions(max_size=300)
    assert ModelOptions(model=Path("folder"), model_dir="models") == ModelOptions(
        model="folder", model_dir=Path("models")
    )


def test_groups_are_values():
    with pytest.raises(AttributeError):
        DrawOptions().max_size = 3
    with pytest.raises(TypeError):
        DrawOptions(100)


# --- spelled once more for editors


def test_the_models_keywords_and_their_defaults_are_those_of_the_group():
    parameters = inspect.signature(Stylizer.__init__).parameters.items()
    spelled = {name: each.default for name, each in parameters if name not in ("self", "notify")}
    assert spelled == {option.name: option.default for option in declared(ModelOptions)}


def spelled_out(function, *groups):
    """What a signature tells, and should tell, of the options of groups."""
    told = {each.name: each.default for each in inspect.signature(function).parameters.values()}
    options = {option.name: option.default for group in groups for option in declared(group)}
    return {name: told.get(name) for name in options}, options, {*told} - {*options}


MANY = (DrawOptions, EncodeOptions, BatchOptions)
REST = ("refine", "preset", "notify")
TAKING = [
    (Stylizer.stylize, (DrawOptions,), {"self", "photo", "style", "preset"}),
    (Stylizer.stylize_many, MANY, {"self", "photos", "style", "output", "refine", "preset"}),
    (Stylizer.refine, (DrawOptions, RefineOptions), {"self", "picture", "photo", "style_image", "preset", "on_step"}),
    (arbitrary_nst.refine, (DrawOptions, RefineOptions), {"picture", "photo", "style_image", "preset", "on_step"}),
    (Stylizer.learn, (LearnOptions,), {"self", "source", "photos", "name", "on_step"}),
    (
        cluster_stylize,
        MANY,
        {"photos", "style", "output", "from_file", "cluster", "model", "refine", "preset", "notify"},
    ),
]


@pytest.mark.parametrize(
    ("function", "groups", "besides"), TAKING, ids=lambda each: getattr(each, "__qualname__", None)
)
def test_a_function_tells_its_keywords_and_their_defaults_as_the_groups_have_them(function, groups, besides):
    told, expected, others = spelled_out(function, *groups)
    assert told == expected and others == besides


@pytest.mark.parametrize(
    ("function", "groups", "besides"), TAKING, ids=lambda each: getattr(each, "__qualname__", None)
)
def test_a_misspelt_keyword_is_told_in_the_functions_own_name_with_the_nearest(function, groups, besides):
    name = next(option.name for option in declared(groups[0]))
    wrong = f"{name[:-2]}{name[-1]}{name[-2]}"
    said = f"{function.__qualname__}() got an unexpected keyword argument '{wrong}'. Did you mean '{name}'?"
    with pytest.raises(TypeError, match=f"^{re.escape(said)}$"):
        function(**{wrong: None})
    with pytest.raises(TypeError, match=r"argument 'xyzzy'$"):
        function(xyzzy=1)


@pytest.mark.parametrize(
    ("keywords", "groups", "besides"),
    [
        (DrawKeywords, (DrawOptions,), set()),
        (ManyKeywords, (DrawOptions, EncodeOptions, BatchOptions), set()),
        (RefiningKeywords, (DrawOptions, RefineOptions), {"recipe"}),
        (LearnKeywords, (LearnOptions,), set()),
    ],
)
def test_keywords_are_those_of_the_groups(keywords, groups, besides):
    names = {option.name for group in groups for option in declared(group)}
    assert set(get_type_hints(keywords)) == names - besides


def test_typed_keywords_are_as_the_options_are(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "scripts")
    import write_keywords

    assert write_keywords.PAGE.read_text(encoding="utf-8") == write_keywords.page(), "python scripts/write_keywords.py"


def test_a_keyword_that_is_not_given_is_as_by_default():
    groups = (DrawOptions, EncodeOptions, BatchOptions)
    every = {option.name: option.default for group in groups for option in declared(group)}
    assert Settings.from_keywords(None, None, None, {}) == Settings(**every)
    assert Settings.from_keywords(None, None, None, every) == Settings()


def test_a_preset_counts_less_than_what_is_given_for_stylizer_and_cluster():
    made = Settings.from_keywords(Path("out"), "portrait", RefineOptions(steps=3), {"strength": 0.9, "quality": 80})
    refinement = Refinement.chosen_by(RefineOptions(steps=3))
    same = DrawOptions(strokes=500, colors="match", strength=0.9)
    assert made == Settings.of(Path("out"), same, EncodeOptions(quality=80), refinement=refinement)


def test_a_command_takes_whole_groups():
    told = []

    def command(name: str, draw=DrawOptions(), batch=BatchOptions(existing="skip")):  # noqa: B008
        told.append((name, draw, batch))

    made = takes_groups(command)
    names = list(inspect.signature(made).parameters)
    assert names == ["name", *(option.name for group in (DrawOptions, BatchOptions) for option in declared(group))]
    made(**dict.fromkeys(names[1:]), name="x")
    made(**dict.fromkeys(names[1:]) | {"max_size": "20", "checksum": True, "existing": "fail"}, name="y")
    assert told == [
        ("x", DrawOptions(), BatchOptions(existing="skip")),
        ("y", DrawOptions(max_size=20), BatchOptions(checksum=True)),
    ]


def test_the_largest_command_stays_small():
    assert len(inspect.signature(run.__wrapped__).parameters) < 15


# --- what a manifest remembers


@pytest.mark.parametrize("pair", [pair for pair in EVERY if pair[0] in (DrawOptions, EncodeOptions)], ids=named)
def test_every_option_of_pixels_and_files_is_in_the_key(pair, tmp_path, monkeypatch):
    _, option = pair
    monkeypatch.chdir(tmp_path)
    digests = [hashlib.sha256(write_bytes(Path(name), name)).hexdigest() for name in ("elsewhere", "a.png", "b.jpg")]
    changed = Settings(**{option.name: other_value(option)})
    in_key = {"mask": digests[0], "regions": [digests[1:]]}.get(option.name, other_value(option))
    assert changed.key == {"strokes": "auto"} | {option.name: in_key}
    assert Settings().key == {"strokes": "auto"}  # always named: before it was an option, they were others


def write_bytes(path, text):
    path.write_text(text)
    return text.encode()


def test_of_files_the_content_is_in_the_key_and_of_regions_the_order(tmp_path):
    one, two, same = (tmp_path / name for name in ("one", "two", "same"))
    for path, text in ((one, "1"), (two, "2"), (same, "1")):
        path.write_text(text)
    assert Settings(mask=one).key == Settings(mask=same).key != Settings(mask=two).key
    assert Settings(regions={one: one, two: two}).key != Settings(regions={two: two, one: one}).key
    before = Settings(mask=one).key
    one.write_text("other")
    assert Settings(mask=one).key != before


@pytest.mark.parametrize("pair", [pair for pair in EVERY if pair[0] is RefineOptions], ids=named)
def test_every_option_of_a_refinement_is_in_its_key(pair):
    _, option = pair
    plain = Refinement.chosen_by(RefineOptions()).key
    assert Refinement.chosen_by(RefineOptions(**{option.name: other_value(option)})).key != plain


def test_no_option_of_a_batch_is_in_the_key():
    for option in declared(BatchOptions):
        assert Settings(**{option.name: other_value(option)}).key == Settings().key


def test_a_recipes_prose_is_not_in_the_key_and_its_numbers_are():
    recipe = get("gatys")
    key = Refinement(recipe).key
    assert key == Refinement(recipe.__class__(**{**vars(recipe), "name": "g", "source": "told in other words"})).key
    assert key != Refinement(recipe.with_changes(steps=501)).key
    assert all(
        Refinement(each).key != Refinement(get("arbstyle")).key for each in RECIPES.values() if each.name != "arbstyle"
    )
