#!/usr/bin/env bash
# Makes autograder.zip in the current folder: what Gradescope asks for under Configure Autograder.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
checkout=$(cd "$here/../../.." && pwd)
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT

python3 "$checkout/noxfile.py" -s wheel
wheel=$(ls -t "$checkout"/dist/parley_kit-*.whl | head -n 1)
cp "$here/setup.sh" "$here/run_autograder" "$checkout/requirements/suite.txt" "$wheel" "$stage"
python3 -c 'import shutil, sys; shutil.make_archive("autograder", "zip", sys.argv[1])' "$stage"
echo "$PWD/autograder.zip"
