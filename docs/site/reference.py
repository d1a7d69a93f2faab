#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Makes pages of what Doxygen has read in the headers, or checks that every public name has a comment.

usage: reference.py XML_DIRECTORY PAGES_DIRECTORY
       reference.py --check XML_DIRECTORY

A name is public where it is in a header outside of the directories `detail` and in no namespace
`detail`. What each policy, step and slot has is no name of its own: it is documented once, where
they are."""
import pathlib
import re
import sys
import xml.etree.ElementTree as ElementTree

HEADERS = pathlib.Path(__file__).resolve().parents[2] / "include"
# Documented at Policy, Step and own_slot, and in the page about writing a policy.
VOCABULARY = set("""slot steps state members name needs gives at undoes after run undo drop_launcher_copy
check on write_line in_foreground unit_lines each_descriptor each_text stays stay adopt detaches replaces
keeps collects at_run_time is_absolute text_is_whole ends_with_process""".split())
# How the wings are called, in the order of their pages.
WINGS = {"program": "Programs: Daemonizer, control, command line", "launch": "Forks, start timeout, monitor",
         "stdio": "Standard streams", "pid_file": "Pid file", "signals": "Signals",
         "process": "Process: umask, directory, descriptors, limits", "logging": "Log",
         "supervision": "Supervision: notify, sockets, watchdog, upgrade",
         "identity": "Identity: user, root, capabilities", "confinement": "Confinement",
         "service": "Services", "compose": "Compositions and policies of one's own",
         "host": "Hosts", "system": "System"}
DAEMON = {"DaemonBase": "Every composition", "collecting_members": "With SignalFd or SignalFlag",
          "descriptor_members": "With SignalFd", "reopening_members": "With LogStdio or FileStdio",
          "handoff_members": "With HandoffFork", "supervised_members": "With AutoFork",
          "notify_members": "With SystemdNotify", "watchdog_members": "With Watchdog",
          "socket_members": "With ListenSockets", "upgrade_members": "With Upgrade",
          "members": "With Landlock"}


# ---- what Doxygen has read ----

def text_of(node):
    return " ".join("".join(node.itertext()).split()) if node is not None else ""


class Name:
    """A compound or a member: its words and where it is."""

    def __init__(self, node):
        self.node, self.kind = node, node.get("kind")
        self.full = text_of(node.find("compoundname")) or text_of(
            node.find("qualifiedname")) or text_of(node.find("name"))
        self.name = text_of(node.find("name")) or re.sub(r".*::(?=[^<>]*(<|$))", "", self.full)
        place = node.find("location")
        self.file, self.line = (place.get("file"), int(place.get("line") or 0)) if place is not None else ("", 0)
        self.members = [Name(m) for section in node.findall("sectiondef") for m in section
                        if m.tag == "memberdef"]
        self.members.sort(key=lambda member: member.line)

    def is_public(self):
        places = pathlib.PurePath(self.file).parts + tuple(re.sub("<.*", "", self.full).split("::"))
        return "detail" not in places and "std" not in places and "<anonymous>" not in places

    def is_documented(self):
        return any(text_of(self.node.find(tag)) for tag in ("briefdescription", "detaileddescription"))

    def arguments(self):
        return text_of(self.node.find("argsstring"))

    def refuses(self):
        """A function that is there only to say what to write instead of its call."""
        place = self.node.find("location")
        begin, end = (int(place.get(key) or 0) for key in ("bodystart", "bodyend"))
        if end < begin or begin < 1:
            return False
        lines = (HEADERS / self.file).read_text().splitlines()[begin - 1:end]
        return re.search("(given_as_value|is_accepted)<", "".join(lines)) is not None

    def is_ordinary(self):
        """A member that every class or iterator has, and that does what it does there."""
        return (self.arguments().endswith(("=default", "=delete")) or self.name.startswith("~")
                or re.fullmatch(r"operator(\*|->|\+\+|==|=)", self.name) is not None)

    def declaration(self):
        node, lines = self.node, []
        parameters = node.find("templateparamlist")
        if parameters is not None:
            lines.append("template <%s>" % ", ".join(
                " ".join(filter(None, (text_of(p.find("type")), text_of(p.find("declname"))))) +
                (" = " + text_of(p.find("defval")) if p.find("defval") is not None else "")
                for p in parameters))
        if self.kind in ("struct", "class"):
            lines.append("%s %s" % (self.kind, self.name))
        elif self.kind == "concept":
            return re.sub(r" ?daemonizer::|\s*\n", lambda m: " " if "::" in m.group() else "\n",
                          "".join(node.find("initializer").itertext()).strip())
        elif self.kind == "enum":
            lines.append("enum%s %s" % (" class" if node.get("strong") == "yes" else "", self.name))
        elif self.kind == "define":
            return "#define " + self.name
        elif self.kind == "typedef":
            lines.append("using %s = %s" % (self.name, text_of(node.find("type"))))
        else:
            static = "static " if node.get("static") == "yes" and "::" in self.full[12:] else ""
            lines.append(static + " ".join(filter(None, (text_of(node.find("type")), self.name))) +
                         self.arguments() + (" " + text_of(node.find("initializer"))
                                             if self.kind == "variable" else ""))
        return "\n".join(tidy(line) for line in lines if line)


def tidy(code):
    code = re.sub(r"<\s+", "<", re.sub(r"\s+>", ">", code))
    return re.sub(r"\s*([&*])\s*(?=\w)", r"\1 ", code).replace("&& ", "&&").replace("( ", "(").strip()


def load(directory):
    compounds, members = {}, []
    for path in sorted(pathlib.Path(directory).glob("*.xml")):
        # Doxygen 1.9.4 leaves the quotes of a specialisation's "" as they are in an attribute.
        text = re.sub(r'(?<=_3)""|(?<=_01)""', "", path.read_text())
        for node in ElementTree.fromstring(text).findall("compounddef"):
            if node.get("kind") in ("struct", "class", "union", "concept", "namespace", "file"):
                compounds[node.get("id")] = Name(node)
    for compound in compounds.values():
        if compound.kind == "namespace":
            members += compound.members
        elif compound.kind == "file":
            members += [m for m in compound.members if m.name.startswith("DAEMONIZER_VERSION")]
    return compounds, members


def bases(compound):
    return [text_of(base) for base in compound.node.findall("basecompoundref")]


def is_part_of_policy(compound):
    """A step, or a policy's state, with all that they have."""
    return (any(re.search(r"\b(undoable_)?step<", base.replace(" ", "")) for base in bases(compound))
            or re.search(r"::state(::|$)", compound.full) is not None)


