// SPDX-License-Identifier: BSL-1.0
// take_option() and take_flag(), for programs that include this name.
#ifndef DAEMONIZER_TAKE_OPTION_HPP
#define DAEMONIZER_TAKE_OPTION_HPP

#if __cplusplus < 202002L
#error "daemonizer needs C++20: compile with -std=c++20"
#else

// clang-format off
#include <daemonizer/system/toolchain/macros_off.hpp>
// clang-format on

#include <daemonizer/service/take_option.hpp>

#include <daemonizer/system/toolchain/macros_on.hpp>

#endif // C++20

#endif
