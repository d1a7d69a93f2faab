#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""usage: conan.py DAEMONIZER VERSION WORK

Runs the steps of packaging/conan/conanfile.py as Conan 2 would. What it imports of Conan is stood in
for, since Conan is no package of Debian: this shows that the recipe takes the right files and names
the right things, not that a Conan of tomorrow takes the recipe.
"""

import glob
import os
import shutil
import sys
import types

sys.dont_write_bytecode = True
daemonizer, version, work = sys.argv[1:]
recipe_folder = os.path.join(daemonizer, "packaging", "conan")


class ConanFile:
    """What a recipe derives from."""


class ConanInvalidConfiguration(Exception):
    """A package cannot be made for these settings."""


def copy(_, pattern, source, destination):
    """Copies what fits the pattern, of which `*` is any number of characters, with its folders."""
    files = [name for name in glob.glob("**", root_dir=source, recursive=True)
             if os.path.isfile(os.path.join(source, name)) and fits(name, pattern)]
    for name in files:
        os.makedirs(os.path.dirname(os.path.join(destination, name)), exist_ok=True)
        shutil.copy(os.path.join(source, name), os.path.join(destination, name))


def fits(name, pattern):
    head, star, tail = pattern.partition("*")
    return name.startswith(head) and name.endswith(tail) if star else name == pattern


def load(_, path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def save(_, path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def check_min_cppstd(recipe, least):
    if recipe.settings.cppstd < least:
        raise ConanInvalidConfiguration("an older C++")


def stand_in(name, **members):
    module = types.ModuleType(name)
    module.__dict__.update(members)
    sys.modules[name] = module


stand_in("conan", ConanFile=ConanFile)
stand_in("conan.errors", ConanInvalidConfiguration=ConanInvalidConfiguration)
stand_in("conan.tools")
stand_in("conan.tools.build", check_min_cppstd=check_min_cppstd, can_run=None)
stand_in("conan.tools.files", copy=copy, load=load, save=save)
stand_in("conan.tools.layout", basic_layout=lambda recipe: None)
stand_in("conan.tools.cmake", CMake=None, cmake_layout=None)

for path in ("conanfile.py", "test_package/conanfile.py"):
    compile(load(None, os.path.join(recipe_folder, path)), path, "exec")
sys.path.insert(0, recipe_folder)
import conanfile  # noqa: E402

recipe = conanfile.DaemonizerConan()
shutil.rmtree(work, ignore_errors=True)
recipe.recipe_folder = recipe_folder
recipe.export_sources_folder = recipe.source_folder = os.path.join(work, "source")
recipe.package_folder = os.path.join(work, "package")
required = []
recipe.requires = lambda reference, options: required.append((reference, options))
recipe.cpp_info = types.SimpleNamespace(properties={})
recipe.cpp_info.set_property = recipe.cpp_info.properties.__setitem__

recipe.set_version()
assert recipe.version == version, f"the recipe has version {recipe.version}, not {version}"
recipe.export_sources()
recipe.requirements()
assert required[0][0].startswith("boost/") and required[0][1] == {"header_only": True}, required
for system, standard, is_valid in (("Linux", 20, True), ("Windows", 20, False), ("Linux", 17, False)):
    recipe.settings = types.SimpleNamespace(os=system, cppstd=standard)
    try:
        recipe.validate()
        assert is_valid, f"valid for {system} and C++{standard}"
    except ConanInvalidConfiguration as reason:
        assert not is_valid, reason
recipe.package()
recipe.package_info()


def headers_in(folder):
    return sorted(glob.glob("**/*.hpp", root_dir=os.path.join(folder, "include"), recursive=True))


assert headers_in(recipe.package_folder) == headers_in(daemonizer) != []
assert os.path.exists(os.path.join(recipe.package_folder, "licenses", "LICENSE"))
assert recipe.cpp_info.properties["cmake_target_name"] == "daemonizer::daemonizer"
assert recipe.cpp_info.bindirs == recipe.cpp_info.libdirs == []
print("the recipe does its steps")