def public_compounds(compounds):
    return [c for c in compounds.values() if c.kind not in ("namespace", "file") and c.is_public()
            and not is_part_of_policy(c) and c.node.get("prot") != "private"]


def public_members(compound):
    return [m for m in compound.members if m.node.get("prot") == "public" and m.name not in VOCABULARY
            and not m.is_ordinary() and m.kind != "friend" and not (m.kind == "function" and m.refuses())]


def is_constructor(member):
    """A deduction guide, too: what either is for stands at the class."""
    scope, _, name = member.full.rpartition("::")
    return re.sub("<.*", "", scope).endswith("::" + name) or "->" + name in re.sub(
        r"\s", "", member.arguments())


# ---- the check ----

def undocumented(compounds, members):
    scopes = [(c, public_members(c)) for c in public_compounds(compounds)]
    scopes.append((None, [m for m in members if m.is_public() and not m.is_ordinary()]))
    daemon = [m for c in compounds.values() if is_daemon(c) for m in public_members(c)]
    scopes += [(None, public_members(part)) for part in parts_of_host(compounds)]
    said = {m.name for m in daemon if m.is_documented()}  # one policy may hide another's member
    scopes.append((None, [m for m in daemon if m.name not in said]))
    for scope, inside in scopes:
        if scope and not scope.is_documented() and "::slots::" not in scope.full:
            yield scope
        known = {m.full for m in inside if m.is_documented()}  # overloads share a comment
        for member in inside:
            if member.full not in known and not is_constructor(member):
                yield member
            for value in member.node.findall("enumvalue"):
                if not text_of(value.find("detaileddescription")) and not text_of(
                        value.find("briefdescription")):
                    value_name = Name(value)
                    value_name.file, value_name.line = member.file, member.line
                    value_name.full = member.full + "::" + value_name.name
                    yield value_name


