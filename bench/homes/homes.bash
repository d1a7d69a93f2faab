# SPDX-License-Identifier: BSL-1.0
# shellcheck shell=bash
# From exec to ready in each home, printed as `ROUND HOME MICROSECONDS`: sourced by
# tests/control/systemd, which boots a systemd for it, with $rounds and $starts from homes/measure.
# shellcheck disable=SC2034,SC2154
tried=simple

write_units() {
    local type verb
    for type in forking notify simple; do
        verb=$type
        [[ $type != forking ]] || verb=detached
        {
            printf '[Service]\nType=%s\nKillMode=mixed\n' "$type"
            [[ $type != forking ]] || echo PIDFile=/run/bench.pid
            printf 'ExecStart="/run/a place/heartbeat 100%%%%" %s /run/bench.pid\n' "$verb"
            printf '[Unit]\nStartLimitIntervalSec=0\n'
        } | inside tee "/run/systemd/system/$type.service" >/dev/null
    done
    inside systemctl daemon-reload
}

# All that is measured happens inside, where no namespace must be entered first. A shell's start is
# timed from its fork to the launcher's end, a unit's from leaving `inactive` to `active`.
measure_round() {
    # shellcheck disable=SC2016
    inside bash -c '
        for ((i = 0; i != $2; ++i)); do
            begin=$EPOCHREALTIME
            "/run/a place/heartbeat 100%" detached /run/bench.pid || exit 1
            end=$EPOCHREALTIME
            echo "$1 shell $((${end/./} - ${begin/./}))"
            kill "$(</run/bench.pid)"
            while [[ -e /run/bench.pid ]]; do sleep 0.01; done
            for type in forking notify simple; do
                systemctl start $type || exit 1
                property() { systemctl show --value --property "$1TimestampMonotonic" $type; }
                echo "$1 $type $(($(property ActiveEnter) - $(property InactiveExit)))"
                systemctl stop $type || exit 1
            done
        done' - "$1" "$starts"
}

try_unit() {
    local round
    write_units
    for ((round = 0; round != rounds; ++round)); do
        measure_round "$round" || fail "round $round: $(inside systemctl status forking notify simple)"
    done
}
