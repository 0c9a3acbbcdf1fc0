#!/usr/bin/env bash
# What action.yml runs: one avow command, its findings as annotations and as the summary of the step.
set -euo pipefail

read -r -d '' -a paths <<< "${AVOW_ACTION_PATHS:-}" || true
read -r -d '' -a extra <<< "${AVOW_ACTION_ARGS:-}" || true
arguments=("${AVOW_ACTION_COMMAND:-check}")

case "${AVOW_ACTION_COMMAND:-check}" in
    fmt) arguments+=(--check) ;;
    *)
        arguments+=(-o github)
        if [ -n "${AVOW_ACTION_SARIF:-}" ]; then arguments+=(-o "sarif=$AVOW_ACTION_SARIF"); fi
        ;;
esac
if [ "${AVOW_ACTION_COMMAND:-check}" = check ]; then
    if [ -n "${AVOW_ACTION_AGAINST:-}" ]; then arguments+=(--against "$AVOW_ACTION_AGAINST"); fi
    if [ -n "${AVOW_ACTION_REGISTRY:-}" ]; then export AVOW_REGISTRY_URL="$AVOW_ACTION_REGISTRY"; fi
fi

exec "${AVOW_ACTION_PROGRAM:-avow}" "${arguments[@]}" "${extra[@]}" -- "${paths[@]}"
