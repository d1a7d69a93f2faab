// SPDX-License-Identifier: BSL-1.0
// All that the author of a policy includes.
#ifndef DAEMONIZER_POLICY_HPP
#define DAEMONIZER_POLICY_HPP

#if __cplusplus < 202002L
#error "daemonizer needs C++20: compile with -std=c++20"
#else

// clang-format off
#include <daemonizer/system/toolchain/macros_off.hpp>
// clang-format on

#include <daemonizer/compose/event.hpp>
#include <daemonizer/compose/failure.hpp>
#include <daemonizer/compose/phase.hpp>
#include <daemonizer/compose/policy.hpp>
#include <daemonizer/compose/side.hpp>
#include <daemonizer/compose/step.hpp>
#include <daemonizer/compose/text.hpp>
#include <daemonizer/system/version.hpp>

#include <daemonizer/system/toolchain/macros_on.hpp>

#endif // C++20

#endif
