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

serves() {  # serves: the pid file names a process that lives
    [[ -s $pid_file ]] && ! gone "$(<"$pid_file")"
}
