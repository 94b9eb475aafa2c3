"""docs/reliability.md names only tests that there are."""

import re
from pathlib import Path

TESTS = Path(__file__).parent
PAGE = (TESTS.parent / "docs" / "reliability.md").read_text(encoding="utf-8")


def test_every_promise_has_its_test():
    rows = [line for line in PAGE.splitlines() if line.startswith("| ") and not line.startswith("| promise")]
    named = [re.search(r"`(test_\w+\.py)::(test_\w+)` \|$", row) for row in rows]
    assert len(rows) > 30 and all(named)
    for found in named:
        source = (TESTS / found[1]).read_text(encoding="utf-8")
        assert f"def {found[2]}(" in source, found[0]
