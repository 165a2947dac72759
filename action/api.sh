# shellcheck shell=bash
# What comment.sh and issue.sh say to GitHub. Sourced, not run.
#
# Reads GITHUB_TOKEN, AUTHOR, MARKER, MARKDOWN_FILE, COMMIT, and what the runner sets.

# api METHOD PATH [BODY_FILE]: one request about this repository; its answer goes to stdout.
# The token is handed over in a file descriptor: the arguments of a process can be read by others.
api() {
    local answer body=()
    if [[ $# == 3 ]]; then
        body=(--data-binary "@$3" --header 'Content-Type: application/json')
    fi
    if ! answer=$(curl --silent --show-error --fail-with-body --max-time 60 --request "$1" \
        --config <(printf 'header = "Authorization: Bearer %s"\n' "$GITHUB_TOKEN") \
        --header 'Accept: application/vnd.github+json' \
        --header 'X-GitHub-Api-Version: 2022-11-28' \
        "${body[@]}" "$GITHUB_API_URL/repos/$GITHUB_REPOSITORY/$2"); then
        printf '%s\n' "error: GitHub did not accept $1 $2" "$answer" \
            'hint: a comment takes the permission pull-requests: write, an issue takes issues: write' >&2
        return 1
    fi
    printf '%s' "$answer"
}

# find_own LIST KEY: the KEY of what is ours in a list, by the marker in its first line; or nothing.
# Only our own author's: whoever wrote a comment can edit it, also after we have put a plan there.
find_own() {
    local page=0 answer count=100 found=
    while [[ -z $found && $count == 100 ]]; do
        page=$((page + 1))
        answer=$(api GET "$1per_page=100&page=$page") || return # not seen is not "not there"
        count=$(jq length <<<"$answer")
        found=$(jq --raw-output --arg key "$2" --arg author "$AUTHOR" --arg marker "$MARKER" '
            first(.[] | select(.user.login == $author and ((.body // "") | startswith($marker))))
            | .[$key]' <<<"$answer")
    done
    printf '%s' "$found"
}

# write_body FILE [TITLE LABEL]: the request that says it all, into a file.
# What it is about is named below, where that still fits: a comment has at most 65,536 characters.
write_body() {
    local text run=$GITHUB_SERVER_URL/$GITHUB_REPOSITORY/actions/runs/$GITHUB_RUN_ID
    text=$(<"$MARKDOWN_FILE")
    if ((${#text} < 65000)); then
        text+=$'\n\n'"<sub>Commit ${COMMIT:0:10}, [log]($run)</sub>"
    fi
    if [[ $# == 1 ]]; then
        jq --null-input --rawfile body <(printf '%s' "$text") '{body: $body}' >"$1"
    else
        jq --null-input --rawfile body <(printf '%s' "$text") --arg title "$2" --arg tag "$3" \
            '{title: $title, labels: [$tag], body: $body}' >"$1"
    fi
}
