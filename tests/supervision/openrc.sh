#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# openrc.sh PROGRAM: start-stop-daemon of OpenRC 0.60 or later, which Debian 12 has not got: that of a
# later Debian, unpacked and run with its own libc.
# shellcheck source-path=SCRIPTDIR source=setup.bash
source "$(dirname "${BASH_SOURCE[0]}")/setup.bash"
needs apt-get
needs dpkg
((EUID == 0)) || skip "only root has mounts of its own"
unshare --mount true || skip "no mounts of one's own here"

mirror=$(apt-cache policy | grep -oE 'https?://[^ ]*/debian' | head -n 1) || skip "no mirror of Debian's"
cd "$dir"
mkdir -p lists/partial cache/archives/partial root
echo "deb $mirror forky main" >source
apt=(apt-get -o "Dir::Etc::sourcelist=$dir/source" -o Dir::Etc::sourceparts=-
    -o "Dir::State::Lists=$dir/lists" -o "Dir::Cache=$dir/cache" -o Dir::State::status=/dev/null
    -o Acquire::Check-Valid-Until=false -o APT::Sandbox::User=root)
"${apt[@]}" update >out 2>&1 || skip "no lists of forky's: $(tail -n 1 out)"
"${apt[@]}" download openrc librc1t64 libeinfo1 libc6 libaudit1 libcap2 libpam0g libselinux1 \
    libcap-ng0 libpcre2-8-0 >out 2>&1 || skip "no packages of forky's: $(tail -n 1 out)"
for package in *.deb; do
    dpkg -x "$package" root
done
libraries=$dir/root/usr/lib/$(uname -m)-linux-gnu
command=("$libraries"/ld-linux-*.so.* --library-path "$libraries"
    "$dir/root/usr/lib/rc/sbin/start-stop-daemon")
"${command[@]}" --help 2>&1 | grep -q -- --notify || skip "this start-stop-daemon awaits nothing"

started_by=$dir/openrc.pid
order() {  # order ARGUMENT...: with a /run of its own, since it keeps what it has started there
    # shellcheck disable=SC2016
    RC_SVCNAME=everywhere unshare --mount bash -c \
        'mount -t tmpfs tmpfs /run && mkdir -p /run/openrc/{options,started} && exec "$@"' - \
        timeout 60 "${command[@]}" --pidfile "$started_by" --exec "$program" "$@"
}
start() {  # start NOTIFY ARGUMENT...
    : >"$log"
    order --start --background --make-pidfile --notify "$1" --stderr "$log" -- \
        start --port $port --pid-file "$pid_file" "${@:2}" || fail "$1: not started: $(<"$log")"
    serves "${main-}" || fail "$1: started and does not serve: $(<"$log")"
    main=$(main_pid)
    [[ $main == $(<"$started_by") ]] || fail "$1: it has forked"
}
try() {  # try NOTIFY ARGUMENT...
    start "$@"
    kill -KILL "$main"
    wait_for 30 test ! -e "/proc/$main"  # buried, too
    start "$@"
    "$program" reload --pid-file "$pid_file"
    wait_for 10 says reloaded || fail "$1: no reload: $(<"$log")"
    order --stop --retry TERM/10 || fail "$1: not stopped"
    is_down || fail "$1: stopped and still there"
}
try fd:3 --notify-fd 3
try socket:ready
