// SPDX-License-Identifier: BSL-1.0
// Keeps the daemon's memory out of swap.
#ifndef DAEMONIZER_PROCESS_LOCK_MEMORY_HPP
#define DAEMONIZER_PROCESS_LOCK_MEMORY_HPP

#include <daemonizer/compose/policy.hpp>
#include <daemonizer/system/abi.hpp>
#include <daemonizer/system/missing_right.hpp>

namespace daemonizer::inline DAEMONIZER_ABI {

/// Locks all memory of the daemon, what it has and what it will get: no page of it is swapped out.
/// Children do not inherit that. Beside RunAs compose `Limit<RLIMIT_MEMLOCK, RLIM_INFINITY>`:
/// memory that the daemon takes after the drop counts against that limit, and beyond it even the
/// stack cannot grow.
/// Fails as step "lock memory" with mlockall(2)'s errno.
struct LockMemory {
    /// Runs in the daemon, since a fork loses the lock; after the limits, and before the drop.
    struct Lock : step<phase::targets> {
        static constexpr const char* name = "lock memory";
        static auto run(const auto& start, const auto&) -> bool {
            const int error = start.host().lock_memory();
            // ENOMEM is what the kernel says where the limit alone allows some.
            return error >= 0 || detail::fail_lacking(start, "mlockall", error,
                                                      "CAP_IPC_LOCK or a higher RLIMIT_MEMLOCK");
        }
    };
    using slot = slots::lock_memory;
    using steps = step_list<Lock>;

    void unit_lines(auto& unit) const { unit.line("LimitMEMLOCK", "infinity"); }
};
static_assert(Policy<LockMemory>);

} // namespace daemonizer

#endif
