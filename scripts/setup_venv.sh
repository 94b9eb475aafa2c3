# Sourced by demo.sh and test.sh from the project's root: a .venv with the package and the extras named in $1.
# A stamp remembers which pyproject.toml was installed, so a second call costs nothing.

setup_venv() {
    extras=$1
    stamp=".venv/.installed-$extras"
    if [ ! -x .venv/bin/python ]; then
        "${PYTHON:-python3}" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
            echo "setup: Python 3.11 or newer is needed. Try: PYTHON=python3.12 sh $0" >&2
            return 1
        }
        "${PYTHON:-python3}" -m venv .venv
    fi
    if ! cmp -s pyproject.toml "$stamp"; then
        echo "setup: installing into .venv (TensorFlow and OpenVINO are large; this happens once)" >&2
        .venv/bin/python -m pip install --quiet --disable-pip-version-check --upgrade pip
        # Of 22,000 modules few are ever imported: those are compiled then, and the others not at all.
        .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-compile --editable ".[$extras]"
        cp pyproject.toml "$stamp"
    fi
}
