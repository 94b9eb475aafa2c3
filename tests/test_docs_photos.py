"""Each row of docs/photos.md that says what becomes of a file names a test that is there."""

import re
from pathlib import Path

TESTS = Path(__file__).parent
PAGE = TESTS.parent / "docs" / "photos.md"
CODE = {path.name: path.read_text(encoding="utf-8") for path in TESTS.glob("test_*.py")}


def test_each_row_has_its_test():
    page = PAGE.read_text(encoding="utf-8").split("\n## Metadata\n")[0]
    rows = [line for line in page.splitlines() if line.startswith("| ") and not line.endswith("| test |")]
    assert len(rows) >= 50
    known = set(re.findall(r"^def (test_\w+)", "\n".join(CODE.values()), re.M))
    for row in rows:
        named = re.search(r"`(?:(test_\w+\.py)(?:::)?)?(test_\w+)?` \|$", row)
        assert named is not None and any(named.groups()), row
        file, test = named.groups()
        assert file is None or file in CODE, row
        assert test is None or (f"def {test}(" in CODE[file] if file else test in known), row
