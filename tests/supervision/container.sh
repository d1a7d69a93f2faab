#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# container.sh PROGRAM: the first process of a pid namespace, and below tini and dumb-init.
# shellcheck source-path=SCRIPTDIR source=setup.bash
source "$(dirname "${BASH_SOURCE[0]}")/setup.bash"
unshare --pid --fork --mount-proc true 2>/dev/null || skip "no pid namespaces here"

outer=''
begin() {  # begin COMMAND...: as the first process of a namespace
    : >"$log"
    unshare --pid --fork --mount-proc --kill-child "$@" >"$log" 2>&1 &
    outer=$!
    started+=("$outer")
    wait_for 10 echoes || fail "$1 does not serve: $(<"$log")"
}
first() { pgrep -P "$outer"; }
inside() { nsenter --target "$(first)" --pid --mount "$@"; }
ends_with() {  # ends_with STATUS
    local status=0
    wait "$outer" || status=$?
    ((status == $1)) || fail "status $status instead of $1: $(<"$log")"
    [[ ! -e $pid_file ]] || fail "the pid file is still there"
    ! listens $port || fail "still there"
}

begin "$program" start --port $port --pid-file "$pid_file"
[[ $(<"$pid_file") == 1 ]] || fail "it has forked: $(<"$log")"
inside "$program" status --pid-file "$pid_file" | grep -q 'running, pid 1,' || fail "no probe"
inside "$program" reload --pid-file "$pid_file"
wait_for 10 says reloaded || fail "no reload: $(<"$log")"
kill -TERM "$(first)"
ends_with 0

# A failure is the container's status, and its log.
if unshare --pid --fork --mount-proc "$program" start --port 1x --pid-file /missing/pid >"$log" 2>&1; then
    fail "a start that failed is a success"
fi
says 'pid file: /missing/pid: No such file or directory' || fail "$(<"$log")"

tried=0
for init in tini dumb-init catatonit; do
    [[ $(type -P $init) ]] || continue
    tried=$((tried + 1))
    begin $init -- "$program" run --port $port --pid-file "$pid_file"
    inside "$program" status --pid-file "$pid_file" >/dev/null || fail "$init: no probe"
    inside "$program" reload --pid-file "$pid_file"
    wait_for 10 says reloaded || fail "$init: no reload: $(<"$log")"
    kill -TERM "$(first)"
    ends_with 0
    status=0
    unshare --pid --fork --mount-proc $init -- "$program" run --pid-file /missing/pid \
        >"$log" 2>&1 || status=$?
    ((status == 1)) || fail "$init: a start that failed has status $status: $(<"$log")"
done
echo "$tried programs for --init were tried"
