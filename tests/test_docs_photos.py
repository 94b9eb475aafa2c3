"""Each row of docs/photos.md on files names a test that is there."""

import re
from pathlib import Path

TESTS = Path(__file__).parent
PAGE = TESTS.parent / "docs" / "photos.md"


def test_each_row_has_its_test():
    section = PAGE.read_text().split("## Which files are read")[1].split("\n## ")[0]
    rows = [
        line for line in section.splitlines() if line.startswith("| ") and not line.startswith(("| file |", "| what |"))
    ]
    assert len(rows) >= 24
    known = set(re.findall(r"^def (test_\w+)", "\n".join(path.read_text() for path in TESTS.glob("test_*.py")), re.M))
    for row in rows:
        named = re.search(r"`(test_\w+)` \|$", row)
        assert named is not None and named[1] in known, row