def lacking(compounds):
    """Policies with steps whose comment does not say how they fail, or on what it is founded."""
    for policy in public_compounds(compounds):
        text = description(policy)
        if "<" not in policy.name and step_names(policy, compounds):
            if not re.search("[Ff]ail", text):
                yield policy, "does not say how it fails (step, errno), or that it cannot"
            if not re.search(r"\(\d\)|Source", text):
                yield policy, "names no manual page and no standard"


def check(directory):
    compounds, members = load(directory)
    found = sorted({"include/%s:%d: %s has no comment" % (n.file, n.line, n.full)
                    for n in undocumented(compounds, members)} |
                   {"include/%s:%d: %s %s" % (n.file, n.line, n.full, what) for n, what in lacking(compounds)})
    count = len(public_compounds(compounds)) + sum(m.is_public() for m in members)
    print("\n".join(found) if found else "%d public names and their members have comments" % count)
    if count < 150:
        sys.exit("reference.py: Doxygen has found %d names only" % count)
    sys.exit(1 if found else 0)


# ---- the pages ----

def escaped(text):
    return re.sub(r"[\\`*\[\]<>|#]|\b_|_\b", r"\\\g<0>", text or "")


def markdown(node):
    """What stands in a comment, without the links that Doxygen makes of words."""
    parts = [escaped(node.text)]
    for child in node:
        inside = text_of(child)
        if child.tag == "computeroutput":
            parts.append("`%s`" % tidy(inside))
        elif child.tag in ("verbatim", "preformatted"):
            parts.append("\n\n```cpp\n%s\n```\n\n" % "".join(child.itertext()).strip("\n"))
        elif child.tag == "programlisting":
            lines = ["".join(line.itertext()) for line in child.findall("codeline")]
            parts.append("\n\n```cpp\n%s\n```\n\n" % "\n".join(lines))
        elif child.tag == "itemizedlist":
            parts.append("\n\n%s\n\n" % "\n".join("- " + markdown(item).strip() for item in child))
        elif child.tag == "sp":
            parts.append(" ")
        else:
            parts.append(markdown(child))
        parts.append(escaped(child.tail))
    joined = "".join(parts)
    return joined + "\n\n" if node.tag == "para" else joined


def description(name):
    return "".join(markdown(name.node.find(tag)) for tag in ("briefdescription", "detaileddescription")
                   if name.node.find(tag) is not None).strip()


def code(text):
    return "```cpp\n%s\n```\n" % text


def with_bases(compound, compounds):
    """A policy's slot and steps may be those of a base."""
    members, seen = list(compound.members), {m.name for m in compound.members}
    for base in compound.node.findall("basecompoundref"):
        if base.get("refid") in compounds:
            for member in with_bases(compounds[base.get("refid")], compounds):
                if member.name not in seen:
                    members.append(member)
    return members


def step_names(compound, compounds):
    """The words that a line of an error has for this policy's steps."""
    found = []
    for member in with_bases(compound, compounds):
        for reference in member.node.iter("ref") if member.name == "steps" else ():
            step = compounds.get(reference.get("refid"))
            for inside in step.members if step else ():
                text = text_of(inside.node.find("initializer")).lstrip("= ")
                if inside.name == "name" and text.startswith('"') and text.strip('"') not in found:
                    found.append(text.strip('"'))
    return found


def about_policy(compound, compounds):
    slots = [text_of(m.node.find("type")) for m in with_bases(compound, compounds) if m.name == "slot"]
    if not slots:
        return ""
    words = "Slot: `%s`." % slots[0].replace("slots::", "")
    steps = step_names(compound, compounds)
    return words + (" Its steps in an error: %s." % ", ".join("`%s`" % s for s in steps) if steps else "")


