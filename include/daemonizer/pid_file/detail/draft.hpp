// SPDX-License-Identifier: BSL-1.0
// Makes a new pid file, locks it, and puts it in the place of a stale one.
#ifndef DAEMONIZER_PID_FILE_DETAIL_DRAFT_HPP
#define DAEMONIZER_PID_FILE_DETAIL_DRAFT_HPP

#include <daemonizer/pid_file/detail/open.hpp>
#include <daemonizer/pid_file/detail/remove.hpp>
#include <daemonizer/system/abi.hpp>

#include <cerrno>
#include <utility>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// The outcome of one attempt to lock a pid file.
enum class attempt {
    locked,
    failed,     ///< the step has failed, and says why
    waited,     ///< another one held it; some time has passed
    overtaken,  ///< it was replaced meanwhile
    impossible, ///< no file can be put in its place
};

/// A descriptor that is closed at the end of its scope.
template <class Host>
struct Closing {
    [[no_unique_address]] Host host;
    int fd;

    Closing(Host of, int descriptor) : host{of}, fd{descriptor} {}
    Closing(const Closing&) = delete;
    auto operator=(const Closing&) -> Closing& = delete;
    ~Closing() {
        if (fd >= 0)
            host.close(fd);
    }
    auto release() -> int { return std::exchange(fd, -1); }
};
template <class Host>
Closing(Host, int) -> Closing<Host>;

/// Whether another start or a daemon holds the file; a reader's lock is not seen.
template <class Host>
auto has_a_writer(Host host, int fd) -> bool {
    return detail::is_held(host, fd) || detail::daemon_that_holds(host, fd) != nobody;
}

/// A draft is empty and its starter's alone; anything else is somebody's file of that name.
inline auto is_unused_draft(const struct stat& file) -> bool {
    constexpr mode_t permissions = 07777;
    return file.st_size == 0 && (file.st_mode & permissions & ~mode_while_starting) == 0;
}

/// A start makes its own file, PATH.new, locks it, and renames it over what stands at PATH.
///
/// Whoever may only read a pid file can hold a read lock on it for as long as he likes, and no
/// write lock can be had beside it. On the new file nobody can hold one, since only the starter may
/// open it until the daemon has locked it. All that others keep open of the old file stays behind
/// with it: a reader's lock, and descriptors that this start has inherited, whose closing would
/// release the daemon's byte 1.
///
/// Two starts do not replace each other's file. Who renames holds the lock of PATH.new, and has
/// seen afterwards that the name is still his file's: no other start renames. But one that cannot
/// make a draft, another user's for example, takes what it finds at PATH in place, or makes a file
/// there. Against the first the old file stays locked until it is replaced, by a read lock where a
/// reader holds one, and is seen to be at PATH once it is locked; against the second a file is put
/// where none was only if there still is none. (On a file system whose rename cannot promise that,
/// such a start may be replaced within the moment between the look and the rename.) A daemon
/// removes PATH only while its lock shows at PATH, and then nobody renames.
template <class Start, class File, class Naming>
auto put_draft_in_place(const Start& start, File& file, const Naming& naming) -> attempt {
    const auto& host = start.host();
    const auto busy = [&](int fd) {
        return naming.look(start, fd, file.path) ? attempt::failed : attempt::waited;
    };
    // Looks at what stands there now, without a lock, so that a refused start touches nothing.
    struct stat there;
    const int seen = host.status(file.directory, file.path, there);
    if (seen < 0 && seen != -ENOENT) {
        start.fail(file.path, seen);
        return attempt::failed;
    }
    if (seen >= 0 && detail::is_own_pid_file(host, there)) {
        start.failure.describe(file.path, "already running, pid ", EEXIST).number(host.pid());
        return attempt::failed;
    }
    Closing old{host, seen < 0 ? -ENOENT
                               : detail::above_stdio(
                                     host, host.open(file.directory, file.path, pid_file_flags))};
    if (old.fd < 0 && old.fd != -ENOENT) {
        detail::refuse_unopened(start, file, old.fd);
        return attempt::failed;
    }
    if (old.fd >= 0) {
        if (detail::distrust(start, file, old.fd, there))
            return attempt::failed;
        if (detail::has_a_writer(host, old.fd))
            return busy(old.fd);
    }

    const DraftName name{file.path};
    if (!name)
        return attempt::impossible;
    bool is_new = false;
    const OwnPidFile named_draft{file.directory, name.text()};
    Closing draft{host, detail::open_or_create(host, named_draft, mode_while_starting, is_new)};
    struct stat made;
    if (draft.fd < 0 || detail::distrust(start, file, draft.fd, made) ||
        !detail::is_unused_draft(made)) {
        if (is_new) // or it would stay: nothing else knows of it
            host.unlink(file.directory, name.text());
        return attempt::impossible;
    }
    if (const int error = detail::lock_for_start(host, draft.fd); error < 0) {
        if (error == -EAGAIN || error == -EACCES)
            return busy(draft.fd);
        host.unlink(file.directory, name.text());
        start.fail(file.path, error);
        return attempt::failed;
    }
    struct stat named;
    if (host.status(file.directory, name.text(), named) < 0 || !detail::same_file(named, made))
        return attempt::overtaken;

    // PATH.new is ours. Is PATH still what it was, and nobody's?
    bool has_writer = false;
    if (old.fd >= 0 && detail::lock_for_start(host, old.fd) < 0) {
        detail::lock_byte(host, old.fd, F_OFD_SETLK, F_RDLCK, 0); // beside a reader's
        has_writer = detail::has_a_writer(host, old.fd);
    }
    const int again = host.status(file.directory, file.path, named);
    const bool same = old.fd < 0 ? again == -ENOENT : again >= 0 && detail::same_file(named, there);
    if (!same || has_writer) {
        host.unlink(file.directory, name.text());
        return attempt::overtaken;
    }
    // It was seen to be empty before it was locked.
    if (const int error = host.truncate(draft.fd); error < 0) {
        host.unlink(file.directory, name.text());
        start.fail(file.path, error);
        return attempt::failed;
    }
    int renamed = old.fd < 0 ? host.rename_to_new(file.directory, name.text(), file.path) : -EINVAL;
    if (renamed < 0 && renamed != -EEXIST)
        renamed = host.rename(file.directory, name.text(), file.path);
    if (renamed < 0) {
        host.unlink(file.directory, name.text());
        return renamed == -EEXIST ? attempt::overtaken : attempt::impossible;
    }
    file.fd = draft.release();
    file.is_fresh = true;
    return attempt::locked;
}

} // namespace daemonizer::detail

#endif
