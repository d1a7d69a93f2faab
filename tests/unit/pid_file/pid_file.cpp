// SPDX-License-Identifier: BSL-1.0
// Whom a pid file refuses, and whose file it leaves alone.
#include "catch.hpp"
#include "messages.hpp"

#include <daemonizer/control.hpp>

using namespace daemonizer;
using recording::File, recording::Record, recording::RecordingHost;

namespace {

const std::string path = "/run/x.pid", draft = "/run/x.pid.new";

/// Where the starter may write the file but not its directory.
struct ClosedDirectory : RecordingHost {
    auto open(int directory, const char* name, int flags, mode_t mode = 0) const -> int {
        return name == draft ? -EACCES : RecordingHost::open(directory, name, flags, mode);
    }
};

template <class Host>
auto start_on(Host host) {
    detail::pid_files_of_this_process = {};
    return Daemonizer{host, NoFork{}, PidFile{path.c_str()}, KeepStdio{}}.start();
}

auto start(Record& record) { return start_on(RecordingHost{&record}); }

/// The reason, without the path before it, of a start that must be refused.
template <class Host>
auto refusal_on(Record& record, Host host) -> std::string {
    auto result = start_on(host);
    REQUIRE_FALSE(result);
    CHECK(result.error().step() == std::string{"pid file"});
    CHECK(record.descriptors_above_stdio().empty());
    CHECK(record.mistakes.empty());
    const std::string text = result.error().text();
    REQUIRE(text.rfind(path + ": ", 0) == 0);
    return text.substr(path.size() + 2);
}
auto refusal(Record& record) -> std::string { return refusal_on(record, RecordingHost{&record}); }

/// The file that the only descriptor left is of.
auto held(const Record& record) -> ino_t {
    REQUIRE(record.descriptors_above_stdio().size() == 1);
    return record.open.at(record.descriptors_above_stdio()[0]);
}

auto called(const Record& record, const std::string& call) -> bool {
    return std::count(record.calls.begin(), record.calls.end(), call) != 0;
}

} // namespace

TEST_CASE("a pid file is opened so that no link, FIFO or terminal does harm") {
    Record record;
    auto result = start(record);
    REQUIRE(result);
    constexpr int harmless = O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
    CHECK(record.opened_with[draft] == (harmless | O_CREAT | O_EXCL));
    CHECK(record.files[path].mode == 0600); // to the starter alone, until it is locked

    Record stale, closed;
    stale.files[path] = closed.files[path] = File{90};
    CHECK(start(stale));
    CHECK(stale.opened_with[path] == harmless);
    CHECK(start_on(ClosedDirectory{{&closed}}));
    CHECK(closed.opened_with[path] == harmless);
    Record empty;
    CHECK(start_on(ClosedDirectory{{&empty}}));
    CHECK(empty.opened_with[path] == (harmless | O_CREAT | O_EXCL));
}

TEST_CASE("a draft that cannot be looked at does not stay, unless another one has made it") {
    Record ours, anothers;
    ours.fail("status 3", 1, EIO);
    auto result = start(ours);
    REQUIRE(result);
    CHECK_FALSE(ours.has_file(draft));
    CHECK(ours.has_file(path));
    anothers.files[draft] = File{90};
    anothers.fail("status 3", 1, EIO);
    CHECK(start(anothers));
    CHECK(anothers.has_file(draft));
}

TEST_CASE("what is no pid file of ours is refused and left as it is") {
    Record record;
    SECTION("a symbolic link") {
        record.files[path] = File{100, S_IFLNK};
        record.fail("open " + path, 1, ELOOP);
        CHECK(refusal(record) == "is a symbolic link");
    }
    SECTION("a FIFO") {
        record.files[path] = File{100, S_IFIFO};
        CHECK(refusal(record) == "is not a regular file");
    }
    SECTION("a file with another name") {
        record.files[path] = File{100, S_IFREG, 2};
        CHECK(refusal(record) == "has more than one name");
    }
    SECTION("a stranger's file") {
        record.files[path] = File{100, S_IFREG, 1, ::geteuid() + 1};
        CHECK(refusal(record) == "belongs to another user");
    }
    SECTION("a mode that is more than permissions") {
        detail::pid_files_of_this_process = {};
        for (const mode_t mode : {04644U, 02644U, 01644U, 644U}) { // the last is decimal
            auto result = Daemonizer{RecordingHost{&record}, NoFork{}, PidFile{path, mode}}.start();
            REQUIRE_FALSE(result);
            CHECK(result.error().text() ==
                  std::string{"mode: has other bits than the nine permissions"});
        }
        CHECK(std::none_of(record.calls.begin(), record.calls.end(),
                           [](const std::string& call) { return call.starts_with("open "); }));
    }
    SECTION("no path") {
        detail::pid_files_of_this_process = {};
        auto result = Daemonizer{RecordingHost{&record}, NoFork{}, PidFile{""}}.start();
        REQUIRE_FALSE(result);
        CHECK(result.error().text() == std::string{"path: is empty"});
    }
    CHECK_FALSE(called(record, "truncate 3"));
    CHECK_FALSE(called(record, "unlink " + path));
}

