// SPDX-License-Identifier: BSL-1.0
// Refuses to drop rights in a process that has several threads.
#ifndef DAEMONIZER_IDENTITY_DETAIL_ONE_THREAD_DROPS_HPP
#define DAEMONIZER_IDENTITY_DETAIL_ONE_THREAD_DROPS_HPP

#include <daemonizer/compose/policy.hpp>
#include <daemonizer/launch/single_threaded.hpp>
#include <daemonizer/system/abi.hpp>

#include <type_traits>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// Refuses to go on with several threads. The kernel keeps ids, capabilities and no_new_privs for
/// each thread, so another thread would keep what this one gives up. A composition that forks was
/// checked before the fork, and its daemon has one thread.
struct OneThreadDrops : step<phase::check> {
    static constexpr const char* name = "threads";

    static auto run(const auto& start, const auto&) -> bool {
        return !start.core.stays() || // or the fork policy has refused them
               SingleThreaded::refuse_others(
                   start, "more than one thread is running; the others would keep their rights");
    }
};

} // namespace daemonizer::detail

#endif
