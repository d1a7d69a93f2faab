// SPDX-License-Identifier: BSL-1.0
// How a launcher that waits learns of deaths and signals.
#ifndef DAEMONIZER_LAUNCH_DETAIL_SIGCHLD_WATCH_HPP
#define DAEMONIZER_LAUNCH_DETAIL_SIGCHLD_WATCH_HPP

#include <daemonizer/compose/start/start_context.hpp>
#include <daemonizer/compose/start/start_signals.hpp>
#include <daemonizer/system/abi.hpp>

#include <cerrno>
#include <ctime>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

class [[gnu::visibility("hidden")]] SigchldWatch;

/// Makes the death of a child, and a signal that cancels the start, end the launcher's wait: all of
/// them are blocked, and a descriptor of signalfd(2) becomes readable. A starter that ignores
/// SIGCHLD would make the kernel throw away how the daemon ended, so it is default for the wait.
class SigchldWatch {
public:
    /// Before the fork. Orphans become the launcher's children, so that it learns of every death
    /// and can end whom it does not know. Not every kernel interface has that (qemu-user).
    /// `Returns`: end() follows. Returns 0, or a negative errno of `what`, and then nothing is
    /// changed. Where the kernel tells of no child, no launcher could watch over one.
    template <bool Returns, class Host>
    auto begin(const Host& host, const char*& what) -> int {
        siginfo_t any;
        what = "waitid"; // not libc's, which lies on a page that nothing else in a start needs
        int error = exiting_host<Host>::of(host).wait(P_ALL, 0, any, WEXITED | WNOHANG | WNOWAIT);
        if (error < 0 && error != -ECHILD)
            return error;
        has_others_ = error != -ECHILD;
        what = "signals";
        struct sigaction standard {};
        standard.sa_handler = SIG_DFL;
        error = host.set_disposition(SIGCHLD, standard, child_before_);
        if (error < 0)
            return error;
        if constexpr (Returns)
            host.is_subreaper(was_subreaper_);
        adopts_ = was_subreaper_ != 0 || host.set_subreaper(true) >= 0;
        return 0;
    }

    /// In the launcher, once it has forked; again for another set. Where there is no such
    /// descriptor it looks often.
    template <class Host>
    void open(const Host& host, const sigset_t& watched) {
        if (fd_ >= 0)
            host.close(fd_);
        fd_ = host.signal_descriptor(watched);
    }

    /// How SIGCHLD was: for a daemon that keeps its signals.
    template <class Host>
    void restore_disposition(const Host& host) const {
        host.set_disposition(SIGCHLD, child_before_);
    }

    /// Lets orphans go to whoever is next, unless the program adopts them itself.
    template <class Host>
    void adopt_no_more(const Host& host) {
        if (adopts_ && was_subreaper_ == 0 && host.set_subreaper(false) >= 0)
            adopts_ = false;
    }

    /// Everything as it was, in a launcher that returns. A dead `daemon` is left to the program, as
    /// any child of its own, unless the program ignores SIGCHLD: then the kernel would have buried
    /// it. The other dead that were adopted meanwhile are buried.
    template <class Host>
    void end(const Host& host, pid_t daemon) {
        if (fd_ >= 0)
            host.close(fd_);
        if (adopts_ && was_subreaper_ == 0)
            host.set_subreaper(false);
        restore_disposition(host);
        if (buries_itself()) // the program waits for no child
            bury(host, 0);
        else if (!has_others_)
            bury(host, daemon);
        else // a word of its own children's may have been taken
            host.signal(host.pid(), SIGCHLD);
    }

    /// Sleeps until a message is there, a signal, or the time is over: 1 for a message, 2 for a
    /// signal, or both, 0 for none, or a negative errno. `report` may be -1.
    template <class Host>
    auto wait(const Host& host, int report, const timespec* limit) const -> int {
        pollfd entries[2]{{report, POLLIN, 0}, {fd_, POLLIN, 0}};
        constexpr timespec slice{0, 10'000'000};
        const bool blind = fd_ < 0;
        const bool sliced =
            blind && (limit == nullptr || limit->tv_sec != 0 || limit->tv_nsec > slice.tv_nsec);
        const int ready = host.poll(entries, 2, sliced ? &slice : limit, nullptr);
        if (ready < 0)
            return ready == -EINTR ? signal_came : ready;
        return (entries[0].revents != 0 ? message_came : 0) |
               (blind || entries[1].revents != 0 ? signal_came : 0);
    }
    static constexpr int message_came = 1, signal_came = 2;

    /// After a signal: takes the word of a death, so that the next one is heard.
    template <class Host>
    void listen_again(const Host& host) const {
        host.take_signal(detail::only_signal(SIGCHLD));
    }

    auto adopts() const -> bool { return adopts_; }
    /// Whether the program had children before the start, which are none of its business.
    auto has_others() const -> bool { return has_others_; }

private:
    auto buries_itself() const -> bool {
        return child_before_.sa_handler == SIG_IGN || (child_before_.sa_flags & SA_NOCLDWAIT) != 0;
    }

    template <class Host>
    static void bury(const Host& host, pid_t spared) {
        siginfo_t dead;
        while (host.wait(P_ALL, 0, dead, WEXITED | WNOHANG | WNOWAIT) >= 0 && dead.si_pid != 0 &&
               dead.si_pid != spared)
            host.wait(P_PID, dead.si_pid, dead, WEXITED | WNOHANG);
    }

    // The large one last: code that reaches the others is shorter.
    int was_subreaper_ = 0;
    int fd_ = -1;
    bool adopts_ = false;
    bool has_others_ = false;
    struct sigaction child_before_ {};
};

} // namespace daemonizer::detail

#endif
