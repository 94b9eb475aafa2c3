#!/bin/sh
# Set up .venv, then ruff, mypy --strict and pytest. --fast leaves out what is marked slow; other arguments go to pytest,
# which runs two files of tests at a time; -n 0 runs one after the other in this terminal, as --pdb needs.
set -eu
cd "$(dirname "$0")/.."
. scripts/setup_venv.sh
setup_venv dev
.venv/bin/python -m ruff check .
.venv/bin/python -m ruff format --check --quiet .
.venv/bin/python -m mypy
two="-n 2 --dist loadfile --no-loadscope-reorder"
if [ "${1:-}" = "--fast" ]; then
    shift
    exec .venv/bin/python -m pytest $two -m "not slow" "$@"
fi
# The page is tested in a real browser, where one can be had.
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null && ! command -v chromedriver >/dev/null; then
    echo "test: installing chromium for the page's tests (this happens once)" >&2
    { apt-get update && apt-get install --yes --no-install-recommends chromium chromium-driver; } >/dev/null 2>&1 || true
fi
.venv/bin/python -m pytest $two "$@"
