// SPDX-License-Identifier: BSL-1.0
// Reads from a pid file whether its daemon runs.
#ifndef DAEMONIZER_SERVICE_DETAIL_PID_FILE_VIEW_HPP
#define DAEMONIZER_SERVICE_DETAIL_PID_FILE_VIEW_HPP

#include <daemonizer/host/posix_host.hpp>
#include <daemonizer/pid_file/own_pid_files.hpp>
#include <daemonizer/pid_file/read.hpp>
#include <daemonizer/service/service_status.hpp>
#include <daemonizer/system/abi.hpp>
#include <daemonizer/system/clock.hpp>
#include <daemonizer/system/error_text.hpp>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// Opens a pid file to read it, and owns the descriptor. Asks about the locks through it as well,
/// since they belong to this inode, whatever the name comes to mean meanwhile.
template <class Host>
class PidFileView {
    using state = ServiceStatus::state;

public:
    PidFileView(Host host, const char* path) : host_{host}, path_{path} { open(); }
    PidFileView(const PidFileView&) = delete;
    auto operator=(const PidFileView&) -> PidFileView& = delete;
    ~PidFileView() { close(); }

    /// Returns the daemon that holds the file now, 0 where nobody does.
    auto holder() const -> pid_t {
        return is_own_ ? host_.pid() : detail::daemon_that_holds(host_, fd_);
    }

    /// Returns what the file says now.
    auto look() const -> ServiceStatus {
        if (fd_ < 0)
            return instead_;
        const pid_t daemon = holder();
        const pid_t written = detail::read_pid(host_, fd_);
        const bool held = daemon != nobody || detail::is_held(host_, fd_);
        struct stat file;
        if (const int error = host_.status(fd_, file); error < 0)
            return unknown(-error, "cannot be read");
        if (daemon > 0 && daemon == written)
            return {state::running, daemon, file.st_mtim.tv_sec, 0, ""};
        if (daemon == of_another_namespace)
            return unknown(0, "is held by a process of another pid namespace");
        if (daemon > 0 && written != 0)
            return unknown(EAGAIN, "does not say who holds it");
        if (daemon == of_a_start)
            return {state::starting, positive(written), 0, 0, ""};
        if (held)
            return {written == 0 ? state::starting : state::orphaned, positive(written), 0, 0, ""};
        if (file.st_nlink == 0)
            return unknown(EAGAIN, "is replaced all the time");
        return {written == 0 ? state::stopped : state::dead, positive(written), 0, 0, ""};
    }

    /// Returns what look() says, after at most a second if a start or an end is under way.
    auto settled() -> ServiceStatus {
        constexpr long long second = 1'000'000'000;
        const long long begun = host_.now();
        for (;;) {
            const ServiceStatus now = look();
            const bool under_way =
                now.what == state::starting || now.what == state::orphaned || now.code == EAGAIN;
            if (!under_way || host_.now() - begun > second)
                return now;
            detail::sleep_for(host_, 2'000'000);
            close();
            open(); // the name may stand for another file by now
        }
    }

private:
    static auto unknown(int code, const char* reason) -> ServiceStatus {
        return {state::unknown, 0, 0, code, reason};
    }
    /// Returns the number, or 0 for process 1: unless it holds the file it is somebody else.
    static auto positive(pid_t written) -> pid_t { return written > 1 ? written : 0; }

    /// Opens the file without following a link, or hanging on a FIFO. Does not open this process's
    /// own pid file: closing that would release byte 1.
    void open() {
        if (path_ == nullptr || *path_ == '\0') {
            instead_ = unknown(EINVAL, "path is empty");
            return;
        }
        struct stat there;
        is_own_ =
            host_.status(AT_FDCWD, path_, there) >= 0 && detail::is_own_pid_file(host_, there);
        if (is_own_) {
            instead_ = {state::running, host_.pid(), there.st_mtim.tv_sec, 0, ""};
            return;
        }
        fd_ =
            host_.open(AT_FDCWD, path_, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        if (fd_ == -ENOENT)
            instead_ = {state::stopped, 0, 0, 0, ""};
        else if (fd_ < 0)
            instead_ =
                unknown(-fd_, fd_ == -ELOOP ? "is a symbolic link" : detail::error_text(-fd_));
        else if (struct stat file; host_.status(fd_, file) < 0 || !S_ISREG(file.st_mode)) {
            close();
            instead_ = unknown(EINVAL, "is not a regular file");
        }
    }

    void close() {
        if (fd_ >= 0)
            host_.close(fd_);
        fd_ = -1;
    }

    [[no_unique_address]] Host host_;
    const char* path_;
    int fd_ = -1;
    bool is_own_ = false;
    ServiceStatus instead_; ///< the status where there is no descriptor
};

} // namespace daemonizer::detail

#endif
