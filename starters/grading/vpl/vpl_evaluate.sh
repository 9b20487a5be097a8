#!/bin/bash
# Moodle VPL, "Evaluate": prepares vpl_execution, whose output VPL reads for comments and the grade.
# Only what the student submitted is graded, in a folder of its own; nothing that the submission
# prints reaches VPL but through the report, in which no line of it can be a grade.
{
    echo '#!/bin/bash'
    cat vpl_environment.sh
    cat <<'END'
# What is graded, for example --level 4; and whose points count besides, for example --count rooms.
OPTIONS=(--seed 1)
COUNTED=()

python=${PARLEY_PYTHON:-/opt/parley/bin/python}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/submission" "$work/reports"
for ((number = 0; ; number++)); do
    file=VPL_SUBFILE$number
    [ -n "${!file}" ] || break
    cp --parents -- "${!file}" "$work/submission"
done

"$python" -P -m parley_conformance "$work/submission" "${OPTIONS[@]}" \
    --output "$work/reports" >"$work/log" 2>&1 </dev/null
grade=$(find "$work/reports" -mindepth 2 -name results.json)
if [ -n "$grade" ]; then
    "$python" -P -m parley_conformance report vpl "$grade" "${COUNTED[@]}" 2>"$work/log" && exit
    grade= # the suite itself failed: that is no grade
else
    grade=${VPL_GRADEMIN:-0} # no parley.toml, or a mistake in it
fi
echo '<|--'
echo '-Not graded'
tail -n 1 "$work/log" | sed 's/^/>/'
echo '--|>'
if [ -n "$grade" ]; then
    echo "Grade :=>>$grade"
fi
END
} >vpl_execution
chmod +x vpl_execution
