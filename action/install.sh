#!/usr/bin/env bash
# Installs tuneform into an environment of its own, and puts it on the PATH of the steps to come.
#
# Reads PYTHON, REQUIREMENT (see action.yml); a second use of the action in a job installs nothing.
# `-I` keeps Python from importing modules out of the checkout, which may be a stranger's.
set -euo pipefail

requirement=${REQUIREMENT:-"${GITHUB_ACTION_PATH}[embedded,oauth,postgres]"}
home=$RUNNER_TEMP/tuneform

if [[ ! -e $home/requirement || $(<"$home/requirement") != "$requirement" ]]; then
    rm -rf "$home"
    "${PYTHON:-python3}" -I -m venv "$home"
    "$home/bin/python" -I -m pip install --quiet --disable-pip-version-check "$requirement"
    printf '%s' "$requirement" >"$home/requirement"
fi
echo "$home/bin" >>"$GITHUB_PATH"
