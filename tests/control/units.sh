#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# units.sh PROGRAM: systemd-analyze takes the unit of each composition without a word.
# shellcheck source-path=SCRIPTDIR source=setup.bash
source "$(dirname "${BASH_SOURCE[0]}")/setup.bash"
needs systemd-analyze

count=0
for ((i = 0; i < 100; ++i)); do
    "$service" $i >"$dir/units-$i.service" || break
    ((++count))
    said=$(systemd-analyze verify --man=no "$dir/units-$i.service" 2>&1) || said+=" (and fails)"
    [[ -z $said ]] || fail "$said: $(<"$dir/units-$i.service")"
done
((count == 8)) || fail "$count units instead of 8"

has() {  # has NUMBER LINE
    grep -qxF "$2" "$dir/units-$1.service" || fail "no $2 in $(<"$dir/units-$1.service")"
}
has_no() {  # has_no NUMBER KEY
    ! grep -q "^$2=" "$dir/units-$1.service" || fail "$2 in $(<"$dir/units-$1.service")"
}
for i in 0 1 2; do
    has $i Type=notify
    has_no $i PIDFile
    has_no $i WatchdogSec
done
has 2 TimeoutStartSec=40
has 2 UMask=0077
has 3 Type=exec
has_no 3 PIDFile
has 3 UMask=0000
has 3 Nice=5
has 4 Type=forking
has 4 PIDFile=/run/units/units.pid
has 4 LimitNOFILE=64:128
has_no 4 User
has_no 4 CapabilityBoundingSet
has 5 SystemCallFilter=~@mount
has_no 6 SystemCallFilter
has 7 Type=notify
has 7 NotifyAccess=all
has 7 WatchdogSec=30
has 7 WatchdogSignal=SIGKILL
