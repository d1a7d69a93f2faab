# SPDX-License-Identifier: BSL-1.0
# shellcheck shell=bash
# What tests/control/systemd tries on `upgradable`: upgrades of a Type=notify unit, which keeps its
# main process, and the store of descriptors, which keeps its socket over a restart. Sourced there.
# shellcheck disable=SC2034,SC2154
tried=upgradable
server=/run/server
socket=/run/front
pid_file=/run/upgradable/upgradable.pid

status() { inside systemctl status $tried 2>&1; }
tells_why() {
    inside journalctl --unit=$tried |
        grep -F 'upgrade: trial: ended before it was ready, exit status 7' >/dev/null
}
runs_new_one() { [[ $(inside readlink "/proc/$1/exe") == "$server" ]]; }
install() {
    inside cp "/run/a place/heartbeat 100%" $server.new
    inside mv $server.new $server
}

upgrade_often() {
    local main looker i
    main=$(property MainPID)
    inside rm -f /run/end
    inside "/run/a place/heartbeat 100%" look $pid_file $socket "$main" /run/end >"$dir_of_looks" 2>&1 &
    looker=$!
    for ((i = 0; i != 5; ++i)); do
        install
        ! runs_new_one "$main" || fail "it runs the new one before it is told to"
        inside systemctl kill --signal=USR2 --kill-who=main $tried
        wait_for 10 runs_new_one "$main" || fail "no upgrade: $(status)"
        wait_for 10 is_active || fail "is not active again: $(status)"
    done
    inside touch /run/end
    wait "$looker" || fail "during the upgrades: $(<"$dir_of_looks")"
    check_serves "upgrade"
    [[ $(property MainPID) == "$main" && $(property NRestarts) == 0 ]] || fail "$(status)"
}

try_unit() {
    local main dir_of_looks
    dir_of_looks=$(mktemp)
    install
    printf '%s\n' '[Service]' Type=notify RuntimeDirectory=upgradable FileDescriptorStoreMax=4 \
        "ExecStart=$server serve $pid_file $socket -1" |
        inside tee /run/systemd/system/$tried.service >/dev/null
    inside systemctl daemon-reload
    inside systemctl start $tried || fail "start: $(status)"
    check_serves start
    upgrade_often

    # The manager keeps the socket over a restart: the path is bound, and nobody else could listen.
    main=$(property MainPID)
    inside systemctl restart $tried || fail "restart: $(status)"
    check_serves restart
    [[ $(property MainPID) != "$main" ]] || fail "the restart did not"
    upgrade_often

    # A version that cannot start: the old one serves on, and systemd does not notice.
    main=$(property MainPID)
    printf '#!/bin/sh\nexit 7\n' | inside tee $server.new >/dev/null
    inside chmod +x $server.new
    inside mv $server.new $server
    inside systemctl kill --signal=USR2 --kill-who=main $tried
    wait_for 10 tells_why || fail "no reason: $(inside journalctl --unit=$tried)"
    is_active || fail "a trial that failed: $(status)"
    [[ $(property MainPID) == "$main" ]] || fail "another process: $(status)"

    inside systemctl stop $tried
    [[ $(property ActiveState) == inactive && $(property Result) == success ]] ||
        fail "stop: $(status)"
    rm -f "$dir_of_looks"
}
