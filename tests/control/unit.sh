#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# unit.sh PROGRAM: systemd-analyze takes the unit, also where the paths are strange.
# shellcheck source-path=SCRIPTDIR source=setup.bash
source "$(dirname "${BASH_SOURCE[0]}")/setup.bash"
needs systemd-analyze
"$service" unit >/dev/null

verify() {  # verify UNIT: accepted without a word
    local said
    said=$(systemd-analyze verify --man=no "$1" 2>&1 | grep -F "${1##*/}" || true)
    [[ -z $said ]] || fail "$said: $(<"$1")"
}

strange="$dir/a strange 100% \$HOME \${x}place; #ä"
mkdir "$strange"
cp "$service" "$strange/a service"
(cd "$dir" && "$service" unit) >"$dir/relative.service"
"$service" unit --dir "$dir" >"$dir/plain.service"
"$strange/a service" unit --dir "$strange \"'\\" >"$dir/strange.service"
"$service" unit --dir "/run/a 100%/b:c" >"$dir/runtime.service"
for unit in plain relative strange runtime; do
    verify "$dir/$unit.service"
done

# What systemd refuses, whatever its quoting.
cp "$service" "$dir/a \"service\""
refused 'cannot be named in a unit' "$dir/a \"service\"" unit

# The check can fail.
sed 's,^ExecStart=.*,ExecStart=/no/such/program,' "$dir/plain.service" >"$dir/broken.service"
if (verify "$dir/broken.service") 2>/dev/null; then
    fail "systemd-analyze accepts everything here"
fi
