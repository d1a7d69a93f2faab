# SPDX-License-Identifier: BSL-1.0
# shellcheck shell=bash
# What the scripts that control tests/control/service.cpp have in common; sourced by each of them,
# with the program as its first argument.
# shellcheck source-path=SCRIPTDIR source=../examples/steps.bash
source "$(dirname "${BASH_SOURCE[0]}")/../examples/steps.bash"

service=$1
dir=$(mktemp -d)
pid_file=$dir/service.pid
trap clean_up EXIT

clean_up() {
    "$service" stop --force --dir "$dir" >/dev/null 2>&1 || true
    rm -rf "$dir"
}

skip() {
    printf 'skipped: %s\n' "$*"
    exit 77
}

needs() {  # needs PROGRAM
    [[ $(type -P "$1") ]] || skip "no $1 here"
}

# The file may go between a look at it and the reading, and bash would leave at $(<FILE).
written_pid() {
    cat "$pid_file" 2>/dev/null || true
}

serves() {  # serves [OTHER]: the pid file names a process that lives, and is not OTHER
    local pid
    pid=$(written_pid)
    [[ $pid && $pid != "${1-}" ]] && ! gone "$pid"
}
