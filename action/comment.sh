#!/usr/bin/env bash
# Writes the comment on a pull request, or updates the one that is there. Reads PULL_REQUEST too.
set -euo pipefail
# shellcheck source=action/api.sh
source "${BASH_SOURCE[0]%/*}/api.sh"

request=$(mktemp "$RUNNER_TEMP/tuneform-XXXXXX")
write_body "$request"
comment=$(find_own "issues/$PULL_REQUEST/comments?" id)
if [[ -n $comment ]]; then
    api PATCH "issues/comments/$comment" "$request" >/dev/null
else
    api POST "issues/$PULL_REQUEST/comments" "$request" >/dev/null
fi
