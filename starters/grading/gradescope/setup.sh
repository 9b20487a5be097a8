#!/usr/bin/env bash
# Runs once, as root, when Gradescope builds the image: installs the suite into an environment of
# its own. What the submissions need to build and run (gcc, a JDK …) belongs here as well.
set -euo pipefail

autograder=${AUTOGRADER:-/autograder}
source=$autograder/source

apt-get update
apt-get install -y --no-install-recommends build-essential

python=
for each in python3.14 python3.13 python3.12 python3.11; do
    if command -v "$each" >/dev/null; then
        python=$each
        break
    fi
done
if [ -z "$python" ]; then # Ubuntu 22.04 comes with 3.10, and has 3.11 beside it
    apt-get install -y --no-install-recommends python3.11 python3.11-venv
    python=python3.11
fi
if ! "$python" -m venv "$autograder/venv"; then # Debian and Ubuntu split it off
    apt-get install -y --no-install-recommends "$python-venv"
    "$python" -m venv --clear "$autograder/venv"
fi
"$autograder/venv/bin/pip" install --require-hashes -r "$source/suite.txt"
"$autograder/venv/bin/pip" install --no-index "$source"/parley_kit-*.whl
