#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Puts the site's pages together: README.md, docs/**.md and what they link to, for mkdocs.

usage: pages.py DIRECTORY

Writes DIRECTORY/pages and DIRECTORY/mkdocs.yml. On the web a link to a file of this repository shows
the file; here it leads to a page that shows it, a link to a header to its part of the reference. A
link to what is not there is an error."""
import json
import os
import pathlib
import re
import shutil
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Pages in the order in which somebody new reads; those that are not here yet are passed over.
ORDER = [
    ("Start here", ["README.md", "docs/which.md", "docs/start.md", "docs/forks.md", "docs/errors.md", "docs/faq.md",
                    "docs/daemonize.md"]),
    ("Guides", ["docs/signals.md", "docs/pid_files.md", "docs/descriptors.md", "docs/homes.md",
                "docs/identity.md", "docs/confinement.md", "docs/upgrade.md", "docs/handoff.md",
                "docs/embedding.md", "docs/portability.md", "docs/packages.md",
                "docs/writing_a_policy.md"]),
    ("Coming from", ["docs/coming_from.md", "docs/coming_from"]),
    ("How it works", ["docs/architecture.md", "docs/proof.md", "docs/peers.md", "docs/performance.md",
                      "bench/results/README.md"]),
    ("Manual", ["docs/man"]),
    ("Project", ["CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "CODE_OF_CONDUCT.md"]),
]
TOKENS = re.compile(r"""
    ^[ ]*(?P<fence>`{3,}) .*? \n[ ]*(?P=fence)[ ]*$ |  # a block of code between fences
    (?<=\n\n) (?: [ ]{4} [^\n]* \n+ )+ |               # one that is indented
    (?P<ticks>`+) (?: (?!\n\n) . )+? (?<!`) (?P=ticks) (?!`) |  # code in a line, or over its end
    (?P<before> \]\( | <(?:img|a)\ [^>]*?(?:src|href)=") (?P<link> [^)"\s]+ ) (?P<after> [)"] )
    """, re.DOTALL | re.MULTILINE | re.VERBOSE)
PICTURES = {".svg", ".png", ".gif"}
LANGUAGES = {".cpp": "cpp", ".hpp": "cpp", ".c": "c", ".h": "c", ".py": "python", ".yml": "yaml",
             ".yaml": "yaml", ".json": "json", ".service": "ini", ".socket": "ini", ".conf": "ini",
             ".pml": "c", ".sh": "bash"}


def die(text):
    sys.exit("pages.py: " + text)


def page_of(path):
    """Where on the site the page of this file of the repository is."""
    name = str(path.relative_to(ROOT))
    if name == "README.md":
        return "index.md"
    if name.startswith("docs/") and path.suffix == ".md":
        return name[len("docs/"):]
    if path.suffix in PICTURES:
        return name[len("docs/"):] if name.startswith("docs/") else name
    if path.suffix == ".md":
        return name.lower().replace("/readme.md", "/index.md")
    if name.startswith("include/daemonizer/") and path.suffix == ".hpp":
        parts = name.split("/")
        wing = parts[2] if len(parts) > 3 else "program"
        return "reference/%s.md" % wing
    return "files/%s.md" % name.replace("/", "_")


class Site:
    def __init__(self, to):
        self.to, self.done, self.queue = to, set(), []

    def add(self, path):
        if path not in self.done:
            self.done.add(path)
            self.queue.append(path)
        return page_of(path)

    def linked(self, page, target, link):
        """The same link, from where the page is on the site."""
        if re.match(r"[a-z]+:|#", link):
            return link
        file, _, anchor = link.partition("#")
        path = (page.parent / file).resolve()
        if not path.exists() or ROOT not in path.parents:
            die("%s links to %s, which is not there" % (page.relative_to(ROOT), link))
        if path.is_dir():
            readme = path / "README.md"
            path = readme if readme.exists() else path
        if path.suffix == ".hpp" and (ROOT / "include") in path.parents and not anchor:
            anchor = path.name.replace(".", "")
            new = page_of(path)
        else:
            new = self.add(path)
        return os.path.relpath(new, os.path.dirname(target) or ".") + ("#" + anchor if anchor else "")

    def write(self, target, text):
        place = self.to / target
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)

    def text(self, page, target):
        """The page with its links changed, but for those that only look so, in code."""
        def changed(match):
            before, link, after = match.group("before", "link", "after")
            return before + self.linked(page, target, link) + after if link else match.group()
        text = TOKENS.sub(changed, page.read_text())
        if is_manual(page):  # its headings are parts of a page here
            text = "# %s\n\n" % title_of(page) + re.sub("^# (?=[A-Z -]+$)", "## ", text.split("---\n", 2)[2], flags=re.M)
        return text

    def listing(self, path):
        """A page that shows a file, or all files of a directory."""
        name = path.relative_to(ROOT)
        files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())
        lines = ["# %s" % str(name), ""]
        for file in files:
            if len(files) > 1:
                lines += ["## %s" % str(file.relative_to(path)), ""]
            text = file.read_text()
            if len(text) > 200000:
                lines += ["This file has %d kB. It is in the repository, at the path that the heading names; a page "
                          "with all of it would be too long to read." % (len(text) // 1000), ""]
                continue
            lines += ["````" + LANGUAGES.get(file.suffix, "text"), text.rstrip("\n"), "````", ""]
        return "\n".join(lines)

    def make(self):
        while self.queue:
            path = self.queue.pop()
            target = page_of(path)
            if path.suffix in PICTURES:
                (self.to / target).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, self.to / target)
            elif path.suffix == ".md":
                self.write(target, self.text(path, target))
            else:
                self.write(target, self.listing(path))


def is_manual(path):
    return path.parent.name == "man"


def title_of(path):
    """The first heading, without the `code` in it that a menu does not show."""
    if is_manual(path):  # NAME.SECTION.md
        return re.sub(r"(.*)\.(.*)", r"\1(\2)", path.stem)
    for line in path.read_text().split("\n"):
        if line.startswith("# "):
            return line[2:].replace("`", "").strip()
    return path.stem


def files_of(name):
    path = ROOT / name
    return sorted(path.rglob("*.md")) if path.is_dir() else [path] if path.exists() else []


def navigation(site):
    menu, listed = [], set()
    pages = [(section, [p for name in names for p in files_of(name)]) for section, names in ORDER]
    for _, paths in pages:
        listed.update(paths)
    more = [p for p in sorted((ROOT / "docs").rglob("*.md")) if p not in listed]
    pages[1][1].extend(more)  # a page that came later
    for section, paths in pages:
        entries = [{"Overview" if p.name == "README.md" and p.parent == ROOT else title_of(p): site.add(p)}
                   for p in paths]
        if entries:
            menu.append({section: entries})
    wings = sorted(p.stem for p in (site.to / "reference").glob("*.md") if p.stem not in ("index", "daemon"))
    if wings:
        menu.insert(-1, {"Reference": [{"Overview": "reference/index.md"},
                                       {"Members of the daemon": "reference/daemon.md"}] +
                         [{wing.replace("_", " "): "reference/%s.md" % wing} for wing in wings]})
    return menu


def main(directory):
    directory = pathlib.Path(directory).resolve()
    site = Site(directory / "pages")
    menu = navigation(site)
    site.make()
    shutil.copyfile(ROOT / "docs/site/site.css", site.to / "site.css")
    base = os.path.relpath(ROOT / "docs/site/mkdocs.yml", directory)
    settings = {"INHERIT": base, "docs_dir": "pages", "site_dir": "html", "nav": menu}
    (directory / "mkdocs.yml").write_text(json.dumps(settings, indent=1) + "\n")  # JSON is YAML


if __name__ == "__main__":
    if len(sys.argv) != 2:
        die(__doc__)
    main(sys.argv[1])
