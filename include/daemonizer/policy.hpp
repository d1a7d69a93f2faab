// SPDX-License-Identifier: BSL-1.0
// All that the author of a policy includes.
#ifndef DAEMONIZER_POLICY_HPP
#define DAEMONIZER_POLICY_HPP

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

#include <daemonizer/system/toolchain/macros_on.hpp>

#endif
