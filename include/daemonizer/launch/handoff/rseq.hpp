// SPDX-License-Identifier: BSL-1.0
// Finds where libc keeps the restartable sequences of this thread.
#ifndef DAEMONIZER_LAUNCH_HANDOFF_RSEQ_HPP
#define DAEMONIZER_LAUNCH_HANDOFF_RSEQ_HPP

#include <daemonizer/system/abi.hpp>
#include <daemonizer/system/raw_syscall.hpp>

#if DAEMONIZER_HAS_RAW_CALLS
#include <cerrno>
#include <cstddef>
#include <sys/syscall.h>

#if __has_include(<sys/rseq.h>)
#include <sys/rseq.h>
#endif

namespace daemonizer::inline DAEMONIZER_ABI::detail {

class [[gnu::visibility("hidden")]] RestartableSequences;

/// The place where the kernel writes on which processor a thread runs, which libc has registered
/// (glibc 2.35) for sched_getcpu(3) and for allocators. rseq(2), "The Linux Restartable Sequences
/// ABI" of glibc's manual.
class RestartableSequences {
public:
    /// Whether somebody else than libc has registered a place, which then may be anywhere.
    static auto are_of_others() -> bool { return place() == 0 && !nobody_has_registered(); }

    /// False where it cannot be told who has registered what; then nothing is changed.
    static auto unregister() -> bool {
        if (place() != 0)
            return call(place(), size(), unregistering) == 0;
        return nobody_has_registered();
    }

    /// Without it libc asks in another way, so nobody need be told of an error.
    static void register_again() {
        if (place() != 0)
            call(place(), size(), 0);
    }

private:
    static constexpr long unregistering = 1;

    /// Not libc; perhaps somebody else, who would not let us in.
    static auto nobody_has_registered() -> bool {
        alignas(32) char probe[32]{};
        const long answer = call(reinterpret_cast<long>(probe), sizeof probe, 0);
        return answer == -ENOSYS || (answer == 0 && call(reinterpret_cast<long>(probe),
                                                         sizeof probe, unregistering) == 0);
    }

    static auto call(long area, long size, long flags) -> long {
#if defined(SYS_rseq)
        return detail::raw_call(SYS_rseq, area, size, flags, signature);
#else
        static_cast<void>(area), static_cast<void>(size), static_cast<void>(flags);
        return -ENOSYS;
#endif
    }

#if defined(RSEQ_SIG)
    static constexpr long signature = RSEQ_SIG;

    static auto place() -> long { return __rseq_size == 0 ? 0 : thread_pointer() + __rseq_offset; }
    /// glibc 2.40 tells how much of it is used.
    static auto size() -> long { return (static_cast<long>(__rseq_size) + 31) / 32 * 32; }

    static auto thread_pointer() -> long {
#if defined(__x86_64__) // clang 14 has no builtin for it
        long pointer;
        asm("movq %%fs:0, %0" : "=r"(pointer));
        return pointer;
#else
        return reinterpret_cast<long>(__builtin_thread_pointer());
#endif
    }
#else
    static constexpr long signature = 0x53053053;

    static auto place() -> long { return 0; }
    static auto size() -> long { return 0; }
#endif
};

} // namespace daemonizer::detail
#endif

#endif
