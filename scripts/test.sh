#!/bin/sh
# Set up .venv, then ruff, mypy --strict and pytest. Arguments go to pytest.
set -eu
cd "$(dirname "$0")/.."
. scripts/setup_venv.sh
setup_venv dev
.venv/bin/python -m ruff check .
.venv/bin/python -m mypy
.venv/bin/python -m pytest "$@"
