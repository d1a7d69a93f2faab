# SPDX-License-Identifier: BSL-1.0
# shellcheck shell=bash
# What tests/control/systemd tries on examples/5_everywhere: Type=notify, reload, a watchdog, restarts,
# the journal's priorities, a store of descriptors, a socket unit. Sourced there.
# shellcheck disable=SC2034,SC2154
tried=everywhere
unit=$tried
program="/run/a place/heartbeat 100%"
units=/run/systemd/system
pid_file=/run/everywhere/everywhere.pid

echoes() {  # echoes PORT
    # shellcheck disable=SC2016
    inside bash -c 'exec 3<>"/dev/tcp/127.0.0.1/$0" || exit 1
        echo hello >&3; IFS= read -r -t 10 answer <&3 && [[ $answer == hello ]]' "$1" 2>/dev/null
}
said() {  # said PRIORITY TEXT: a line of the journal's, from the daemon
    inside journalctl --unit=$unit --output=json |
        grep -F "\"MESSAGE\":\"$2\"" | grep -F "\"PRIORITY\":\"$1\"" >/dev/null
}
journal_has() { inside journalctl --unit=$unit | grep -F "$1" >/dev/null; }  # it comes in late
status() { inside systemctl status $unit 2>&1; }
verify() {  # accepted without a word
    local words
    words=$(inside systemd-analyze verify --man=no "$@" 2>&1) || words+=" (and fails)"
    [[ ! $words ]] || fail "$words"
}
install() {  # install NAME ARGUMENT...: what `unit` prints
    inside "$program" unit "${@:2}" --pid-file $pid_file | inside tee $units/"$1"
}

try_unit() {
    local main
    install $unit.service --watchdog 1
    verify $units/$unit.service
    inside mkdir $units/$unit.service.d
    printf '[Service]\nFileDescriptorStoreMax=1\nRestartSec=50ms\nTimeoutAbortSec=2\n' |
        inside tee $units/$unit.service.d/test.conf >/dev/null
    inside systemctl daemon-reload

    # Type=notify: started means ready.
    inside systemctl start $unit || fail "start: $(status)"
    check_serves start
    [[ $(property Type) == notify && $(property StatusText) == listening ]] || fail "$(status)"
    echoes 7007 || fail "does not serve: $(status)"
    wait_for 10 said 6 listening || fail "no priority: $(inside journalctl -u $unit)"
    main=$(property MainPID)
    inside systemctl reload $unit
    is_reloaded() { [[ $(property StatusText) == reloaded ]]; }
    wait_for 10 is_reloaded || fail "reload: $(status)"
    [[ $(property MainPID) == "$main" ]] || fail "reload started another one"

    # What is left with the manager comes back.
    wait_for 10 said 6 "1 served" || fail "$(inside journalctl -u $unit)"
    inside systemctl restart $unit
    check_serves restart
    echoes 7007 || fail "does not serve again: $(status)"
    wait_for 10 said 6 "2 served" || fail "the store: $(inside journalctl -u $unit)"

    # A daemon that hangs, and one that is killed, are started again; one that lives stays.
    main=$(property MainPID)
    inside kill -STOP "$main"
    wait_for 30 is_another_than "$main" || fail "watchdog: $(status)"
    wait_for 10 journal_has 'Watchdog timeout' || fail "no watchdog: $(status)"
    main=$(property MainPID)
    inside kill -KILL "$main"
    wait_for 20 is_another_than "$main" || fail "kill -9: $(status)"
    check_serves "kill -9"
    main=$(property MainPID)
    sleep 2.5 # longer than WatchdogSec
    [[ $(property MainPID) == "$main" ]] || fail "pinged too late: $(inside journalctl -u $unit)"

    inside systemctl stop $unit
    [[ $(property ActiveState) == inactive && $(property Result) == success ]] ||
        fail "stop: $(status)"
    ! inside test -e /run/everywhere || fail "the runtime directory is still there"

    # The first client starts it, on the socket that systemd keeps.
    install $unit.socket --socket echo=127.0.0.1:7010
    verify $units/$unit.socket
    inside systemctl daemon-reload
    inside systemctl start $unit.socket
    [[ $(property ActiveState) == inactive ]] || fail "started before its first client"
    echoes 7010 || fail "the first client gets no answer: $(status)"
    check_serves "socket"
    ! echoes 7007 || fail "it has opened a socket of its own"
    inside systemctl restart $unit
    echoes 7010 || fail "no answer after a restart: $(status)"
    inside systemctl stop $unit.socket $unit

    # A start that fails is failed, with its reason in the status.
    inside mkdir -p /run/everywhere
    inside sed -i 's,--pid-file /run/everywhere/everywhere.pid,--pid-file /run/everywhere/no/pid,' \
        $units/$unit.service
    printf '[Service]\nRestart=no\n' | inside tee $units/$unit.service.d/test.conf >/dev/null
    inside systemctl daemon-reload
    ! inside systemctl start $unit 2>/dev/null || fail "a start that failed is a success"
    [[ $(property Result) == exit-code && $(property ExecMainStatus) == 1 ]] || fail "$(status)"
    wait_for 10 journal_has 'pid file: /run/everywhere/no/pid: No such file' ||
        fail "no reason: $(inside journalctl -u $unit)"
    is_told '/run/everywhere/no/pid: No such file or directory' 2

    try_detaching
}

