#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# unit.sh PROGRAM: systemd-analyze takes the unit, also where the paths are strange.
# shellcheck source-path=SCRIPTDIR source=setup.bash
source "$(dirname "${BASH_SOURCE[0]}")/setup.bash"
needs systemd-analyze
"$service" unit >/dev/null

verify() {  # verify UNIT: accepted without a word, since it ends with 0 whatever it complains of
    local said
    said=$(systemd-analyze verify --man=no "$1" 2>&1) || said+=" (and fails)"
    [[ -z $said ]] || fail "$said: $(<"$1")"
}

strange="$dir/a strange 100% \$HOME \${x}place; #ä"
mkdir "$strange"
cp "$service" "$strange/a service"
(cd "$dir" && "$service" unit) >"$dir/relative.service"
"$service" unit --dir "$dir" >"$dir/plain.service"
"$strange/a service" unit --dir "$strange \"'\\" >"$dir/strange.service"
"$service" unit --dir "/run/service" >"$dir/runtime.service"
"$service" unit --dir "$(printf '/run//./a\tb/\xff')" 2>"$dir/log" && fail "a control character in a path"
grep -q 'unit: PIDFile: has a control character' "$dir/log" || fail "$(<"$dir/log")"
for unit in plain relative strange runtime; do
    verify "$dir/$unit.service"
done

# A program whose file was replaced is named by its path; where nothing stands there, it is refused.
old() {  # old PROGRAM: the unit that it prints although its file is not there any more
    local file status=0
    exec {file}<"$1"
    rm "$1"
    "${@:2}"
    "/proc/self/fd/$file" unit --dir "$dir" || status=$?
    exec {file}<&-
    return $status
}
cp "$service" "$dir/replaced"
old "$dir/replaced" cp "$service" "$dir/replaced" >"$dir/replaced.service"
grep -qx "ExecStart=$dir/replaced start --dir $dir" "$dir/replaced.service" || fail "replaced"
verify "$dir/replaced.service"
if old "$dir/replaced" : 2>"$dir/log"; then
    fail "a unit names a program that is gone"
fi
grep -q 'unit: program: has been deleted' "$dir/log" || fail "$(<"$dir/log")"
cp "$service" "$dir/replaced (deleted)"
"$dir/replaced (deleted)" unit --dir "$dir" >"$dir/named.service"
grep -qF "ExecStart=\"$dir/replaced (deleted)\" start" "$dir/named.service" || fail "named (deleted)"
verify "$dir/named.service"

# What systemd refuses, whatever its quoting.
for character in \" "'" \\; do
    cp "$service" "$dir/a ${character}service"
    refused 'cannot be named in a unit' "$dir/a ${character}service" unit
done

# The check can fail.
sed 's,^ExecStart=.*,ExecStart=/no/such/program,' "$dir/plain.service" >"$dir/broken.service"
if (verify "$dir/broken.service") 2>/dev/null; then
    fail "systemd-analyze accepts everything here"
fi
