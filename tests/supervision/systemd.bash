# SPDX-License-Identifier: BSL-1.0
# shellcheck shell=bash
# What tests/control/systemd tries on examples/5_everywhere: Type=notify, reload, a watchdog, restarts,
# the journal's priorities, a store of descriptors, a socket unit, a user's own manager; and where
# systemd has it, Type=notify-reload. Sourced there.
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
    signal_main STOP "$main"
    wait_for 30 is_another_than "$main" || fail "watchdog: $(status)"
    wait_for 10 journal_has 'Watchdog timeout' || fail "no watchdog: $(status)"
    main=$(property MainPID)
    signal_main KILL "$main"
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
    try_reload
    try_user
}

# systemd asks for a reload by SIGHUP, and waits until the daemon says that it is over. It looks at
# READY=1 whether SIGHUP would end the process.
try_reload() {
    local round version
    version=$(inside systemctl --version | sed -n '1s/[^0-9]*\([0-9]*\).*/\1/p')
    if ((version < 253)); then
        echo "systemd $version has no Type=notify-reload"
        return
    fi
    tried=reloading unit=reloading
    inside sed -e 's/^Type=.*/Type=notify-reload/' -e '/^ExecReload/d' -e '/^RuntimeDirectory/d' \
        -e 's,--pid-file .*,--pid-file /run/reloading.pid,' $units/everywhere.service |
        inside tee $units/reloading.service >/dev/null
    inside systemctl daemon-reload
    inside systemctl start reloading || fail "notify-reload: $(status)"
    local main
    main=$(property MainPID)
    for round in 1 2 3; do
        inside systemctl reload reloading || fail "reload $round: $(status)"
        [[ $(property StatusText) == reloaded && $(property ActiveState) == active ]] ||
            fail "reload $round is over, and the daemon has not said so: $(status)"
        echoes 7007 || fail "reload $round: $(status)"
    done
    [[ $(property MainPID) == "$main" ]] || fail "a reload started another one"
    wait_for 10 journal_has reloaded || fail "no word of it: $(inside journalctl -u $unit)"
    signal_main KILL "$main"
    wait_for 20 is_another_than "$main" || fail "notify-reload, kill -9: $(status)"
    inside systemctl stop reloading
    [[ $(property Result) == success ]] || fail "notify-reload, stop: $(status)"

    ((version < 262)) && return
    tried=refused unit=refused # whoever SIGHUP would end is refused: else all this shows little
    inside sed -i -e 's/^Type=.*/Type=notify-reload\nNotifyAccess=all/' \
        -e 's,^ExecStart=.*,ExecStart=/bin/sh -c "systemd-notify --ready; sleep 60",' \
        $units/refused.service
    inside systemctl daemon-reload
    ! inside systemctl start refused 2>/dev/null || fail "$(status)"
    [[ $(property Result) == protocol ]] || fail "refused, but not for SIGHUP: $(status)"
}

# The manager of a user without rights.
try_user() {
    inside useradd --create-home everybody 2>/dev/null || {
        echo "no user can be made: a user's manager is not tried"
        return
    }
    local id runtime main
    id=$(inside id -u everybody)
    runtime=/run/user/$id
    inside systemctl start "user@$id" || fail "no manager: $(inside systemctl status "user@$id" 2>&1)"
    as_user() {
        inside setpriv --reuid everybody --regid everybody --clear-groups \
            env HOME=/home/everybody XDG_RUNTIME_DIR="$runtime" "$@"
    }
    own() { as_user systemctl --user show --value --property "$1" everywhere; }
    own_status() { as_user systemctl --user status everywhere 2>&1; }
    serves() {
        [[ $(own ActiveState) == active && $(own MainPID) == $(as_user cat "$runtime/everywhere/everywhere.pid") ]] &&
            echoes 7020
    }
    serves_anew() { [[ $(own MainPID) =~ ^[1-9] && $(own MainPID) != "$main" ]] && serves; }
    is_told_anew() { [[ $(own StatusText) == reloaded ]]; }

    as_user mkdir -p "$runtime/systemd/user"
    as_user "$program" unit --port 7020 --pid-file "$runtime/everywhere/everywhere.pid" |
        as_user tee "$runtime/systemd/user/everywhere.service" >/dev/null
    local words
    words=$(as_user systemd-analyze verify --user --man=no "$runtime/systemd/user/everywhere.service" 2>&1) ||
        words+=" (and fails)"
    [[ ! $words ]] || fail "$words"
    as_user systemctl --user daemon-reload
    as_user systemctl --user start everywhere || fail "user: $(own_status)"
    serves || fail "user: $(own_status)"
    as_user systemctl --user reload everywhere
    wait_for 10 is_told_anew || fail "user, reload: $(own_status)"
    main=$(own MainPID)
    signal_main KILL "$main"
    wait_for 20 serves_anew || fail "user, kill -9: $(own_status)"
    main=$(own MainPID)
    as_user systemctl --user restart everywhere
    serves_anew || fail "user, restart: $(own_status)"
    as_user systemctl --user stop everywhere
    [[ $(own ActiveState) == inactive && $(own Result) == success ]] || fail "user, stop: $(own_status)"
    ! inside test -e "$runtime/everywhere" || fail "user: the runtime directory is still there"
    inside systemctl stop "user@$id"
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
    # It was asked to end, and had the time to: systemd kills at once who is not its child.
    ! inside test -s /run/detached.pid || fail "detached, killed: $(inside journalctl -u $unit)"
    ! journal_has 'not our child' || fail "detached: $(inside journalctl -u $unit)"
    ! journal_has 'with signal SIGKILL' || fail "detached: $(inside journalctl -u $unit)"
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
