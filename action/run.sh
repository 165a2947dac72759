#!/usr/bin/env bash
# Runs one tuneform command, and tells the next steps what came out of it.
#
# Reads COMMAND, PROJECT, ENVIRONMENT, ARGUMENTS, BASE, PLAN_FILE, CHECKSUM (see action.yml).
# Ends with tuneform's exit code; only "there are changes" (2) of a plan is no failure.
set -euo pipefail

folder=$(mktemp -d "$RUNNER_TEMP/tuneform-XXXXXX")
markdown=$folder/result.md
: >"$markdown"

common=(--project "$PROJECT")
if [[ -n $ENVIRONMENT ]]; then
    common+=(--env "$ENVIRONMENT")
fi
while IFS= read -r line; do
    if [[ -n $line ]]; then
        common+=("$line")
    fi
done <<<"$ARGUMENTS"

format=(--format github)
plan_file=
case $COMMAND in
validate | gate) run=("$COMMAND") ;;
diff) run=(diff "$BASE") ;;
plan | drift)
    plan_file=${PLAN_FILE:-$folder/plan.json}
    run=(plan --detailed-exitcode --out "$plan_file")
    ;;
stage) run=(apply --stage -y) ;;
apply)
    run=(apply -y)
    if [[ -n $PLAN_FILE ]]; then
        run+=("$PLAN_FILE")
    fi
    if [[ -n $CHECKSUM ]]; then
        run+=(--checksum "$CHECKSUM")
    fi
    ;;
prune)
    run=(prune --staged -y)
    format=()
    ;;
*)
    echo "::error title=tuneform::the action has no command $COMMAND; see its action.yml"
    exit 64
    ;;
esac

code=0
# The Markdown is caught on its way to the summary: it is the comment as well.
GITHUB_STEP_SUMMARY=$markdown tuneform "${run[@]}" "${format[@]}" "${common[@]}" || code=$?
cat "$markdown" >>"$GITHUB_STEP_SUMMARY"
if [[ $code != 0 && ! -s $markdown ]]; then
    echo "::error title=tuneform $COMMAND::it ended with $code before there was a result; see the log"
fi

marker=
if IFS= read -r line <"$markdown" && [[ $line == '<!-- tuneform:'*' -->' ]]; then
    marker=$line
fi

changes=
checksum=
if [[ -n $plan_file && ($code == 0 || $code == 2) ]]; then
    changes=$([[ $code == 2 ]] && echo true || echo false)
    checksum=$(jq --raw-output .checksum "$plan_file")
fi

{
    echo "exit-code=$code"
    echo "changes=$changes"
    echo "checksum=$checksum"
    echo "plan-file=$plan_file"
    echo "markdown-file=$markdown"
    echo "marker=$marker"
} >>"$GITHUB_OUTPUT"
if [[ -z $changes ]]; then
    exit "$code"
fi
