// SPDX-License-Identifier: BSL-1.0
// The library's version, which CMakeLists.txt and the packages read from here.
#ifndef DAEMONIZER_SYSTEM_VERSION_HPP
#define DAEMONIZER_SYSTEM_VERSION_HPP

/// By semantic versioning (https://semver.org): a new major version may break programs, a new minor
/// version adds, a new patch version mends. Before 1.0 a new minor version may break programs, too.
#define DAEMONIZER_VERSION_MAJOR 0
/// See DAEMONIZER_VERSION_MAJOR.
#define DAEMONIZER_VERSION_MINOR 1
/// See DAEMONIZER_VERSION_MAJOR.
#define DAEMONIZER_VERSION_PATCH 0

/// To compare in `#if`: 10203 is version 1.2.3.
#define DAEMONIZER_VERSION                                                                         \
    (DAEMONIZER_VERSION_MAJOR * 10000 + DAEMONIZER_VERSION_MINOR * 100 + DAEMONIZER_VERSION_PATCH)

/// The same as text, "1.2.3".
#define DAEMONIZER_VERSION_STRING "0.1.0"

#endif
