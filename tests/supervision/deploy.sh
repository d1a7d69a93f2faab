#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# deploy.sh PROGRAM: what examples/deploy has is well formed; that of the homes which can be run here is
# run by the tests beside this one.
# shellcheck source-path=SCRIPTDIR source=setup.bash
source "$(dirname "${BASH_SOURCE[0]}")/setup.bash"

for script in s6/everywhere/run runit/everywhere/{run,check} openrc/everywhere; do
    sh -n "$deploy/$script" || fail "$script"
    [[ -x $deploy/$script ]] || fail "$script cannot be run"
done

# The units are those that the program prints, but for its place.
if [[ $(type -P systemd-analyze) ]]; then
    for unit in everywhere.socket everywhere.service; do
        from_deploy systemd/$unit >"$dir/$unit"
    done
    said=$(systemd-analyze verify --man=no "$dir"/everywhere.{service,socket} 2>&1) || said+=" (and fails)"
    [[ -z $said ]] || fail "$said"
fi
printed() { "$program" unit "${@:2}" | grep -vF "$dir" | sort; }
diff <(printed service --pid-file /run/everywhere/everywhere.pid | grep -v ^Exec) \
    <(grep -v -e ^Exec -e ^FileDescriptorStoreMax "$deploy/systemd/everywhere.service" | sort) ||
    fail "the service unit is not what the program prints"
diff <(printed socket --socket echo=127.0.0.1:7007) <(sort "$deploy/systemd/everywhere.socket") ||
    fail "the socket unit is not what the program prints"

# Kubernetes and Docker: the probes are words that the program knows.
if python3 -c 'import yaml' 2>/dev/null; then
    python3 - "$deploy/container/kubernetes.yaml" <<'END' || fail "kubernetes.yaml"
import sys
import yaml
deployment = yaml.safe_load(open(sys.argv[1]))
container = deployment["spec"]["template"]["spec"]["containers"][0]
probe = ["/usr/local/bin/everywhere", "status", "--pid-file", container["args"][2]]
for kind in "startupProbe", "readinessProbe", "livenessProbe":
    assert container[kind]["exec"]["command"] == probe, kind
assert container["args"][:2] == ["start", "--pid-file"]
grace = deployment["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
assert grace > container["lifecycle"]["preStop"]["sleep"]["seconds"] + 5
END
else
    echo "kubernetes.yaml is not read: there is no python3-yaml here"
fi
grep -q '"status", "--pid-file", "/everywhere.pid"' "$deploy/container/Dockerfile" || fail Dockerfile