def member_text(member):
    lines = [code(member.declaration()), description(member), ""]
    for value in member.node.findall("enumvalue"):
        about = Name(value)
        lines.append("- `%s`: %s" % (about.name, description(about)))
    return "\n".join(lines).strip() + "\n"


def section(compound, compounds, level):
    name = re.sub(" *<.*", " (another form)", compound.name)
    lines = ["%s %s { #%s }" % ("#" * level, escaped(name), anchor(compound)), "",
             code(compound.declaration()), description(compound), "", about_policy(compound, compounds), ""]
    inside = [m for m in public_members(compound)]
    if inside:
        lines += ["<div class=\"members\" markdown>", ""] + [member_text(m) for m in inside] + ["</div>", ""]
    return "\n".join(lines)


def anchor(name):
    return re.sub(r"[^A-Za-z0-9_]+", "-", name.full.replace("daemonizer::", "")).strip("-")


def wing_of(file):
    parts = pathlib.PurePath(file).parts
    return parts[1] if len(parts) > 2 else "program"


def header_anchor(file):
    return pathlib.PurePath(file).name.replace(".", "")


def purpose(root, file):
    with open(root / "include" / file) as lines:
        comment = []
        for line in list(lines)[1:]:
            if not line.startswith("// "):
                break
            comment.append(line[3:].strip())
    return " ".join(comment)


def is_daemon(compound):
    owner = compound.full.split("::")
    return compound.kind in ("struct", "class") and compound.name in DAEMON and (
        "detail" in owner or compound.full == "daemonizer::Landlock::members")


def parts_of_host(compounds):
    """PosixHost is made of them, and a host of one's own hides their members."""
    host = [c for c in compounds.values() if c.full == "daemonizer::PosixHost"]
    return [compounds[base.get("refid")] for base in host[0].node.findall("basecompoundref")]


def daemon_page(compounds):
    lines = ["# Members of the daemon", "",
             "What the body is handed as `daemon`, and `start()` as a handle. None of them is",
             "async-signal-safe, and none is for several threads at once. Which there are depends on the",
             "composition: a missing one is a compile-time error of one line.", ""]
    for name, title in DAEMON.items():
        for compound in compounds.values():
            if compound.name == name and is_daemon(compound):
                lines += ["## %s { #%s }" % (title, name), "", description(compound), ""]
                lines += [member_text(m) for m in public_members(compound) if m.is_documented()]
    return "\n".join(lines)


def wing_page(root, wing, names, compounds):
    lines = ["# " + WINGS[wing], ""]
    for file in sorted({n.file for n in names}):
        lines += ["## %s { #%s }" % (pathlib.PurePath(file).name, header_anchor(file)), "",
                  escaped(purpose(root, file)), "", code("#include <%s>" % file)]
        inside = sorted((n for n in names if n.file == file), key=lambda n: n.line)
        for name in inside:
            if name.node.tag == "compounddef":
                if name.kind != "concept" and name.full.count("::") > 1 and any(
                        n is not name and name.full.startswith(n.full + "::") for n in inside):
                    lines.append(section(name, compounds, 4))
                else:
                    lines.append(section(name, compounds, 3))
        for part in parts_of_host(compounds) if file.endswith("/posix_host.hpp") else ():
            lines += ["### %s { #%s }" % (escaped(part.name), anchor(part)), "", description(part), ""]
            lines += ["<div class=\"members\" markdown>", ""] + [
                member_text(m) for m in public_members(part)] + ["</div>", ""]
        free = [n for n in inside if n.node.tag == "memberdef"]
        for known in dict.fromkeys(n.full for n in free):
            same = [n for n in free if n.full == known]
            lines += ["### %s { #%s }" % (escaped(same[0].name), anchor(same[0])), ""]
            lines += [member_text(n) for n in same]
    return "\n".join(lines)


