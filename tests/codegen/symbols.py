#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""symbols.py COMPILER [--write]: each policy alone refers to the functions of libc that its steps name, which
the table `symbols` lists, and to no other; and no object has anything of Hana, of the C++ library,
of run-time types or exceptions, or anything that runs before main. --write writes the table anew: to be
read before it is kept."""
import os
import re
import sys

from codegen import *
from compositions import compile_object, presets, undefined

compiler = sys.argv[1]
needs(compiler, "objdump", "nm")
libc = os.confstr("CS_GNU_LIBC_VERSION").split() if "CS_GNU_LIBC_VERSION" in os.confstr_names else []
if len(libc) != 2 or tuple(map(int, libc[1].split("."))) < (2, 35):
    skip("the table has the names of glibc 2.35 and later")

unwanted_symbols = re.compile(
    r"boost::|\bhana::|\bstd::|^vtable|^VTT|^typeinfo|^guard variable|_GLOBAL__|^__cxa|^__gxx|"
    r"^operator (new|delete)|^(malloc|calloc|realloc|free)$")
unwanted_sections = re.compile(r"\.(init_array|ctors|fini_array|dtors|gcc_except_table|tbss|tdata)\b")
# From glibc 2.38 on some functions are called by a name of their standard: C23's strtol takes "0b1".
standards_prefix = re.compile(r"^__isoc\d\d_")
# Not all compilers see that no step of the first fails, and that the second has no descriptor to look at.
by_compiler = {"CleanEnvironment": {"__errno_location", "program_invocation_short_name", "write"}, "AutoFork": {"fstat"}}
compilers_own = {"memcpy", "memmove", "memset", "_GLOBAL_OFFSET_TABLE_", "__stack_chk_fail"}


# What only those compositions have that name such a policy; the policy of none is in the names of all.
belongs = {"Monitor": r"Monitor|Restart(?!able)", "Upgrade": r"Upgrade|Continued", "Monitor|Upgrade": r"FirstStart|PartialPlan",
           "Notify": r"Notif|SpeakingProcess", "ListenSockets": r"Listen",
           "RunAs|KeepCapabilities|Chroot": r"DroppedIds|RunAs|Capabilit|Account|Chroot",
           "Landlock|DenySystemCalls": r"Landlock|Ruleset|Filter", "Syslog|StderrLog|JournalStdio": r"Syslog|StderrLog|Journal"}
of_none = re.compile(r"No(Monitor|Upgrade|Notify|Sockets|Landlock)(?![a-z])|NullStdio|find_log_sink")


def check_clean(name, policies, target):
    for line in run("nm", "-C", target).splitlines():
        symbol = line.split(maxsplit=1 if line.startswith(" ") else 2)[-1]
        check(not unwanted_symbols.search(symbol), name, "has the symbol", symbol)
        for policy, its_own in belongs.items():
            if not re.search(policy, " ".join(policies)):
                check(not re.search(its_own, of_none.sub("", symbol)), name, "has of", policy, symbol)
    for section in re.findall(r"^\s*\d+\s+(\S+)", run("objdump", "-h", target), re.MULTILINE):
        check(not unwanted_sections.search(section), name, "has the section", section)


expected = table("symbols")
groups = {name: set(expected.pop(name)) for name in ("failing", "instrumented")}
seen, written = set(), {}
with scratch() as directory:
    target = directory + "/composition.o"
    for name, policies in presets():
        compile_object(compiler, policies, target, "-O2", source=HERE + "/alone.cpp")
        check_clean(name, policies, target)
        if not name.startswith("alone/"):
            compile_object(compiler, policies, target, "-Os")
            check_clean(name, policies, target)
            continue
        name = name[len("alone/"):]
        seen.add(name)
        actual = {standards_prefix.sub("", symbol) for symbol in undefined(target)}
        actual -= compilers_own | {"_Z4bodyv"}
        written[name] = [group for group in groups if groups[group] <= actual] + sorted(
            actual.difference(*(groups[group] for group in groups if groups[group] <= actual)))
        if "--write" in sys.argv:
            continue
        if not check(name in expected, "the table `symbols` has no", name, "which refers to", *sorted(actual)):
            continue
        wanted = set().union(*(groups.get(symbol, {symbol}) for symbol in expected[name]))
        if name in by_compiler:
            actual, wanted = actual - by_compiler[name], wanted - by_compiler[name]
        check(actual == wanted, name, "calls, what the table does not list:", *sorted(actual - wanted),
              "; does not call, what it lists:", *sorted(wanted - actual))
        print(name, "refers to", *sorted(actual))
if "--write" in sys.argv:
    rewrite("symbols", {**{name: sorted(words) for name, words in groups.items()}, **written})
    sys.exit()
check(seen == set(expected), "the table `symbols` lists what is no policy:", *(set(expected) - seen))
finish()
