#!/bin/sh
# Set up .venv, then ruff, mypy --strict and pytest. --fast leaves out what is marked slow; other arguments go to pytest.
set -eu
cd "$(dirname "$0")/.."
. scripts/setup_venv.sh
setup_venv dev
.venv/bin/python -m ruff check .
.venv/bin/python -m ruff format --check --quiet .
.venv/bin/python -m mypy
if [ "${1:-}" = "--fast" ]; then
    shift
    exec .venv/bin/python -m pytest -m "not slow" "$@"
fi
.venv/bin/python -m pytest "$@"
