# SPDX-License-Identifier: BSL-1.0
"""The compositions whose objects are looked at, by size/measure and by tests/codegen."""
import os
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAM = os.path.join(ROOT, "bench", "size", "composition.cpp")
PLAIN = "-std=c++20 -fno-exceptions -fno-rtti -fno-asynchronous-unwind-tables".split()

FULL = {"LogStdio": 'LogStdio<"/var/log/x.log">', "PidFile": 'PidFile<"/run/x.pid">',
        "SignalFd": "SignalFd<SIGTERM, SIGHUP>", "SignalFlag": "SignalFlag<SIGTERM, SIGHUP>",
        "FileStdio": 'FileStdio<"/dev/null", "/var/log/x.out", "/var/log/x.err">',
        "RunAs by number": "RunAs{65534, 65534}", "Chroot": 'Chroot<"/">',
        "Limit": "Limit<RLIMIT_NOFILE, 64>", "CleanEnvironment": 'CleanEnvironment<"TZ">',
        "Landlock": 'Landlock<ReadOnly<"/usr">>', "ProcessName": 'ProcessName<"x">',
        "DenySystemCalls": "DenySystemCalls<system_calls::mount, system_calls::module>",
        "JournalStdio": 'JournalStdio<"x">', "RunAs by name": 'RunAs<"nobody", "nogroup">',
        "WorkingDirectory at run time": 'WorkingDirectory{"/"}',
        "PidFile at run time": 'PidFile{"/run/x.pid"}', "LogStdio at run time": 'LogStdio{"/var/log/x.log"}',
        "CloseDescriptors at run time": "CloseDescriptors{7, 8}",
        "DescriptorNotify at run time": "DescriptorNotify{3}", "Monitor": "Monitor<5, 60>",
        "Upgrade": "Upgrade<SIGUSR2>"}
EMPTY = {"fork": "NoFork", "stdio": "KeepStdio", "pid": "NoPidFile", "signals": "KeepSignals",
         "umask": "KeepUmask", "directory": "KeepDirectory", "descriptors": "KeepDescriptors"}
# Each policy alone: KeepSignals asks whether the process is PID 1.
NOTHING = {**EMPTY, "signals": "NoSignals"}
ALONE = [("fork", "SingleFork"), ("fork", "DoubleFork"), ("fork", "HandoffFork"),
         ("stdio", "NullStdio"), ("stdio", "LogStdio"), ("stdio", "FileStdio"), ("signals", "KeepSignals"), ("signals", "DefaultSignals"), ("signals", "SignalFd"), ("signals", "SignalFlag"),
         ("umask", "Umask<022>"), ("directory", 'WorkingDirectory<"/">'),
         ("descriptors", "CloseDescriptors<>"), ("timeout", "StartTimeout<20>"), ("log", 'Syslog<"x">'), ("log", "StderrLog"),
         ("stdio", "JournalStdio"), ("fork", "AutoFork"),
         ("run_as", "RunAs by number"), ("run_as", "RunAs by name"), ("chroot", "Chroot"),
         ("capabilities", "KeepCapabilities<>"),
         ("privileges", "NoNewPrivileges"), ("limit", "Limit"), ("core", "NoCoreDumps"),
         ("oom", "OomScore<500>"), ("nice", "Nice<5>"), ("environment", "CleanEnvironment"),
         ("memory", "LockMemory"), ("name", "ProcessName"), ("landlock", "Landlock"),
         ("calls", "DenySystemCalls"), ("notify", "SystemdNotify"),
         ("descriptor", "DescriptorNotify<3>"), ("sockets", "ListenSockets"),
         ("directory", "WorkingDirectory at run time"),
         ("stdio", "LogStdio at run time"), ("descriptors", "CloseDescriptors at run time"),
         ("descriptor", "DescriptorNotify at run time")]
# With what they cannot do without.
TOGETHER = {"IgnoreSignals<SIGPIPE>": {"ignored": "IgnoreSignals<SIGPIPE>", "signals": "KeepSignals"},
            "PidFile": {"pid": "PidFile", "signals": "KeepSignals"},
            "PidFile at run time": {"pid": "PidFile at run time", "signals": "KeepSignals"},
            "Watchdog": {"notify": "SystemdNotify", "watchdog": "Watchdog"},
            "Monitor": {"fork": "DoubleFork", "monitor": "Monitor"},
            "Upgrade": {"signals": "SignalFd<SIGUSR2>", "upgrade": "Upgrade"}}
TYPICAL = ["DoubleFork", "NullStdio", "PidFile", "SignalFd"]
EVERYTHING = ["DoubleFork", "LogStdio", "PidFile", "SignalFd", "Umask<027>", "IgnoreSignals<SIGPIPE>",
              "StartTimeout<20>", 'Syslog<"x">']


def presets():
    """NAME, policies: the whole ones, and each policy alone in one that is empty but for what it needs."""
    yield "preset/empty", list(EMPTY.values())
    yield "preset/typical", TYPICAL
    yield "preset/everything", EVERYTHING
    for slot, policy in ALONE:
        yield "alone/" + policy, list({**NOTHING, slot: policy}.values())
    for name, policies in TOGETHER.items():
        yield "alone/" + name, list({**NOTHING, **policies}.values())


def arguments(policies):
    """What is between the braces of Daemonizer{...}."""
    full = [FULL.get(policy, policy) for policy in policies]
    return ", ".join(policy if policy.endswith("}") else policy + "{}" for policy in full)


def compile_object(compiler, policies, target, *flags, source=PROGRAM):
    subprocess.run([compiler, *PLAIN, *flags, "-I", os.path.join(ROOT, "include"),
                    "-DPOLICIES=" + arguments(policies), "-c", source, "-o", target], check=True)


def text_and_data(target):
    """Bytes of code, constants and strings; of what is written to."""
    text, data, bss = subprocess.check_output(["size", target], text=True).split("\n")[1].split()[:3]
    return int(text), int(data) + int(bss)


def undefined(target):
    symbols = subprocess.check_output(["nm", "--undefined-only", target], text=True).split("\n")
    return sorted(line.split()[-1] for line in symbols if line)
