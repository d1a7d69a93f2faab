// SPDX-License-Identifier: BSL-1.0
// The pid files that this process holds, and how it recognises one.
#ifndef DAEMONIZER_PID_FILE_OWN_PID_FILES_HPP
#define DAEMONIZER_PID_FILE_OWN_PID_FILES_HPP

#include <daemonizer/pid_file/read.hpp>
#include <daemonizer/system/abi.hpp>
#include <daemonizer/system/files/listed_descriptors.hpp>

#include <fcntl.h>
#include <sys/stat.h>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// A pid file that this process may remove: `owner` is the process that wrote it. A worker forked
/// by the daemon inherits all of this and is another process.
struct OwnPidFile {
    int directory = AT_FDCWD;
    const char* path = nullptr;
    int fd = -1;
    pid_t owner = 0;
};

[[gnu::visibility("hidden")]] inline auto same_file(const struct stat& a, const struct stat& b)
    -> bool {
    return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/// The pid files of this process, for those who come without an argument: exit() and signals. A
/// fixed number, since nothing here may allocate and a handle can be moved. A signal handler may
/// read the table at any moment, so `owner` is set last and cleared first.
class OwnPidFiles {
public:
    static constexpr unsigned capacity = 4;

    /// False where all places are taken by files of the process `file.owner`.
    auto add(const OwnPidFile& file) -> bool {
        for (auto& entry : entries_) {
            if (entry.owner == file.owner)
                continue;
            entry.owner = 0; // it may be the parent's, inherited by a worker
            __atomic_signal_fence(__ATOMIC_SEQ_CST);
            entry.directory = file.directory;
            entry.path = file.path;
            entry.fd = file.fd;
            __atomic_signal_fence(__ATOMIC_SEQ_CST);
            entry.owner = file.owner;
            return true;
        }
        return false;
    }
    [[gnu::visibility("hidden")]] void forget(int fd) {
        for (auto& entry : entries_)
            if (entry.fd == fd)
                entry.owner = 0;
    }
    /// Calls `visit(file)` for each file of the process `owner`, until one answers true.
    template <class Visit>
    auto any(pid_t owner, Visit visit) -> bool {
        for (auto& entry : entries_)
            if (entry.owner == owner && visit(entry))
                return true;
        return false;
    }

    bool removed_at_exit = false; ///< atexit(3) has been told

private:
    OwnPidFile entries_[capacity];
};
inline OwnPidFiles pid_files_of_this_process;

/// Whether this process is the daemon of the pid file `there`. To be asked before the file is
/// opened: closing any descriptor of it would release byte 1. The variable above tells it of the
/// starts that were made from the same program or library. A library has a variable of its own
/// where it hides its symbols, so the kernel is asked about the descriptors of this process as
/// well: through one of that file it names the process that holds byte 1, even if that is us.
template <class Host>
[[gnu::cold]] auto is_own_pid_file(Host host, const struct stat& there) -> bool {
    if (pid_files_of_this_process.any(host.pid(), [&](const OwnPidFile& file) {
            struct stat ours;
            return host.status(file.fd, ours) >= 0 && detail::same_file(ours, there);
        }))
        return true;
    return detail::each_listed_descriptor(host, [&](int fd) {
               struct stat ours;
               pid_t holder = 0;
               if (host.status(fd, ours) < 0 || !detail::same_file(ours, there))
                   return false;
               detail::lock_byte(host, fd, F_OFD_GETLK, F_RDLCK, 1, &holder);
               return holder == host.pid();
           }) > 0;
}

} // namespace daemonizer::detail

#endif
