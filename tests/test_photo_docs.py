"""Every row of docs/photos.md names its test, and that test exists."""

import re
from pathlib import Path

TESTS = Path(__file__).parent
DOC = TESTS.parent / "docs" / "photos.md"


def test_every_test_that_the_table_names_exists():
    named = re.findall(r"`(test_\w+\.py)(?:::(test_\w+))?`", DOC.read_text(encoding="utf-8"))
    assert named
    missing = [(file, test) for file, test in named if f"def {test}" not in (TESTS / file).read_text(encoding="utf-8")]
    assert not missing
