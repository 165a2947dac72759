#!/usr/bin/env bash
# Keeps one open issue for as long as live models differ from the manifests. Reads CHANGES too.
set -euo pipefail
# shellcheck source=action/api.sh
source "${BASH_SOURCE[0]%/*}/api.sh"

label=tuneform-drift
owner=${MARKER#'<!-- tuneform:plan '}
owner=${owner%' -->'}
request=$(mktemp "$RUNNER_TEMP/tuneform-XXXXXX")
issue=$(find_own "issues?state=open&labels=$label&" number)

if [[ $CHANGES == true ]]; then
    write_body "$request" "Drift: live models of $owner differ from their manifests" "$label"
    if [[ -n $issue ]]; then
        api PATCH "issues/$issue" "$request" >/dev/null
    else
        api POST issues "$request" >/dev/null
    fi
elif [[ -n $issue ]]; then
    echo '{"body": "Nothing differs any more."}' >"$request"
    api POST "issues/$issue/comments" "$request" >/dev/null
    echo '{"state": "closed", "state_reason": "completed"}' >"$request"
    api PATCH "issues/$issue" "$request" >/dev/null
fi
