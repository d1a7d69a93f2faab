#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""system_calls.py COMPILER [--write]: every process of a start makes the system calls that the table
`system_calls` lists, in that order, and no other. --write writes the table anew: to be read before it is
kept."""
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
from itertools import groupby

from codegen import *
from compositions import FULL, PLAIN, ROOT, arguments, presets

compiler = sys.argv[1]
needs(compiler, "strace")
if machine(compiler) != "x86_64":
    skip("the table has the names of x86_64")
if subprocess.run(["strace", "-o", os.devnull, "true"], stderr=subprocess.DEVNULL).returncode != 0:
    skip("strace may not trace here")

# libc's own, which other versions make at other places; a hand-off makes the first two itself.
libc = {"set_robust_list", "rseq", "brk", "gettid"}
handing_over = libc - {"set_robust_list", "rseq"}
# The same call by another name: what fstat() is to the kernel is for libc to choose.
same = {"fstat": "newfstatat"}
# libc blocks every signal, its own included, around some of its calls (fork() and a SIGABRT's
# sigaction() from glibc 2.41 on), which no program can ask it for. The mask is then restored by who
# has blocked them, and first of all by the child of a fork.
blocks_all = "SIG_BLOCK, ~[],"
# How often the launcher wakes is chance: the intermediate's exit, its word and the daemon's may come
# in any order. And whether there is time to look at how much memory it might let go of.
waiting = {"ppoll", "recvfrom", "recvmsg", "waitid", "rt_sigpending", "rt_sigtimedwait", "clock_gettime",
           "getrusage"}


def unknown_here(policies):
    """Why nothing is known of what these do on this machine, or None."""
    if os.path.exists("/dev/log") and any("Syslog" in policy for policy in policies):
        return "there is a syslog: what libc then does is its own affair"
    kernel = tuple(int(number) for number in re.findall(r"\d+", os.uname().release)[:2])
    libc_version = tuple(int(number) for number in re.findall(r"\d+", platform.libc_ver()[1])[:2])
    if "HandoffFork" in policies and (kernel < (5, 16) or libc_version < (2, 35)):
        return "nothing is handed over here"
    if "JournalStdio" in policies and not os.path.exists("/run/systemd/journal/stdout"):
        return "there is no journald"
    if "KeepCapabilities<>" in policies:
        return "it asks of each capability that the kernel has"
    if "Landlock" in policies and kernel < (5, 19):
        return "the kernel has less of Landlock"
    if "RunAs by name" in policies:
        return "what libc does to look names up is its own affair"
    if os.geteuid() != 0 and not {"RunAs by number", "Chroot", "LockMemory"}.isdisjoint(policies):
        return "needs root"
    return None


def plain_start():
    """What a starter ignores or blocks, such as nohup, costs calls of its own; so do its descriptors, and
    its environment, of which traced() leaves one variable: a monitor reads it piece by piece."""
    for fd in map(int, os.listdir("/proc/self/fd")):
        if fd > 2 and os.path.exists("/proc/self/fd/%d" % fd):
            os.set_inheritable(fd, False)
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def with_descriptor_3():
    """For a DescriptorNotify<3>, whom a supervisor hands it open."""
    plain_start()
    os.dup2(os.open(os.devnull, os.O_WRONLY), 3)


def traced(program, directory, uncounted, prepare, is_monitored):
    """{role: [system call...]} of a start, from its beginning until nothing of it is left."""
    trace = directory + "/trace"
    status = subprocess.run([shutil.which("strace"), "-f", "-qq", "-o", trace, program], stdin=subprocess.DEVNULL,
                            cwd=directory, preexec_fn=prepare, close_fds=False, env={"PATH": os.defpath}).returncode
    check(status == 0, program, "left with", status)
    calls, daemon, launcher, blocked, begun, parents = {}, None, None, set(), set(), {}
    with open(trace) as lines:
        for line in lines:
            made = re.search(r"^(\d+)\s+(?:<\.\.\. )?(?:v?fork|clone3?)\b.* = (\d+)$", line)
            if made:
                parents[made.group(2)] = made.group(1)
            found = re.match(r"(\d+)\s+(\w+)\((.*)", line)
            if not found:
                continue
            process, call, arguments = found.groups()
            is_first = process not in begun
            if call not in uncounted:
                begun.add(process)
            if call == "rt_sigprocmask" and arguments.startswith(blocks_all):
                blocked.add(process)
                continue
            if call == "rt_sigprocmask" and blocked and (process in blocked or is_first):
                blocked = blocked - {process} | {"a child"}
                continue
            call = same.get(call, call)
            mark = re.search(r"mark:(\w+)", arguments)
            if mark and mark.group(1) == "begin":
                launcher = process
            elif mark:
                daemon = process
                calls.setdefault(process, []).append(mark.group(1))
            elif launcher and call not in uncounted:
                calls.setdefault(process, []).append(call)
    roles = {}
    for process, made in calls.items():
        if process == daemon:
            roles["daemon"] = made[:made.index("ready")]
            roles["end"] = made[made.index("end") + 1:-1]  # but the exit
        else:
            roles["launcher" if process == launcher else
                  "monitor" if is_monitored and process == parents.get(daemon) else "intermediate"] = made
    return roles


def written(calls):
    """As in the table: `dup2*3` for three in a row."""
    names = ["waits" if call in waiting else call for call in calls]
    words = []
    for name, group in groupby(names):
        count = len(list(group))
        words.append(name if count == 1 or name == "waits" else "%s*%d" % (name, count))
    return words


def in_directory(policies, directory):
    """With the files that they name in a directory of our own."""
    for policy in policies:
        text = FULL.get(policy, policy)
        yield re.sub(r'"/(run|var/log)/', '"%s/' % directory, text)


def main():
    expected, made = table("system_calls"), {}
    with scratch() as directory:
        for name, policies in presets():
            reason = unknown_here(policies)
            if reason:
                print("skipped:", name + ":", reason)
                made.update((key, expected[key]) for key in expected if key.startswith(name + " "))
                continue
            program = directory + "/program"
            subprocess.run([compiler, *PLAIN, "-O1", "-I", ROOT + "/include", HERE + "/marked.cpp",
                            "-DPOLICIES=" + arguments(in_directory(policies, directory)),
                            "-o", program], check=True)
            uncounted = handing_over if "HandoffFork" in policies else libc
            notifies = any(policy.startswith("DescriptorNotify") for policy in policies)
            prepare = with_descriptor_3 if notifies else plain_start
            for role, calls in traced(program, directory, uncounted, prepare,
                                      "Monitor" in policies).items():
                key, actual = name + " " + role, written(calls)
                if actual:
                    made[key] = actual
                wanted = expected.get(key, [])
                check("--write" in sys.argv or actual == wanted, key, "makes\n ", *actual, "\n  and not\n ", *wanted)
    if "--write" in sys.argv:
        rewrite("system_calls", made, lambda key: key.rsplit(" ", 1)[0])
        return
    check(set(expected) <= set(made), "the table `system_calls` lists what does not happen:",
          *sorted(set(expected) - set(made)))


main()
finish()