TEST_CASE("root's own pid file is taken by everybody who can write it") {
    Record record;
    record.files[path] = File{100, S_IFREG, 1, 0};
    CHECK(start(record));
}

TEST_CASE("a second start is refused") {
    Record record;
    record.files[path] = File{100};
    record.locked_file = 100; // the draft could be locked
    record.locked[0] = 4711;
    SECTION("and names the daemon") {
        record.locked[1] = 4711;
        CHECK(refusal(record) == "already running, pid 4711");
        CHECK(record.time < 100'000'000); // at once
    }
    SECTION("of a daemon in another pid namespace, which has no number here") {
        record.locked[1] = 0;
        record.content = "7\n";
        CHECK(refusal(record) == "already running, pid 7 of another pid namespace");
    }
    SECTION("of a daemon that holds byte 1 alone") {
        record.locked = {{1, 4711}};
        CHECK(refusal(record) == "already running, pid 4711");
    }
    SECTION("of a daemon that a child has outlived") {
        record.content = "4711\n";
        CHECK(refusal(record) == "the daemon is gone, a child of it still holds " + path);
        CHECK(record.time > 1'000'000'000);
    }
    SECTION("while the daemon is there but not named yet") {
        record.content = "4711\n";
        record.locked[0] = record.locked[1] = -1;
        CHECK(refusal(record) == "already being started, and its pid is not written yet");
        CHECK(record.time > 10'000'000'000);
    }
    SECTION("while another start is under way, after some patience") {
        CHECK(refusal(record) == "already being started, and its pid is not written yet");
        CHECK(record.time > 10'000'000'000);
        CHECK(record.time < 11'000'000'000);
    }
    CHECK_FALSE(called(record, "truncate 3"));
    CHECK_FALSE(called(record, "chmod 3 0644"));
    CHECK(record.has_file(path));
}

TEST_CASE("a file that cannot be locked goes again only if this start has made it") {
    Record record;
    const bool was_there = GENERATE(true, false);
    if (was_there)
        record.files[path] = File{100};
    record.fail("lock", 1, ENOLCK);
    CHECK(refusal(record) == "No locks available");
    CHECK(record.has_file(path) == was_there);
    CHECK_FALSE(record.has_file(draft));
}

TEST_CASE("a file that cannot be locked in place stays, unless this start has made it") {
    Record record;
    const bool was_there = GENERATE(true, false);
    if (was_there)
        record.files[path] = File{100};
    record.fail("lock", 1, ENOLCK);
    CHECK(refusal_on(record, ClosedDirectory{{&record}}) == "No locks available");
    CHECK(record.has_file(path) == was_there);
    CHECK(record.time < 500'000); // nobody holds it, so nobody is waited for
}

TEST_CASE("a file that cannot be opened in place is refused with the kernel's reason") {
    Record record;
    const int error = GENERATE(EACCES, ELOOP);
    record.fail("open " + path, 1, error);
    CHECK(refusal_on(record, ClosedDirectory{{&record}}) ==
          (error == ELOOP ? "is a symbolic link" : "Permission denied"));
}

TEST_CASE("a stale file that cannot be looked at is not trusted") {
    Record record;
    record.files[path] = File{90};
    record.fail("status 3", 1, EIO);
    CHECK(refusal(record) == "Input/output error");
    CHECK(record.files.at(path).inode == 90);
}

TEST_CASE("a draft that cannot be emptied does not stay") {
    Record record;
    record.fail("truncate", 1, EIO);
    CHECK(refusal(record) == "Input/output error");
    CHECK_FALSE(record.has_file(draft));
    CHECK_FALSE(record.has_file(path));
}

TEST_CASE("a file that this start has made in place and cannot empty does not stay") {
    Record record;
    record.fail("truncate", 1, EIO);
    CHECK(refusal_on(record, ClosedDirectory{{&record}}) == "Input/output error");
    CHECK_FALSE(record.has_file(path));
}

TEST_CASE("a path that leaves no room for the draft's suffix is taken in place") {
    Record record;
    detail::pid_files_of_this_process = {};
    const std::string longest = "/" + std::string(4094, 'x'), name = "open " + longest;
    auto result =
        Daemonizer{RecordingHost{&record}, NoFork{}, PidFile{longest}, KeepStdio{}}.start();
    REQUIRE(result);
    CHECK(std::all_of(record.calls.begin(), record.calls.end(), [&](const std::string& call) {
        return !call.starts_with("open ") || call == name || call.starts_with("open /proc/");
    }));
    CHECK(record.has_file(longest));
}

TEST_CASE("a start that takes the old file meanwhile is not replaced") {
    struct Overtaken : RecordingHost {
        auto lock(int fd, int command, struct flock& range) const -> int {
            if (command == F_OFD_SETLK && record->open[fd] != 90 && record->locked.empty()) {
                record->locked_file = 90;
                record->locked[0] = record->locked[1] = -1;
            }
            return RecordingHost::lock(fd, command, range);
        }
    };
    Record record;
    record.files[path] = File{90};
    CHECK(refusal_on(record, Overtaken{{&record}}) ==
          "already being started, and its pid is not written yet");
    CHECK(record.files.at(path).inode == 90);
    CHECK_FALSE(record.has_file(draft));
}

TEST_CASE("what replaces a file that this start has made in place is not removed") {
    struct Replacing : ClosedDirectory {
        auto lock(int fd, int command, struct flock& range) const -> int {
            if (command == F_OFD_SETLK && record->files[path].inode < 200)
                record->files[path].inode = 200;
            return ClosedDirectory::lock(fd, command, range);
        }
    };
    Record record;
    auto result = start_on(Replacing{{{&record}}});
    REQUIRE(result);
    CHECK(held(record) == 200);
    CHECK_FALSE(called(record, "unlink " + path));
}

TEST_CASE("a lock that is released meanwhile is taken") {
    Record record;
    record.fail("lock", 1, GENERATE(EAGAIN, EACCES)); // POSIX has both
    auto result = start(record);
    REQUIRE(result);
    CHECK(record.time < 100'000'000);
}

TEST_CASE("a file that is replaced while it is being locked is not taken") {
    /// Calls `replace` before each of the first `times` locks.
    struct Replacing : RecordingHost {
        int* times;
        std::string replaced;

        auto lock(int fd, int command, struct flock& range) const -> int {
            if (command == F_OFD_SETLK && range.l_len == 2 && *times > 0) {
                --*times;
                record->files[replaced].inode = ++record->last_inode;
            }
            return RecordingHost::lock(fd, command, range);
        }
    };
    Record record;
    record.files[path] = File{90};
    int times = GENERATE(1, 5, 99);
    const std::string which = GENERATE_COPY(path, draft);
    auto result = start_on(Replacing{{&record}, &times, which});
    REQUIRE(result);
    CHECK(held(record) == record.files[path].inode);
    CHECK_FALSE(record.has_file(draft));
    CHECK(called(record, "rename " + draft + " " + path));

    Record hasty;
    hasty.files[path] = File{90};
    times = 1000;
    CHECK(refusal_on(hasty, Replacing{{&hasty}, &times, which}) ==
          "is replaced faster than it can be locked");
}

TEST_CASE("a file that another start makes in place meanwhile is not replaced") {
    struct Meeting : RecordingHost {
        auto rename_to_new(int directory, const char* from, const char* to) const -> int {
            record->files[path] = File{95};
            record->locked[0] = -1;
            return RecordingHost::rename_to_new(directory, from, to);
        }
    };
    Record record;
    CHECK_FALSE(start_on(Meeting{{&record}}));
    CHECK(record.files[path].inode == 95);
    CHECK_FALSE(record.has_file(draft));
    CHECK_FALSE(called(record, "rename " + draft + " " + path));
}

TEST_CASE("where a file system cannot rename to a new name alone, it renames") {
    Record record;
    record.fail("rename_to_new", 1, GENERATE(EINVAL, ENOSYS, EPERM));
    auto result = start(record);
    REQUIRE(result);
    CHECK(called(record, "rename " + draft + " " + path));
    CHECK(held(record) == record.files[path].inode);
}

TEST_CASE("beside a reader's lock the stale file is locked so that no start takes it in place") {
    Record record;
    record.files[path] = File{90};
    record.files[path].has_reader = true;
    REQUIRE(start(record));
    const auto& calls = record.calls;
    const auto locks = std::find(calls.begin(), calls.end(), "lock 3 OFD byte 0");
    REQUIRE(locks != calls.end());
    CHECK(std::find(locks, calls.end(), "status " + path) != calls.end());
    CHECK(std::find(locks, calls.end(), "rename " + draft + " " + path) != calls.end());
    Record without; // where nobody reads, the write lock on it is kept
    without.files[path] = File{90};
    REQUIRE(start(without));
    CHECK_FALSE(called(without, "lock 3 OFD byte 0"));
}

TEST_CASE("where no file can be put in its place it is taken as it is") {
    Record record;
    const ClosedDirectory host{{&record}};
    SECTION("a stale one") {
        record.files[path] = File{90};
        auto result = start_on(host);
        REQUIRE(result);
        CHECK(record.open.at(3) == 90);
        CHECK(called(record, "chmod 3 0644"));
        CHECK(called(record, "truncate 3"));
    }
    SECTION("which is made, since the draft cannot be") {
        auto result = start_on(host);
        REQUIRE(result);
        CHECK(record.mistakes.empty());
    }
    SECTION("one that is replaced before it is locked") {
        struct Replacing : ClosedDirectory {
            auto lock(int fd, int command, struct flock& range) const -> int {
                if (command == F_OFD_SETLK && record->files[path].inode == 90)
                    record->files[path].inode = 91;
                return ClosedDirectory::lock(fd, command, range);
            }
        };
        record.files[path] = File{90};
        auto result = start_on(Replacing{{{&record}}});
        REQUIRE(result);
        CHECK(record.open.at(3) == 91);
    }
    SECTION("one that comes and goes while it is opened") {
        struct Flickering : ClosedDirectory {
            auto open(int directory, const char* name, int flags, mode_t mode = 0) const -> int {
                if (name == path && (flags & O_EXCL) != 0 && record->calls.size() < 10) {
                    record->call("comes");
                    return -EEXIST;
                }
                return ClosedDirectory::open(directory, name, flags, mode);
            }
        };
        auto result = start_on(Flickering{{{&record}}});
        REQUIRE(result);
        CHECK(called(record, "comes"));
        CHECK(record.open.at(3) == record.files[path].inode);
    }
    SECTION("somebody's file has the name of the draft") {
        record.files[path] = File{90};
        record.files[draft] = GENERATE(
            File{80, S_IFREG, 1, ::geteuid(), 0644}, File{80, S_IFREG, 1, ::geteuid(), 0600, 5},
            File{80, S_IFREG, 2, ::geteuid(), 0600}, File{80, S_IFIFO, 1, ::geteuid(), 0600});
        auto result = start(record);
        REQUIRE(result);
        CHECK(record.open.at(3) == 90);
        CHECK(record.files.at(draft).inode == 80);
    }
    SECTION("the draft cannot be renamed") {
        record.files[path] = File{90};
        record.fail("rename", 1, EBUSY);
        auto result = start(record);
        REQUIRE(result);
        CHECK(record.open.at(3) == 90);
        CHECK_FALSE(record.has_file(draft));
    }
}

TEST_CASE("what a refused start has made in place goes again, unless another start has taken it") {
    struct Chowned : ClosedDirectory {
        auto status(int fd, struct stat& status) const -> int {
            const int error = RecordingHost::status(fd, status);
            status.st_uid = ::geteuid() + 1;
            return error;
        }
        using RecordingHost::status;
    };
    Record record;
    const bool taken = GENERATE(true, false);
    if (taken)
        record.locked[0] = -1;
    CHECK(refusal_on(record, Chowned{{{&record}}}) == "belongs to another user");
    CHECK(record.has_file(path) == taken);
}

TEST_CASE("who may only read the pid file hinders no start") {
    Record record;
    record.files[path] = File{90};
    record.files[path].has_reader = true;
    SECTION("since it is replaced") {
        auto result = start(record);
        REQUIRE(result);
        CHECK(record.time < 100'000'000); // at once
        CHECK(held(record) != 90);
        CHECK(held(record) == record.files[path].inode);
    }
    SECTION("but where that is impossible it is said") {
        CHECK(refusal_on(record, ClosedDirectory{{&record}}) ==
              "a process that only reads it keeps it locked");
        CHECK(record.files.at(path).inode == 90);
    }
    SECTION("and also where it comes between start and daemon") {
        struct Late : ClosedDirectory {
            auto write_at(int fd, const void* from, std::size_t size, off_t at) const -> long {
                record->files[path].has_reader = true;
                return RecordingHost::write_at(fd, from, size, at);
            }
        };
        record.files[path].has_reader = false;
        CHECK(refusal_on(record, Late{{{&record}}}) ==
              "a process that only reads it keeps it locked");
    }
    SECTION("whichever of POSIX's two errors says it") {
        record.files[path].has_reader = false;
        record.fail("lock 3 POSIX byte 1", 1, EACCES);
        CHECK(refusal_on(record, ClosedDirectory{{&record}}) ==
              "a process that only reads it keeps it locked");
    }
}

TEST_CASE("byte 1 is locked again where a step has closed a descriptor of the file") {
    struct Forgetful : RecordingHost {
        auto change_mode(int fd, mode_t mode) const -> int {
            record->named.clear();
            return RecordingHost::change_mode(fd, mode);
        }
    };
    Record record;
    const bool forgets = GENERATE(true, false);
    auto result = forgets ? static_cast<bool>(start_on(Forgetful{{&record}}))
                          : static_cast<bool>(start_on(RecordingHost{&record}));
    CHECK(result);
    CHECK(std::count(record.calls.begin(), record.calls.end(), "lock 3 POSIX byte 1") ==
          (forgets ? 2 : 1));
}

TEST_CASE("a number that does not fit is no pid file") {
    Record record;
    SECTION("on the disk") {
        struct Full : RecordingHost {
            auto write_at(int fd, const void* from, std::size_t, off_t at) const -> long {
                return RecordingHost::write_at(fd, from, 2, at);
            }
        };
        CHECK(refusal_on(record, Full{{&record}}) == "No space left on device");
    }
    SECTION("below the limit, where writing it would raise SIGXFSZ") {
        record.file_size = GENERATE(0U, 3U);
        CHECK(refusal(record) == "File too large");
        CHECK_FALSE(called(record, "write_at 3 100"));
    }
    CHECK_FALSE(record.has_file(path));
}

TEST_CASE("a start that is undone leaves no entry for exit() and signals") {
    Record record;
    const auto is_known = [&] {
        return detail::pid_files_of_this_process.any(record.pid, [](const auto&) { return true; });
    };
    record.fail("chmod", 1, EIO);
    CHECK(refusal(record) == "Input/output error");
    CHECK_FALSE(is_known());
    {
        auto result = start(record);
        REQUIRE(result);
        CHECK(is_known());
    }
    CHECK_FALSE(is_known());
}

TEST_CASE("a process holds several pid files, up to a bound") {
    Record record;
    detail::pid_files_of_this_process = {};
    const auto another = [&](const char* name) {
        return Daemonizer{RecordingHost{&record}, NoFork{}, PidFile{name}, KeepStdio{}}.start();
    };
    auto a = another("/a"), b = another("/b"), c = another("/c"), d = another("/d");
    REQUIRE(d);
    CHECK(record.open.size() == 3 + 4); // none has closed another's
    CHECK(std::count(record.calls.begin(), record.calls.end(), "at_exit") == 1);
    auto e = another("/e");
    REQUIRE_FALSE(e);
    CHECK(e.error().text() == std::string{"/e: this process holds too many pid files"});
    CHECK_FALSE(record.has_file("/e"));
    { const auto gone = std::move(*d); }
    int known = 0;
    detail::pid_files_of_this_process.any(record.pid, [&](const auto&) { return ++known == 0; });
    CHECK(known == 3); // the end of one forgets no other
    CHECK(another("/e"));
    record.pid = 4711; // a worker's places are its own
    CHECK(another("/f"));
}

TEST_CASE("at the end another instance's file stays") {
    Record record;
    const bool replaced = GENERATE(true, false);
    {
        auto result = start(record);
        REQUIRE(result);
        if (replaced)
            record.files[path].inode = 200;
        else
            record.files.erase(path);
    }
    CHECK_FALSE(called(record, "unlink " + path));
    const auto emptied = std::count(record.calls.begin(), record.calls.end(), "truncate 3");
    CHECK(emptied == 2); // the start's; and at the end ours, by its descriptor
    CHECK(record.descriptors_above_stdio().empty());
}

TEST_CASE("a worker forked by the daemon removes nothing") {
    Record record;
    {
        auto result = start(record);
        REQUIRE(result);
        record.pid = 4711; // what fork makes of all that the worker inherits
    }
    CHECK(record.has_file(path));
    CHECK_FALSE(called(record, "unlink " + path));
}

TEST_CASE("a process recognises its own pid file before it opens it") {
    Record record;
    auto first = start(record);
    REQUIRE(first);
    const bool hidden = GENERATE(true, false);
    if (hidden) // as to another shared object, which has a variable of its own
        detail::pid_files_of_this_process = {};
    record.listed = recording::listing({".", "..", "0", "1", "2", "3"});
    record.calls.clear();
    SECTION("when it starts again") {
        auto second = Daemonizer{
            RecordingHost{&record}, NoFork{}, PidFile{path.c_str()},
            KeepStdio{}}.start();
        REQUIRE_FALSE(second);
        CHECK(second.error().text() == path + ": already running, pid 100");
    }
    SECTION("when it asks for its status") {
        const detail::PidFileView view{RecordingHost{&record}, path.c_str()};
        CHECK(view.look().what == ServiceStatus::state::running);
        CHECK(view.look().pid == 100);
        CHECK(view.holder() == 100);
    }
    CHECK_FALSE(called(record, "open " + path)); // closing it would release byte 1
    CHECK(record.descriptors_above_stdio() == std::vector{3});
}

TEST_CASE("a worker that asks is not taken for the daemon") {
    Record record;
    auto first = start(record);
    REQUIRE(first);
    record.pid = 4711;
    record.content = "100\n";
    record.locked = {{0, -1}, {1, 100}};
    record.listed = recording::listing({"0", "1", "2", "3"});
    const detail::PidFileView view{RecordingHost{&record}, path.c_str()};
    CHECK(view.look().pid == 100);
    CHECK(called(record, "open " + path));
}

TEST_CASE("signals that would end the daemon remove its file first") {
    struct sigaction ignored {};
    ignored.sa_handler = SIG_IGN;
    Record record;
    record.dispositions[SIGHUP] = ignored;
    detail::pid_files_of_this_process = {};
    auto keeping = Daemonizer{
        RecordingHost{&record}, NoFork{}, PidFile{path.c_str()}, KeepStdio{},
        KeepSignals{}}.start();
    REQUIRE(keeping);
    CHECK(record.dispositions[SIGTERM].sa_handler == detail::remove_pid_files_and_die);
    CHECK((record.dispositions[SIGTERM].sa_flags & static_cast<int>(SA_RESETHAND)) != 0);
    CHECK(sigismember(&record.dispositions[SIGTERM].sa_mask, SIGINT) == 1);
    CHECK(sigismember(&record.dispositions[SIGTERM].sa_mask, SIGUSR1) == 1);
    CHECK(record.dispositions[SIGINT].sa_handler == detail::remove_pid_files_and_die);
    CHECK(record.dispositions[SIGHUP].sa_handler == SIG_IGN); // as the starter had it: nohup
}

TEST_CASE("without a fork no signal acts between the file's creation and its handler") {
    Record record;
    record.blocked_before = {SIGUSR1};
    detail::pid_files_of_this_process = {};
    const auto place = [&](const std::string& call) {
        const auto& calls = record.calls;
        return std::find(calls.begin(), calls.end(), call) - calls.begin();
    };
    const auto begin = [&](auto signals) {
        return Daemonizer{RecordingHost{&record}, NoFork{}, PidFile{path.c_str()}, KeepStdio{},
                          signals}
            .start();
    };
    SECTION("with the signals reset") {
        const auto daemon = begin(DefaultSignals{});
        REQUIRE(daemon);
        CHECK(place("mask all") < place("open " + path + ".new"));
        CHECK(place("handle TERM") < place("mask nothing"));
        CHECK(place("mask nothing") < static_cast<long>(record.calls.size()));
    }
    SECTION("with the signals kept") {
        const auto daemon = begin(KeepSignals{});
        REQUIRE(daemon);
        CHECK(place("mask all") < place("open " + path + ".new"));
        CHECK(place("handle HUP") < place("mask USR1"));
        CHECK(place("mask USR1") < static_cast<long>(record.calls.size()));
    }
    SECTION("and after a failure the mask is as before, once the file is gone") {
        record.fail(GENERATE("lock", "write_at", "chmod"), 1, EIO);
        const auto daemon = begin(DefaultSignals{});
        REQUIRE_FALSE(daemon);
        CHECK(record.calls.back() == "mask USR1");
    }
    SECTION("nor where AutoFork finds that it need not fork") {
        record.pid = 1;
        record.fail("write_at", 1, EIO);
        const auto daemon = Daemonizer{
            RecordingHost{&record}, AutoFork{}, PidFile{path.c_str()},
            KeepStdio{}}.start();
        REQUIRE_FALSE(daemon);
        CHECK(place("mask all") < place("open " + path + ".new"));
        CHECK(record.calls.back() == "mask USR1");
    }
}

TEST_CASE("a new file that is made in its place is open to no reader before the daemon's lock") {
    Record record;
    detail::pid_files_of_this_process = {};
    record.fail("open " + path + ".new", 1, EISDIR); // a neighbour's directory of that name
    const auto daemon = start(record);
    REQUIRE(daemon);
    const auto& calls = record.calls;
    const auto changes = [](const std::string& call) { return call.rfind("chmod", 0) == 0; };
    const auto changed = std::find_if(calls.begin(), calls.end(), changes);
    CHECK(std::count_if(calls.begin(), calls.end(), changes) == 1);
    CHECK(changed > std::find(calls.begin(), calls.end(), "lock 3 POSIX byte 1"));
    CHECK(changed != calls.end());
}

TEST_CASE("exit() takes back the handlers of pid files and no others") {
    const auto handler_of = [](int signal) {
        struct sigaction now {};
        ::sigaction(signal, nullptr, &now);
        return now.sa_handler;
    };
    detail::pid_files_of_this_process = {};
    const auto others = [](int) {};
    ::signal(SIGTERM, detail::remove_pid_files_and_die);
    ::signal(SIGHUP, others);
    detail::end_pid_files_of_this_process();
    CHECK(handler_of(SIGTERM) == SIG_DFL);
    CHECK(handler_of(SIGHUP) == static_cast<void (*)(int)>(others));
    ::signal(SIGHUP, SIG_DFL);
}

TEST_CASE("a second start in the same process is refused, also without /proc") {
    Record record;
    auto first = start(record);
    REQUIRE(first);
    auto second = Daemonizer{RecordingHost{&record}, NoFork{}, PidFile{path}, KeepStdio{}}.start();
    REQUIRE_FALSE(second);
    CHECK(second.error().text() == path + ": already running, pid 100");
    CHECK(record.open.size() == 4); // no descriptor of it was opened, and so none closed
}

TEST_CASE("a pid file of this process is no reason to refuse another") {
    Record record;
    auto first = start(record);
    REQUIRE(first);
    record.files["/y.pid"] = File{90};
    record.listed = recording::listing({"3"}); // the first one's
    CHECK(Daemonizer{RecordingHost{&record}, NoFork{}, PidFile{"/y.pid"}, KeepStdio{}}.start());
}

TEST_CASE("the directory of another pid file of this process stays open") {
    Record record;
    detail::pid_files_of_this_process = {};
    auto first =
        Daemonizer{RecordingHost{&record}, NoFork{}, PidFile{"y.pid"}, KeepStdio{}}.start();
    REQUIRE(first);
    const auto before = record.descriptors_above_stdio();
    REQUIRE(before.size() == 2);
    auto second = Daemonizer{RecordingHost{&record}, NoFork{}, PidFile{path}, KeepStdio{}}.start();
    REQUIRE(second);
    CHECK(record.open.count(before[0]) == 1);
    CHECK(record.open.count(before[1]) == 1);
}

TEST_CASE("the same number on another device is another file") {
    struct stat a {
    }, b{};
    CHECK(detail::same_file(a, b));
    b.st_dev = 1;
    CHECK_FALSE(detail::same_file(a, b));
    b = a;
    b.st_ino = 1;
    CHECK_FALSE(detail::same_file(a, b));
}

TEST_CASE("a signal that cancels ends the wait for another start") {
    Record record;
    record.files[path] = File{90};
    record.locked[0] = -1;
    record.pending = {SIGTERM};
    CHECK(refusal(record) == "Interrupted system call");
    CHECK(record.time < 100'000'000);
}

TEST_CASE("the pid files of this process are removed by their paths, each once") {
    char name[] = "/tmp/daemonizer.XXXXXX";
    const int fd = ::mkstemp(name);
    REQUIRE(fd > 2);
    auto& known = detail::pid_files_of_this_process;
    known = {};
    const auto add = [&](pid_t owner) {
        detail::OwnPidFile file;
        file.path = name;
        file.fd = fd;
        file.owner = owner;
        REQUIRE(known.add(file));
    };
    const auto is_known = [&](pid_t owner) {
        return known.any(owner, [](const auto&) { return true; });
    };
    add(::getppid()); // another process's, as a worker inherits it
    detail::remove_pid_files_of_this_process();
    CHECK(::access(name, F_OK) == 0);
    CHECK(is_known(::getppid()));
    known = {};
    add(::getpid());
    SECTION("at once") { detail::remove_pid_files_of_this_process(); }
    SECTION("or at exit") { detail::end_pid_files_of_this_process(); }
    CHECK(::access(name, F_OK) != 0);
    CHECK_FALSE(is_known(::getpid()));
    ::close(fd);
    ::unlink(name);
}

TEST_CASE("a signal that ends the daemon does so once the pid file is gone") {
    char name[] = "/tmp/daemonizer.XXXXXX";
    const int fd = ::mkstemp(name);
    REQUIRE(fd > 2);
    const pid_t child = ::fork();
    if (child == 0) {
        detail::pid_files_of_this_process = {};
        detail::OwnPidFile file;
        file.path = name;
        file.fd = fd;
        file.owner = ::getpid();
        detail::pid_files_of_this_process.add(file);
        ::signal(SIGTERM, SIG_DFL); // as SA_RESETHAND has it
        detail::remove_pid_files_and_die(SIGTERM);
        ::_exit(7);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    CHECK(WIFSIGNALED(status));
    CHECK(WTERMSIG(status) == SIGTERM);
    CHECK(::access(name, F_OK) != 0);
    ::close(fd);
    ::unlink(name);
}

namespace {

/// A signal policy of somebody's own, which sets no handler for the pid file.
struct OwnSignals {
    using slot = slots::signals;
    struct Step : step<phase::signals> {
        static constexpr const char* name = "own signals";
        using gives = capabilities<capability::dispositions>;
        static auto run(const auto&, const auto&) -> bool { return true; }
    };
    using steps = step_list<Step>;
    static constexpr bool keeps = false;
    static constexpr auto collects(int signal) -> bool { return signal == SIGHUP; }
    template <class Base>
    using members = DefaultSignals::members<Base>;
};

} // namespace

TEST_CASE("beside a signal policy of somebody's own the pid file has its handlers") {
    Record record;
    detail::pid_files_of_this_process = {};
    const auto begin = [&] {
        return Daemonizer{RecordingHost{&record}, NoFork{}, PidFile{path.c_str()}, KeepStdio{},
                          OwnSignals{}}
            .start();
    };
    SECTION("but for what is collected or ignored") {
        record.dispositions[SIGINT].sa_handler = SIG_IGN;
        const auto daemon = begin();
        REQUIRE(daemon);
        CHECK(record.dispositions[SIGTERM].sa_handler == detail::remove_pid_files_and_die);
        CHECK(record.dispositions[SIGINT].sa_handler == SIG_IGN);
        CHECK(record.dispositions.count(SIGHUP) == 0);
    }
    SECTION("or the start fails") {
        record.fail("handle TERM", 1, EINVAL);
        const auto daemon = begin();
        REQUIRE_FALSE(daemon);
        CHECK(daemon.error().text() == std::string{"sigaction: Invalid argument"});
        CHECK_FALSE(record.has_file(path));
    }
}
