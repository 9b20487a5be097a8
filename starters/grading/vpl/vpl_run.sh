#!/bin/bash
# Moodle VPL, "Run": shows the student in a terminal how far the server is, without a grade.
{
    echo '#!/bin/bash'
    cat vpl_environment.sh
    cat <<'END'
# As far as a look in between goes; --level 1 takes two seconds.
OPTIONS=(--seed 1 --level 2)

python=${PARLEY_PYTHON:-/opt/parley/bin/python}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/submission"
for ((number = 0; ; number++)); do
    file=VPL_SUBFILE$number
    [ -n "${!file}" ] || break
    cp --parents -- "${!file}" "$work/submission"
done
"$python" -P -m parley_conformance "$work/submission" "${OPTIONS[@]}" --output "$work/reports"
END
} >vpl_execution
chmod +x vpl_execution
