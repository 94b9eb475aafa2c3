"""The house's order: a room imports only from itself and from the rooms above it in this list."""

import ast
import graphlib
import re
from pathlib import Path

import arbitrary_nst

PACKAGE = Path(arbitrary_nst.__file__).parent
ROOMS = (
    ("errors",),
    ("declaration",),
    ("options",),
    ("keywords",),
    ("presets",),
    ("images",),
    ("styles",),
    ("hardware",),
    ("model_zoo",),
    ("engines",),
    ("drawing",),
    ("refinement",),
    ("scores",),
    ("session",),
    ("files",),
    ("stylizer",),
    ("judging",),
    ("cluster",),
    ("server",),
    ("cli",),
)
ROW = {room: number for number, row in enumerate(ROOMS) for room in row}


def imports():
    """Every module of the package with each room that it imports from, at its top or inside a function."""
    for path in sorted(PACKAGE.rglob("*.py")):
        room = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        if room in ("__init__", "__main__"):
            continue
        for name in imported(path):
            parts = name.split(".")
            if parts[0] == "arbitrary_nst" and len(parts) > 1 and parts[1] in ROW:
                yield path, room, parts[1]


def imported(path):
    """The full name of all that a module imports, at its top or inside a function."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_every_module_has_a_room():
    rooms = {path.relative_to(PACKAGE).parts[0].removesuffix(".py") for path in PACKAGE.rglob("*.py")}
    assert rooms - {"__init__", "__main__"} <= ROW.keys()


def test_the_page_tells_the_same_rooms_in_the_same_order():
    page = (PACKAGE.parent / "docs" / "how-it-is-built.md").read_text(encoding="utf-8")
    cells = [line.split("|")[1] for line in page.splitlines() if line.startswith("| `")]
    told = [room for cell in cells for room in re.findall(r"`(\w+)/?`", cell)]
    assert told == [room for row in ROOMS for room in row]


def test_rooms_import_only_from_above():
    found = list(imports())
    assert len(found) > 100
    wrong = {
        f"{path.relative_to(PACKAGE)} imports {other}"
        for path, room, other in found
        if room != other and ROW[other] >= ROW[room]
    }
    assert not wrong


def test_no_modules_import_each_other_in_a_circle():
    """But for a package that loads what lies in it when it is asked for."""
    named = {}
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        named[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    found = {}
    for module, path in named.items():
        others = {name if name in named else name.rpartition(".")[0] for name in imported(path)}
        below = {other for other in others if f"{other}.".startswith(f"{module}.")}
        found[module] = (others & named.keys()) - below - {PACKAGE.name}
    assert len(list(graphlib.TopologicalSorter(found).static_order())) == len(named)


def test_a_plan_needs_no_session():
    """It takes opened styles and what they are known by, so an upload's or a cluster's photos are planned alike."""
    for name in imported(PACKAGE / "files" / "plan.py"):
        assert not name.startswith(("arbitrary_nst.session", "arbitrary_nst.engines", "arbitrary_nst.files.records"))


def test_functions_and_modules_stay_short():
    for path in PACKAGE.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert text.count("\n") <= 300, path
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                assert node.end_lineno - node.lineno < 60, f"{path}: {node.name}"
