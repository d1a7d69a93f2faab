# SPDX-License-Identifier: BSL-1.0
"""What the tests here have in common: the compositions, what is in an object, and how a test ends."""
import itertools
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "bench", "size"))


def skip(reason):
    print("skipped:", reason)
    sys.exit(77)


def needs(*programs):
    for program in programs:
        if shutil.which(program) is None:
            skip("no %s here" % program)


failures = []


def check(holds, *what):
    if not holds:
        failures.append(what)
        print("FAILED:", *what)
    return holds


def finish():
    sys.exit(1 if failures else 0)


def run(*command, **options):
    return subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE, **options).stdout


def scratch():
    return tempfile.TemporaryDirectory(prefix="codegen-")


def compiler_name(compiler):
    """Its family and major version, as in gcc-12: what a table of bytes holds for."""
    macros = run(compiler, "-dM", "-E", "-x", "c++", "/dev/null")
    family = "clang" if "__clang__ " in macros else "gcc"
    version = re.search(r"#define __(?:clang_major|GNUC)__ (\d+)", macros if family == "gcc" else
                        "\n".join(line for line in macros.split("\n") if "clang" in line))
    return "%s-%s" % (family, version.group(1))


def machine(compiler):
    return run(compiler, "-dumpmachine").split("-")[0]


def table(name):
    """Lines `KEY: VALUE` of a file beside the tests, in their order."""
    entries = {}
    with open(os.path.join(HERE, name)) as lines:
        for line in lines:
            if line.strip() and not line.startswith("#"):
                key, value = line.rsplit(": ", 1) if ": " in line else (line.rstrip(":\n"), "")
                entries[key.strip()] = value.split()
    return entries


def rewrite(name, entries, group=lambda key: None):
    """Writes these values into such a file, below the comment that it begins with."""
    path = os.path.join(HERE, name)
    with open(path) as old:
        comment = itertools.takewhile(lambda line: line.startswith("#"), old.read().splitlines(True))
    with open(path, "w") as new:
        new.writelines(comment)
        last = ""
        for key, words in entries.items():
            if group(key) != last:
                print(file=new)
            last = group(key)
            print(("%s: %s" % (key, " ".join(words))).rstrip(), file=new)


def instructions(target, function):
    """Of one function, without addresses; what it calls by name."""
    everything = run("objdump", "-dr", "--no-show-raw-insn", "--no-addresses", target)
    lines = everything.split("<%s>:\n" % function)[1].split("\n\n")[0]
    code = []
    for line in lines.split("\n"):
        line = re.sub(r"\s+", " ", line).replace("<%s+" % function, "{+")  # a jump within it
        line = re.sub(r"<\S*>", "", line).strip()
        if line.startswith("R_") and "{+" in code[-1]:
            code[-1] = code[-1].split()[0]  # it goes where the relocation says
        code.append(line)
    padding = re.compile(r"^((data16|cs) )*(nop|xchg %ax,%ax|int3)|^$")
    while code and padding.match(code[-1]):
        code.pop()
    return code