# Beside NotifyAccess=main a process that forks is believed where its launcher speaks for it.
try_detaching() {
    sed -e '/^ExecReload/d' -e '/^RuntimeDirectory/d' -e '/^WatchdogSec/d' -e '/^Restart/d' \
        -e 's/^\[Unit]/&\nStartLimitIntervalSec=0/' \
        -e 's,^ExecStart=.*,ExecStart=/bin/sh -c "SYSTEMD_EXEC_PID=1 LISTEN_PID=1 exec '"'$program'"' start --pid-file /run/detached.pid",' \
        < <(inside cat $units/$unit.service) | sed 's,100%,100%%,' |
        inside tee $units/detached.service >/dev/null
    tried=detached unit=detached
    inside systemctl daemon-reload
    local round
    for round in {1..10}; do  # no word of a launcher that leaves at once is lost
        inside systemctl restart detached || fail "detached, start $round: $(status)"
        [[ $(property MainPID) == $(inside cat /run/detached.pid) ]] ||
            fail "another main: $(status)"
        is_active || fail "detached, start $round: $(status)"
    done

    # One that fails before it is ready is heard as well: of the daemon's body, whose port is taken,
    # and of a step of the launcher's.
    inside sed 's,/run/detached.pid,/run/refused.pid,' $units/detached.service |
        inside tee $units/refused.service >/dev/null
    tried=refused unit=refused
    inside systemctl daemon-reload
    is_refused 3
    is_told 'not ready: Address already in use'
    inside sed -i 's,/run/refused.pid,/run/no/pid,' $units/refused.service
    inside systemctl daemon-reload
    is_refused 1
    is_told '/run/no/pid: No such file or directory' 2

    tried=detached unit=detached
    is_active || fail "detached: $(status)"
    inside systemctl stop detached
    [[ $(property Result) == success ]] || fail "detached: $(status)"
}

is_refused() {  # is_refused STATUS: a start that fails with it
    ! inside systemctl start $unit 2>/dev/null || fail "a start that failed is a success"
    [[ $(property Result) == exit-code && $(property ExecMainStatus) == "$1" ]] ||
        fail "not refused with $1: $(status)"
}
is_told() {  # is_told TEXT [ERRNO]: what the manager knows of it
    [[ $(property StatusText) == "$1" && $(property StatusErrno) == "${2-0}" ]] ||
        fail "the manager knows: $(property StatusText), $(property StatusErrno)"
}
