// SPDX-License-Identifier: BSL-1.0
// PidFile: a file that names the daemon and excludes a second one.
#ifndef DAEMONIZER_PID_FILE_PID_FILE_HPP
#define DAEMONIZER_PID_FILE_PID_FILE_HPP

#include <daemonizer/compose/start/base_directory.hpp>
#include <daemonizer/pid_file/detail/lock.hpp>
#include <daemonizer/pid_file/detail/name_daemon.hpp>
#include <daemonizer/pid_file/detail/remove.hpp>
#include <daemonizer/system/abi.hpp>

namespace daemonizer::inline DAEMONIZER_ABI {

namespace detail {

template <mode_t Mode, bool AtRunTime>
struct FileMode {
    static constexpr auto mode() -> mode_t { return Mode; }
};

template <mode_t Default>
struct FileMode<Default, true> {
    mode_t permissions;
    constexpr auto mode() const -> mode_t { return permissions; }
};

template <class...>
inline constexpr bool are_path_and_mode = false;
template <class Path>
inline constexpr bool are_path_and_mode<Path> = true; // TextArgument refuses what is no text
template <class Path, class Mode>
inline constexpr bool are_path_and_mode<Path, Mode> =
    !std::is_arithmetic_v<Path> && std::is_convertible_v<Mode, mode_t>;

} // namespace detail

/// Nobody else finds the daemon, and a second start is not refused. The default.
struct NoPidFile {
    using slot = slots::pid;
    using steps = step_list<>;
};
static_assert(PidPolicy<NoPidFile>);

/// A pid file that refuses a second start and vanishes at the end. `PidFile<"/run/x.pid", 0600>`,
/// or `PidFile{path, mode}`, whose characters the caller owns for as long as the handle lives.
///
/// The lock is the truth, the number a hint. Byte 0 is locked by the launcher before anything is
/// forked (an OFD lock, which the daemon inherits); byte 1 by the daemon once its number is written
/// and it can be signalled (a POSIX lock, which names its holder to F_GETLK and dies with it).
/// Neither is to be probed by trying to lock, and the program must not open and close the file by
/// itself: that drops byte 1. A stale file is replaced, by way of PATH.new, where the directory may
/// be written; else it is taken as it is.
///
/// A process may hold several pid files, four at the most. All of them are removed when the body
/// returns, on exit(), and by SIGTERM, SIGINT and SIGHUP where no policy collects these.
///
/// Fails as step "pid file" with the errno of open(2), fstat(2), fchmod(2), ftruncate(2),
/// pwrite(2), fcntl(2); EEXIST where it is locked; EFBIG where RLIMIT_FSIZE leaves no room for the
/// number; and where the file is a link, not regular, or a stranger's.
///
/// Source: daemon(7) step 12, fcntl(2) "Open file description locks".
template <fixed_string Path = "", mode_t Mode = 0644>
struct PidFile : Text<Path>, detail::FileMode<Mode, Text<Path>::at_run_time> {
    constexpr PidFile() requires(!Text<Path>::at_run_time) = default;
    constexpr explicit PidFile(TextArgument path,
                               mode_t mode = Mode) requires Text<Path>::at_run_time
        : Text<Path>{path},
          detail::FileMode<Mode, true>{mode} {}
    template <class... Wrong>
        requires(Text<Path>::at_run_time && !detail::are_path_and_mode<Wrong...>)
    constexpr explicit PidFile(const Wrong&...)
        : Text<Path>{""}, detail::FileMode<Mode, true>{Mode} {
        static_assert(given_as_value<Wrong...>, "daemonizer: PidFile takes its path, and then its "
                                                "mode if you want: PidFile{path, 0600}");
    }

    template <class>
    static constexpr void check() {
        static_assert((Mode & ~mode_t{0777}) == 0,
                      "daemonizer: a pid file's mode is octal and has the nine permission bits "
                      "only, such as 0644");
    }

    struct state : detail::OwnPidFile {
        bool is_fresh = false;      ///< made by this start, and open to no reader yet
        bool is_registered = false; ///< among those that exit() and signals remove
        [[no_unique_address]] detail::BaseDirectory<Text<Path>::is_absolute> base_directory;

        void each_descriptor(auto keep) const {
            keep(this->fd);
            base_directory.each_descriptor(keep);
            // Another daemon of this process keeps its file.
            detail::pid_files_of_this_process.any(this->owner,
                                                  [&](const detail::OwnPidFile& other) {
                                                      if (other.fd != this->fd) {
                                                          keep(other.fd);
                                                          keep(other.directory);
                                                      }
                                                      return false;
                                                  });
        }
        void each_text(auto keep) {
            if constexpr (Text<Path>::at_run_time)
                keep(this->path);
        }
    };
    /// In a program that goes on in the place of an older one, which has left `fd` open: this start
    /// holds the file as if it had locked it.
    static auto adopt(const auto& start, const auto& policy, int fd) -> bool {
        auto& file = start.state(policy);
        file.path = policy.characters();
        file.fd = fd;
        file.owner = start.host().pid(); // from here on the undo takes the number out of it
        if (!file.base_directory.open(start, policy))
            return false;
        file.directory = file.base_directory.directory();
        return true;
    }
    /// The handler of a signal that ends the process.
    static constexpr auto on_ending_signal = detail::remove_pid_files_and_die;

    using slot = slots::pid;
    using steps =
        step_list<detail::LockPidFile, detail::WritePidFile, detail::RemovePidFileOnSignals,
                  detail::OpenPidFileToReaders, detail::NameDaemon>;
};
PidFile(TextArgument)->PidFile<>;
PidFile(TextArgument, mode_t)->PidFile<>;

static_assert(PidPolicy<PidFile<"/run/x.pid">> && PidPolicy<PidFile<>>);

} // namespace daemonizer

#endif