def slots_table(compounds):
    rows = {}
    for compound in public_compounds(compounds):
        for member in with_bases(compound, compounds) if "<" not in compound.name else ():
            if member.name == "slot":
                slot = text_of(member.node.find("type")).replace("slots::", "")
                link = "[%s](%s.md#%s)" % (escaped(compound.name), wing_of(compound.file), anchor(compound))
                rows.setdefault(slot, []).append(link)
    return "| slot | policies |\n|---|---|\n" + "\n".join(
        "| `%s` | %s |" % (slot, ", ".join(dict.fromkeys(links))) for slot, links in sorted(rows.items()))


def pages(directory, to):
    compounds, members = load(directory)
    root = pathlib.Path(__file__).resolve().parents[2]
    to = pathlib.Path(to)
    to.mkdir(parents=True, exist_ok=True)
    names = public_compounds(compounds) + [m for m in members if m.is_public() and not m.is_ordinary()
                                           and not is_constructor(m)]
    for wing in WINGS:
        mine = [n for n in names if wing_of(n.file) == wing]
        (to / (wing + ".md")).write_text(wing_page(root, wing, mine, compounds))
    (to / "daemon.md").write_text(daemon_page(compounds))
    (to / "index.md").write_text(INDEX % ("\n".join(
        "- [%s](%s.md)" % (title, wing) for wing, title in WINGS.items()), slots_table(compounds)))


INDEX = """# Reference

Every public name of the headers, from the comments that stand there. All of it is in the namespace
`daemonizer`; a program includes `<daemonizer/daemonizer.hpp>`, and, where it wants them,
`<daemonizer/control.hpp>`, `<daemonizer/command_line.hpp>` and `<daemonizer/service/service_paths.hpp>`.

- [Members of the daemon](daemon.md)
%s

## Policies by slot

%s

## What all policies have { #vocabulary }

These names are in every policy, step or slot, mean the same in all of them, and are described here only.
[Writing a policy](../writing_a_policy.md) shows them at work.

| of a policy | |
|---|---|
| `slot` | what it fills: one of `daemonizer::slots`, or one of its own |
| `steps` | what a start gets from it, in a `step_list` |
| `state` | what its steps acquire; made without arguments, and moved. `each_descriptor(keep)` names the descriptors that are to stay open, `each_text(keep)` the text that an `undo` in the launcher reads |
| `check<Core>()` | refuses at compile time what the policy does not accept |
| `members<Base>` | what it adds to `daemon` |
| `on(event, host, policy, state)` | is told of ready, status, reloading, stopping, failed and launched |
| `write_line(host, policy, state, priority, text)` | takes the daemon's lines; `priority` as in syslog(3) |
| `in_foreground()` | what stands in its place under the verb `run` |
| `unit_lines(unit)` | its lines of the verb `unit` |
| `stays(state)`, `stay(start)` | of a fork policy that decides in the launcher whether it forks |
| `adopt(start, policy, fd)` | takes over what an older program in the same process has left open |
| `detaches`, `replaces`, `keeps`, `collects(signal)` | of fork, stdio and signal policies: see their concepts |
| `at_run_time`, `is_absolute`, `text_is_whole` | of a policy with text: in which of its two forms it is, and what is known of the text |
| a constructor from text | copies no characters: they stay the caller's, for as long as the `Daemonizer` and the daemon live |

| of a step | |
|---|---|
| `name` | the word that stands in an error: `PROGRAM: NAME: WHAT: REASON` |
| `at` | its phase |
| `needs`, `gives` | what an earlier step must have given, what later ones may need |
| `run(start, policy)` | does the work: true, or `start.fail(WHAT, errno)`, whose errno and step the launcher gets |
| `undoes`, `undo(host, policy, state)` | gives back what was acquired; never throws |
| `ends_with_process` | nothing of what it has acquired outlives the process, so that a signal may end a start without a fork |
| `drop_launcher_copy(host, policy, state)` | closes what the launcher still holds of it |

| of a slot | |
|---|---|
| `name` | how it is called in an error of the compiler |
| `after` | slots that come before it |
"""


if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[1] == "--check":
        check(sys.argv[2])
    elif len(sys.argv) == 3:
        pages(*sys.argv[1:])
    else:
        sys.exit(__doc__)
