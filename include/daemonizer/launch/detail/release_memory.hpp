// SPDX-License-Identifier: BSL-1.0
// How a launcher that only waits gives its memory back.
#ifndef DAEMONIZER_LAUNCH_DETAIL_RELEASE_MEMORY_HPP
#define DAEMONIZER_LAUNCH_DETAIL_RELEASE_MEMORY_HPP

#include <daemonizer/system/abi.hpp>
#include <daemonizer/system/raw_syscall.hpp>

#if DAEMONIZER_HAS_RAW_CALLS
#include <daemonizer/launch/detail/instrumented.hpp>
#include <daemonizer/launch/detail/own_mappings.hpp>
#include <daemonizer/launch/detail/shadow_stack.hpp>
#include <daemonizer/launch/handoff/rseq.hpp>
#include <daemonizer/system/error_text.hpp>
#include <daemonizer/system/toolchain/valgrind.hpp>

#include <cerrno>
#include <pthread.h>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// Whether all that still uses memory in this process is known: the launcher's own code, and
/// nothing that a compiler has added to it, a processor that keeps return addresses in memory of
/// its own, the kernel that writes a thread's processor somewhere, or a translation.
[[gnu::always_inline]] inline auto knows_who_uses_memory() -> bool {
    return !detail::is_instrumented() && !detail::is_under_valgrind() &&
           !detail::has_shadow_stack() && !RestartableSequences::are_of_others() &&
           detail::texts_are_constant();
}

/// Gives back the large pieces of memory that only the program has used, until `stop()`: as long as
/// a launcher keeps its copy, each page that the daemon writes must be copied. For a launcher that
/// never returns to the program, makes its calls without libc, and has all that it needs on its
/// stack; `leave_out_needed(mappings)` leaves out what else it reads. `least`: bytes that are worth
/// a call.
///
/// Gives back only what is known to be the program's data (PrivateMappings): it is private and
/// writable, belongs to no file, and does not follow an object's file as the uninitialised data
/// does. No loaded object reaches into it, and the dynamic linker has no list there. The stack and
/// the thread's own variables stay, and so does all memory where somebody unknown may use it.
template <class Host, class Stop, class LeaveOutNeeded>
[[gnu::noinline]] void release_memory(const Host& host, unsigned long least, Stop stop,
                                      LeaveOutNeeded leave_out_needed) {
    constexpr long worth_it = 16 << 10; // kilobytes
    constexpr unsigned long piece = 64UL << 20;
    if (host.peak_memory() < worth_it || !detail::knows_who_uses_memory())
        return;
    PrivateMappings mappings;
    if (!mappings.read(host, least))
        return;
    mappings.leave_out_all_around(&mappings); // the stack
    mappings.leave_out(&errno, sizeof errno, PrivateMappings::beside_thread);
    mappings.leave_out(reinterpret_cast<const void*>(::pthread_self()), 1,
                       PrivateMappings::beside_thread);
    leave_out_needed(mappings);
    if (!mappings.leave_out_what_is_linked())
        return;
    for (Mapping& memory : mappings) {
        while (memory.size() != 0) {
            if (stop())
                return;
            const unsigned long gone = memory.size() < piece ? memory.size() : piece;
            host.unmap(memory.from, gone);
            memory.from += gone;
        }
    }
}

} // namespace daemonizer::detail

#else

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// Declared for who never calls it: a launcher without a host of raw calls keeps its memory.
template <class Host, class Stop, class IsNeeded>
void release_memory(const Host& host, Stop stop, IsNeeded is_needed);

} // namespace daemonizer::detail

#endif

#endif
