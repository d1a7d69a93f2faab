#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# systemd_new.sh PROGRAM: what systemd.bash tries, under the systemd of Debian forky (262): there
# Type=notify-reload asks for more than before. PROGRAM is linked statically. mmdebstrap makes the root
# directory in build/forky-systemd, unless it is there.
set -euo pipefail

skip() {
    printf 'skipped: %s\n' "$*"
    exit 77
}
here=$(realpath "$(dirname "${BASH_SOURCE[0]}")")
project=$(realpath "$here/../..")
root=$project/build/forky-systemd
((EUID == 0)) || skip "needs root"
[[ $(type -P mmdebstrap) ]] || skip "no mmdebstrap here"

mkdir -p "$project/build"
exec {lock}>"$root.lock"
flock "$lock"
if [[ ! -e $root ]]; then
    made=$(mktemp -d "$root.XXXXXX")
    trap 'rm -rf --one-file-system "$made"' EXIT
    # A mirror may have stopped following a suite for a while.
    log=$(mmdebstrap --quiet --variant=minbase --include=systemd,systemd-sysv,dbus,libpam-systemd,procps \
        --aptopt='Acquire::Check-Valid-Until "false"' forky "$made" 2>&1) ||
        skip "no Debian forky: $(tail -n 1 <<<"$log")"
    mv "$made" "$root"
    trap - EXIT
fi
exec {lock}>&-
systemd_root=$root exec bash "$project/tests/control/systemd" "$1" "$here/systemd.bash"
