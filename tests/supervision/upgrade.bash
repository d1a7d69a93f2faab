# SPDX-License-Identifier: BSL-1.0
# shellcheck shell=bash
# What the tests of an upgrade under a supervisor have in common; sourced by each of them.
# shellcheck source-path=SCRIPTDIR source=setup.bash
source "$(dirname "${BASH_SOURCE[0]}")/setup.bash"

server=$dir/server
socket=$dir/socket
cp "$program" "$server"

runs_new_one() {  # runs_new_one PID: the file that is at its path now
    [[ $(readlink "/proc/$1/exe") == "$server" && ! $server -ef "$dir/old" ]]
}

# upgrade_often SIGNAL-COMMAND...: five new versions, while somebody asks and looks at the pid file
upgrade_often() {
    local main looker i
    main=$(main_pid)
    rm -f "$dir/end"
    "$server" look "$pid_file" "$socket" "$main" "$dir/end" >"$dir/looks" 2>&1 &
    looker=$!
    started+=("$looker")
    for ((i = 0; i != 5; ++i)); do
        cp "$program" "$dir/new"
        mv "$dir/new" "$server"
        ! runs_new_one "$main" || fail "it runs the new one before it is told to"
        "$@"
        wait_for 10 runs_new_one "$main" || fail "no upgrade: $(<"$log")"
    done
    sleep 0.3  # somebody may find the process gone
    touch "$dir/end"
    unset 'started[-1]'
    wait "$looker" || fail "during the upgrades: $(<"$dir/looks")"
    [[ $(main_pid) == "$main" ]] || fail "another process: $(<"$log")"
}

# A version that cannot start: the old one serves on.
check_bad_version() {
    local main
    main=$(main_pid)
    printf '#!/bin/sh\nexit 7\n' >"$dir/new"
    chmod +x "$dir/new"
    mv "$dir/new" "$server"
    "$@"
    wait_for 10 says 'upgrade: trial: ended before it was ready, exit status 7' ||
        fail "no reason: $(<"$log")"
    "$program" look "$pid_file" "$socket" "$main" "$dir/end" || fail "the old one is gone"
}
