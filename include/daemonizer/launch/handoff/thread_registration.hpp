// SPDX-License-Identifier: BSL-1.0
// Takes from the kernel what it keeps of a thread by address, and gives it back.
#ifndef DAEMONIZER_LAUNCH_HANDOFF_THREAD_REGISTRATION_HPP
#define DAEMONIZER_LAUNCH_HANDOFF_THREAD_REGISTRATION_HPP

#include <daemonizer/launch/handoff/rseq.hpp>
#include <daemonizer/launch/handoff/stack_switch.hpp>
#include <daemonizer/system/abi.hpp>

#if DAEMONIZER_CAN_HAND_OVER
#include <cstddef>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// 1 while a launcher that has handed its memory over is still there; the kernel sets it to 0 when
/// it exits (set_tid_address(2)).
inline int launcher_is_there = 0;

class [[gnu::visibility("hidden")]] ThreadRegistration;

/// The addresses in a thread's memory that the kernel keeps of it. Two processes on one memory must
/// not have the same: the launcher unregisters it, and the daemon registers it again.
class ThreadRegistration {
public:
    /// Returns whether libc and kernel agree on these addresses; changes nothing. On musl, and
    /// where the interface is missing (qemu-user), they do not.
    auto look() -> bool {
        return detail::raw_call(SYS_prctl, PR_GET_TID_ADDRESS, of(&id_)) == 0 && id_ != nullptr &&
               *id_ == detail::raw_call(SYS_gettid) &&
               detail::raw_call(SYS_get_robust_list, 0, of(&robust_list_), of(&size_)) == 0 &&
               detail::raw_call(SYS_sigaltstack, 0, of(&signal_stack_)) == 0;
    }

    /// Unregisters them, in the launcher, with signals blocked. Returns false where the kernel
    /// refuses; then all is as before.
    auto unregister() const -> bool {
        if (!RestartableSequences::unregister())
            return false;
        // What another process holds when this one exits is not abandoned.
        if (detail::raw_call(SYS_set_robust_list, 0, static_cast<long>(size_)) == 0) {
            launcher_is_there = 1;
            if (detail::raw_call(SYS_set_tid_address, of(&launcher_is_there)) > 0)
                return true;
            launcher_is_there = 0;
            detail::raw_call(SYS_set_robust_list, of(robust_list_), static_cast<long>(size_));
        }
        RestartableSequences::register_again();
        return false;
    }

    /// Registers them again, in the daemon, whose id the kernel has written already. Returns 0 or a
    /// negative errno.
    auto register_again() const -> int {
        RestartableSequences::register_again();
        if ((signal_stack_.ss_flags & SS_DISABLE) == 0)
            if (const long error = detail::raw_call(SYS_sigaltstack, of(&signal_stack_), 0);
                error < 0)
                return static_cast<int>(error);
        return static_cast<int>(
            detail::raw_call(SYS_set_robust_list, of(robust_list_), static_cast<long>(size_)));
    }

    /// Where libc looks for the thread's id.
    auto id() const -> int* { return id_; }

private:
    static auto of(const void* address) -> long { return reinterpret_cast<long>(address); }

    int* id_ = nullptr;
    void* robust_list_ = nullptr;
    std::size_t size_ = 0;
    stack_t signal_stack_{};
};

} // namespace daemonizer::detail
#endif

#endif
