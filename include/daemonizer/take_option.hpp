// SPDX-License-Identifier: BSL-1.0
// take_option() and take_flag(), for programs that include this name.
#ifndef DAEMONIZER_TAKE_OPTION_HPP
#define DAEMONIZER_TAKE_OPTION_HPP

// clang-format off
#include <daemonizer/system/toolchain/macros_off.hpp>
// clang-format on

#include <daemonizer/service/take_option.hpp>

#include <daemonizer/system/toolchain/macros_on.hpp>

#endif
