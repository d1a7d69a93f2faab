// SPDX-License-Identifier: BSL-1.0
// Refuses to fork a process of several threads, of which the daemon would lack all but one.
#ifndef DAEMONIZER_LAUNCH_SINGLE_THREADED_HPP
#define DAEMONIZER_LAUNCH_SINGLE_THREADED_HPP

#include <daemonizer/compose/step.hpp>
#include <daemonizer/system/abi.hpp>

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// Refuses to fork a process with more than one thread: the others would vanish, with the locks
/// that they hold. Runs in the launcher, whose user sees the refusal, before anything has happened.
struct SingleThreaded : step<phase::check> {
    static constexpr const char* name = "threads";

    static auto run(const auto& start, const auto&) -> bool {
        return refuse_others(start, "more than one thread is running; the others would vanish");
    }

    /// Returns true if this thread is the only one. Otherwise the step fails, with `why`.
    static auto refuse_others(const auto& start, const char* why) -> bool {
        constexpr int attempts = 20; // a thread that was joined lingers for a moment
        for (int i = 0; i != attempts; ++i) {
            const auto& host = start.host();
            if (host.never_had_threads() || count(host) <= 1 + of_the_runtime)
                return true;
            if (!start.pause(1'000'000))
                return start.fail("start", EINTR);
        }
        return start.fail("start", why);
    }

private:
    /// The thread sanitizer has one of its own, and starts it anew after a fork.
#if defined(__SANITIZE_THREAD__)
    static constexpr long of_the_runtime = 1;
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
    static constexpr long of_the_runtime = 1;
#else
    static constexpr long of_the_runtime = 0;
#endif
#else
    static constexpr long of_the_runtime = 0;
#endif

    /// proc(5): the links of /proc/self/task are "." and ".." and one a thread. Without /proc the
    /// kernel is asked in a way that changes nothing; where it may not be asked (EPERM), go on.
    template <class Host>
    static auto count(Host host) -> long {
        struct stat tasks;
        if (host.status(AT_FDCWD, "/proc/self/task", tasks) >= 0 && tasks.st_nlink > 2)
            return static_cast<long>(tasks.st_nlink) - 2;
        return host.unshare_threads() == -EINVAL ? 2 : 1;
    }
};

} // namespace daemonizer::detail

#endif
