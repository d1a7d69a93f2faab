// SPDX-License-Identifier: BSL-1.0
// Keeps libc's number of this thread whole while a child runs on the launcher's memory.
#ifndef DAEMONIZER_LAUNCH_DETAIL_THREAD_ID_WORD_HPP
#define DAEMONIZER_LAUNCH_DETAIL_THREAD_ID_WORD_HPP

#include <daemonizer/system/abi.hpp>

#include <sys/types.h>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// The word that the kernel sets to 0 when this thread exits, where others share its memory:
/// set_tid_address(2). It is the one in which libc keeps the thread's number.
///
/// If a launcher is killed while its intermediate runs on its memory, libc would know number 0 in
/// the intermediate. Since glibc 2.41 fork(3) takes a lock that goes by this number: it would leave
/// that lock wrong, and the daemon would wait for it for ever, with the pid file. So the kernel has
/// another word meanwhile. A forked child has libc's again, from fork(3).
template <bool LauncherReturns>
class ThreadIdWord {
public:
    /// Before vfork(2). A launcher that returns keeps libc's word where the kernel does not tell
    /// which that is. One that leaves has no use for it any more.
    template <class Host>
    void replace([[maybe_unused]] const Host& host, [[maybe_unused]] volatile pid_t& other) {
        if constexpr (requires { host.thread_id_word(of_libc_); }) {
            if constexpr (LauncherReturns)
                if (host.thread_id_word(of_libc_) < 0 || of_libc_ == nullptr)
                    return;
            host.set_thread_id_word(const_cast<pid_t*>(&other));
        }
    }
    /// In a launcher that returns: whoever joins this thread later waits for libc's word.
    template <class Host>
    void restore([[maybe_unused]] const Host& host) const {
        if constexpr (LauncherReturns && requires { host.set_thread_id_word(of_libc_); })
            if (of_libc_ != nullptr)
                host.set_thread_id_word(of_libc_);
    }

private:
    pid_t* of_libc_ = nullptr;
};

} // namespace daemonizer::detail

#endif
