# SPDX-License-Identifier: BSL-1.0
"""A recipe for Conan 2 of this source tree: conan create packaging/conan"""

import os
import re

from conan import ConanFile
from conan.errors import ConanInvalidConfiguration
from conan.tools.build import check_min_cppstd
from conan.tools.files import copy, load, save
from conan.tools.layout import basic_layout

VERSION = os.path.join("include", "daemonizer", "system", "version.hpp")


class DaemonizerConan(ConanFile):
    name = "daemonizer"
    description = "Unix daemons composed of policies, header-only"
    license = "BSL-1.0"
    topics = ("daemon", "unix", "service", "header-only")
    package_type = "header-library"
    settings = "os", "arch", "compiler", "build_type"
    no_copy_source = True

    def set_version(self):
        text = load(self, os.path.join(self.recipe_folder, "..", "..", VERSION))
        self.version = re.search(r'VERSION_STRING "(.+)"', text).group(1)

    def export_sources(self):
        tree = os.path.join(self.recipe_folder, "..", "..")
        copy(self, "*.hpp", os.path.join(tree, "include"),
             os.path.join(self.export_sources_folder, "include"))
        save(self, os.path.join(self.export_sources_folder, "LICENSE"),
             load(self, os.path.join(tree, "LICENSE")))

    def requirements(self):
        self.requires("boost/[>=1.74]", options={"header_only": True})

    def layout(self):
        basic_layout(self)

    def package_id(self):
        self.info.clear()

    def validate(self):
        if self.settings.os != "Linux":
            raise ConanInvalidConfiguration("daemonizer needs Linux")
        check_min_cppstd(self, 20)

    def package(self):
        copy(self, "LICENSE", self.source_folder, os.path.join(self.package_folder, "licenses"))
        copy(self, "*.hpp", os.path.join(self.source_folder, "include"),
             os.path.join(self.package_folder, "include"))

    def package_info(self):
        self.cpp_info.bindirs = []
        self.cpp_info.libdirs = []
        self.cpp_info.requires = ["boost::headers"]
        self.cpp_info.set_property("cmake_file_name", "daemonizer")
        self.cpp_info.set_property("cmake_target_name", "daemonizer::daemonizer")
        self.cpp_info.set_property("pkg_config_name", "daemonizer")
