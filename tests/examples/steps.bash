# SPDX-License-Identifier: BSL-1.0
# shellcheck shell=bash
# What the examples' tests have in common; sourced by each.
set -euo pipefail

fail() {
    printf 'failed: %s\n' "$*" >&2
    exit 1
}

# wait_for SECONDS COMMAND...: until COMMAND succeeds
wait_for() {
    local tries
    for ((tries = $1 * 20; tries > 0; --tries)); do
        "${@:2}" && return 0  # in an EXIT trap a bare return gives what was before it
        sleep 0.05
    done
    return 1
}

# refused TEXT COMMAND...: COMMAND ends non-zero and says TEXT
refused() {
    local said
    if said=$("${@:2}" 2>&1); then
        fail "not refused: ${*:2}"
    fi
    [[ $said == *"$1"* ]] || fail "${*:2} does not say '$1' but: $said"
}

gone() {  # gone PID: no such process, or a dead one that nobody has waited for
    [[ $(ps -o stat= -p "$1") != [!Z]* ]]
}
