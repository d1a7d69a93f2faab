// SPDX-License-Identifier: BSL-1.0
// Orders to a daemon, call by call: what is opened is closed, and who is gone is not waited for.
#include "catch.hpp"
#include "recording_host.hpp"

#include <daemonizer/control.hpp>
#include <daemonizer/daemonizer.hpp>

#include <filesystem>
#include <string>

using namespace daemonizer;
using recording::File, recording::Record, recording::RecordingHost, recording::signal_name;
using Calls = std::vector<std::string>;
using state = ServiceStatus::state;
using outcome = ControlResult::outcome;

namespace {

const char* const path = "/run/x.pid";

/// A daemon that SIGKILL ends, and nothing else; poll tells of its end.
struct Stubborn : RecordingHost {
    auto poll(pollfd* set, nfds_t size, const timespec* limit, const sigset_t* mask) const -> int {
        const auto& calls = record->calls;
        const bool killed = std::any_of(calls.begin(), calls.end(), [](const auto& call) {
            return call.find(" KILL") != std::string::npos;
        });
        return killed ? 1 : RecordingHost::poll(set, size, limit, mask);
    }
};

void make_daemon(Record& record) {
    detail::pid_files_of_this_process = {};
    record.files[path] = File{100};
    record.content = "4711\n";
    record.locked = {{0, -1}, {1, 4711}};
}

auto sent(const Record& record) -> Calls {
    Calls found;
    for (const auto& call : record.calls)
        if (call.rfind("signal_process", 0) == 0)
            found.push_back(call.substr(call.rfind(' ') + 1));
    return found;
}

auto called(const Record& record, const std::string& call) -> bool {
    return std::count(record.calls.begin(), record.calls.end(), call) != 0;
}

auto looked_at(Record& record) -> ServiceStatus {
    return detail::PidFileView{RecordingHost{&record}, path}.settled();
}

} // namespace

TEST_CASE("each signal of a schedule goes with SIGCONT, for a daemon that is suspended") {
    Record record;
    make_daemon(record);
    const ControlResult result =
        detail::DaemonControl{Stubborn{{&record}}, path}.stop({{SIGTERM, 1}, {SIGKILL, 1}});
    CHECK(result.what == outcome::done);
    CHECK(result.pid == 4711);
    CHECK(sent(record) == Calls{"TERM", signal_name(SIGCONT), "KILL", signal_name(SIGCONT)});
    CHECK(record.descriptors_above_stdio().empty()); // neither the file nor the pidfd leaks
    CHECK(record.mistakes.empty());
}

TEST_CASE("an order that is no stop is sent alone") {
    Record record;
    make_daemon(record);
    CHECK(detail::DaemonControl{RecordingHost{&record}, path}.signal(SIGHUP));
    CHECK(sent(record) == Calls{"HUP"});
    CHECK(record.descriptors_above_stdio().empty());
}

TEST_CASE("a daemon that is gone before the second signal has been stopped") {
    Record record;
    make_daemon(record);
    record.fail("signal_process 4 KILL", 1, ESRCH);
    const ControlResult result =
        detail::DaemonControl{Stubborn{{&record}}, path}.stop({{SIGTERM, 1}, {SIGKILL, 1}});
    CHECK(record.failed != "");
    CHECK(result.what == outcome::done);
}

TEST_CASE("a daemon that dies between the look at it and its signal does not run") {
    Record record;
    make_daemon(record);
    record.fail("signal_process", 1, ESRCH);
    const ControlResult result = detail::DaemonControl{RecordingHost{&record}, path}.signal(SIGHUP);
    CHECK(result.what == outcome::not_running);
    CHECK(result.pid == 0);
    CHECK(result.code == 0);
    CHECK(sent(record).size() == 1);
}

TEST_CASE("a daemon that may not be signalled is not waited for") {
    Record record;
    make_daemon(record);
    record.fail("signal_process", 1, EPERM);
    const ControlResult result =
        detail::DaemonControl{Stubborn{{&record}}, path}.stop({{SIGTERM, 10}});
    CHECK(result.what == outcome::refused);
    CHECK(result.code == EPERM);
    CHECK(sent(record).size() == 1);
    CHECK(record.time < 1'000'000'000);
}

TEST_CASE("without pidfds the lock is asked before each signal, and tells of the end") {
    struct Old : RecordingHost { // Linux before 5.3, valgrind
        auto signal(pid_t process, int number) const -> int {
            return record->call("signal", process, signal_name(number));
        }
        auto poll(pollfd* set, nfds_t size, const timespec* limit, const sigset_t* mask) const
            -> int {
            const int answer = RecordingHost::poll(set, size, limit, mask);
            if (called(*record, "signal 4711 KILL") && record->time > 1'200'000'000)
                record->locked.clear();
            return answer;
        }
    };
    Record record;
    make_daemon(record);
    const auto which = GENERATE(ENOSYS, EMFILE);
    record.fail("open_process", 1, which);
    {
        const detail::DaemonControl control{Old{{&record}}, path};
        SECTION("which it outlives") {
            CHECK(control.stop({{SIGTERM, 1}}).what == outcome::still_running);
            CHECK(record.time > 1'000'000'000);
            CHECK(record.time < 1'100'000'000);
        }
        SECTION("which ends it") {
            const ControlResult result = control.stop({{SIGTERM, 1}, {SIGKILL, 9}});
            CHECK(result.what == outcome::done);
            CHECK(result.pid == 4711);
            CHECK(record.time < 1'300'000'000); // it looks every 10 ms
        }
        SECTION("when it is gone already") {
            record.locked.clear();
            CHECK(control.signal(SIGHUP).what == outcome::not_running);
            CHECK_FALSE(called(record, "signal 4711 HUP"));
        }
        SECTION("when another has the file") {
            record.locked[1] = 4712;
            CHECK(control.signal(SIGHUP).what == outcome::not_running);
            CHECK_FALSE(called(record, "signal 4711 HUP"));
        }
        SECTION("when it may not be signalled") {
            record.fail("signal", 1, EPERM);
            CHECK(control.signal(SIGHUP).code == EPERM);
        }
    }
    CHECK(sent(record).empty());
    CHECK(record.mistakes.empty());
}

TEST_CASE("with a pidfd the process is what is waited for, and it is not looked at all the time") {
    Record record;
    make_daemon(record);
    const detail::DaemonRef daemon{RecordingHost{&record}, path};
    record.locked.clear(); // as on its way out
    record.calls.clear();
    CHECK_FALSE(daemon.wait_until_gone(2));
    CHECK(std::count(record.calls.begin(), record.calls.end(), "poll 4") <= 3);
    CHECK_FALSE(called(record, "get_lock 3 POSIX byte 1"));
}

TEST_CASE("a wait that has no time is over at once, also without a pidfd") {
    Record record;
    make_daemon(record);
    record.fail("open_process", 1, ENOSYS);
    const detail::DaemonRef daemon{RecordingHost{&record}, path};
    const auto begun = record.time;
    CHECK_FALSE(daemon.wait_until_gone(0));
    CHECK(record.time - begun < 1'000'000);
}

TEST_CASE("a pidfd that cannot be signalled through leaves kill(2)") {
    struct Old : RecordingHost {
        auto signal(pid_t process, int number) const -> int {
            return record->call("signal", process, signal_name(number));
        }
    };
    Record record;
    make_daemon(record);
    record.fail("signal_process", 1, ENOSYS);
    CHECK(detail::DaemonControl{Old{{&record}}, path}.signal(SIGHUP));
    CHECK(called(record, "signal 4711 HUP"));
    CHECK(record.descriptors_above_stdio().empty());
}

TEST_CASE("a daemon that goes while it is looked for is held on to no more") {
    struct Going : RecordingHost {
        pid_t holder;
        auto open_process(pid_t process) const -> int {
            record->locked.clear();
            if (holder != 0)
                record->locked[1] = holder;
            return RecordingHost::open_process(process);
        }
    };
    Record record;
    make_daemon(record);
    SECTION("and has no successor") {}
    SECTION("and another has its number already") {
        // The lock still shows: the number was read, and the process is gone.
        record.fail("open_process", 1, ESRCH);
        const detail::DaemonRef daemon{RecordingHost{&record}, path};
        CHECK(daemon.status().what == state::stopped);
        CHECK(daemon.status().pid == 0);
        return;
    }
    const pid_t holder = GENERATE(0, 4712);
    const detail::DaemonControl control{Going{{&record}, holder}, path};
    CHECK(control.signal(SIGTERM).what == outcome::not_running);
    CHECK(control.wait_until_gone(1).what == outcome::not_running);
    CHECK(control.stop({{SIGTERM, 1}}).what == outcome::not_running);
    CHECK(sent(record).empty());
}

TEST_CASE("a daemon is waited for without a signal, to the end of the time") {
    Record record;
    make_daemon(record);
    const detail::DaemonControl control{RecordingHost{&record}, path};
    record.events = {recording::Interrupts{SIGUSR1}}; // which does not shorten it
    const ControlResult result = control.wait_until_gone(2);
    CHECK(result.what == outcome::still_running);
    CHECK(result.pid == 4711);
    CHECK(record.time > 2'000'000'000);
    CHECK(record.time < 2'100'000'000);
    record.signals = {SIGCHLD}; // here: the pidfd is readable
    CHECK(control.wait_until_gone(2).what == outcome::done);
    CHECK(sent(record).empty());
}

TEST_CASE("an order for a daemon that is not there says why") {
    Record record;
    make_daemon(record);
    const auto answer = [&] {
        return detail::DaemonControl{RecordingHost{&record}, path}.signal(SIGHUP);
    };
    SECTION("it is being started") {
        record.locked = {{0, -1}, {1, -1}};
        const ControlResult result = answer();
        CHECK(result.what == outcome::refused);
        CHECK(result.code == EAGAIN);
        CHECK(result.reason == std::string{"is being started and has no pid yet"});
    }
    SECTION("it is not known") {
        record.content = "4712\n";
        const ControlResult result = answer();
        CHECK(result.what == outcome::refused);
        CHECK(result.reason == std::string{"does not say who holds it"});
    }
    SECTION("it is dead") {
        record.locked.clear();
        CHECK(answer().what == outcome::not_running);
    }
    CHECK(sent(record).empty());
}

TEST_CASE("why a pid file cannot be looked at") {
    Record record;
    make_daemon(record);
    const auto look = [&](const char* name) {
        return detail::PidFileView{RecordingHost{&record}, name}.look();
    };
    SECTION("it has no name") {
        for (const char* const name : {static_cast<const char*>(nullptr), ""}) {
            const ServiceStatus status = look(name);
            CHECK(status.what == state::unknown);
            CHECK(status.code == EINVAL);
            CHECK(status.reason == std::string{"path is empty"});
        }
        CHECK(record.calls.empty());
    }
    SECTION("it is a link") {
        record.files[path] = File{100, S_IFLNK};
        CHECK(look(path).reason == std::string{"is a symbolic link"});
        CHECK(look(path).code == ELOOP);
    }
    SECTION("it may not be opened") {
        record.fail("open " + std::string{path}, 1, EACCES);
        const ServiceStatus status = look(path);
        CHECK(status.what == state::unknown);
        CHECK(status.code == EACCES);
        CHECK(status.reason == std::string{"Permission denied"});
    }
    SECTION("it is none") {
        record.files.erase(path);
        CHECK(look(path).what == state::stopped);
    }
    SECTION("once it is open") {
        record.fail("status 3", 1, EIO);
        CHECK(look(path).reason == std::string{"is not a regular file"});
        record.fail("status 3", 2, EIO);
        const ServiceStatus status = look(path);
        CHECK(status.what == state::unknown);
        CHECK(status.code == EIO);
        CHECK(status.reason == std::string{"cannot be read"});
    }
    CHECK(record.descriptors_above_stdio().empty());
    CHECK(record.mistakes.empty());
}

TEST_CASE("a pid file is opened so that nothing is inherited, followed, or waited for") {
    Record record;
    make_daemon(record);
    CHECK(looked_at(record).what == state::running);
    CHECK(record.opened_with[path] == (O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    CHECK(record.descriptors_above_stdio().empty());
}

TEST_CASE("what is no regular file is closed again") {
    Record record;
    make_daemon(record);
    record.files[path] = File{100, GENERATE(mode_t{S_IFIFO}, mode_t{S_IFCHR}, mode_t{S_IFDIR})};
    CHECK(looked_at(record).what == state::unknown);
    CHECK(record.descriptors_above_stdio().empty());
}

TEST_CASE("a file that is unlinked while it is looked at is no truth") {
    struct Unlinking : RecordingHost {
        auto read_at(int fd, void* into, std::size_t size, off_t offset) const -> long {
            record->files[path].names = 0; // still open, and nobody holds it
            return RecordingHost::read_at(fd, into, size, offset);
        }
        auto open(int directory, const char* name, int flags, mode_t mode = 0) const -> int {
            if (name == std::string{path} && record->files[path].names == 0)
                record->files.erase(path);
            return RecordingHost::open(directory, name, flags, mode);
        }
    };
    Record record;
    make_daemon(record);
    record.locked.clear();
    CHECK(detail::PidFileView{Unlinking{{&record}}, path}.settled().what == state::stopped);
    CHECK(record.descriptors_above_stdio().empty());
}

TEST_CASE("each state has words of its own, and an unknown one the reason") {
    const auto text_of = [](state what) {
        return std::string{ServiceStatus{what, 0, 0, 0, "cannot be read"}.text()};
    };
    CHECK(text_of(state::running) == "running");
    CHECK(text_of(state::starting) == "being started");
    CHECK(text_of(state::orphaned) == "the daemon is gone, a child of it still holds its pid file");
    CHECK(text_of(state::dead) == "not running, but its pid file remains");
    CHECK(text_of(state::stopped) == "not running");
    CHECK(text_of(state::unknown) == "cannot be read");
}

TEST_CASE("a file that cannot be looked at is said, and no number is believed") {
    Record record;
    make_daemon(record);
    const detail::PidFileView view{RecordingHost{&record}, path};
    record.fail("status", 1, EIO);
    const ServiceStatus now = view.look();
    CHECK(now.what == state::unknown);
    CHECK(now.code == EIO);
    CHECK(now.reason == std::string{"cannot be read"});
}

TEST_CASE("what is under way is given a second to come out") {
    struct Late : RecordingHost {
        auto now() const -> long long {
            const long long time = RecordingHost::now();
            if (time > 150'000'000)
                record->locked[1] = 4711;
            return time;
        }
    };
    Record record;
    make_daemon(record);
    record.locked.erase(1);
    SECTION("byte 0 held, the number written, byte 1 later") {}
    SECTION("byte 1 held by the start until the daemon has it") { record.locked[1] = -1; }
    CHECK(detail::PidFileView{Late{{&record}}, path}.settled().what == state::running);
    CHECK(record.time > 150'000'000);
    CHECK(record.descriptors_above_stdio().empty());
}

TEST_CASE("what the locks say, whatever the number") {
    Record record;
    make_daemon(record);
    SECTION("of a start") {
        record.locked[1] = -1;
        CHECK(looked_at(record).what == state::starting);
        CHECK(record.time > 1'000'000'000);
    }
    SECTION("of a daemon whose number is missing") {
        record.content = "";
        CHECK(looked_at(record).what == state::starting);
    }
    SECTION("of a daemon with another number") {
        record.content = "4712\n";
        CHECK(looked_at(record).what == state::unknown);
        CHECK(looked_at(record).reason == std::string{"does not say who holds it"});
    }
    SECTION("of another pid namespace") {
        record.locked[1] = 0;
        CHECK(looked_at(record).what == state::unknown);
        CHECK(looked_at(record).reason ==
              std::string{"is held by a process of another pid namespace"});
    }
    SECTION("of a child") {
        record.locked.erase(1);
        CHECK(looked_at(record).what == state::orphaned);
    }
    SECTION("of nobody") {
        record.locked.clear();
        CHECK(looked_at(record).what == state::dead);
        CHECK(looked_at(record).pid == 4711);
        record.content = "1\n"; // the first process of the machine, and no daemon of this file
        CHECK(looked_at(record).what == state::dead);
        CHECK(looked_at(record).pid == 0);
        record.content = "";
        CHECK(looked_at(record).what == state::stopped);
    }
    SECTION("of byte 1 alone, whose holder is the daemon") {
        record.locked = {{1, 4711}};
        CHECK(looked_at(record).what == state::running);
        record.locked[1] = 4712;
        record.content = "";
        CHECK(looked_at(record).what == state::starting);
    }
    SECTION("of a file that is unlinked all the time") {
        record.locked.clear();
        record.files[path].names = 0;
        const ServiceStatus status = looked_at(record);
        CHECK(status.what == state::unknown);
        CHECK(status.code == EAGAIN);
        CHECK(status.reason == std::string{"is replaced all the time"});
        CHECK(record.time > 1'000'000'000);
    }
}

TEST_CASE("a pid file is named by a pointer, by a string, by a path, or by its service") {
    const std::string text = "/nonexistent/x.pid";
    const std::filesystem::path named = text;
    CHECK(status(text.c_str()).what == state::stopped);
    CHECK(status(text).what == state::stopped);
    CHECK(daemonizer::status(named).what == state::stopped);
    CHECK(status(Daemonizer{PidFile{text}}).what == state::stopped);
    CHECK(status("/nonexistent/" + text).what == state::stopped); // read at once
    CHECK(stop(text).what == outcome::not_running);
    CHECK(signal(text, SIGUSR1).what == outcome::not_running);
    CHECK(reload(text).what == outcome::not_running);
    CHECK(wait_until_gone(text, 1).what == outcome::not_running);
}

TEST_CASE("the calls for a service are made by the host of its composition") {
    Record record;
    make_daemon(record);
    const Daemonizer service{RecordingHost{&record}, PidFile<"/run/x.pid">{}};
    CHECK(status(service).what == state::running);
    record.calls.clear();
    const ControlResult result = signal(service, SIGUSR1);
    CHECK(result.what == outcome::done);
    CHECK_FALSE(sent(record).empty());
}
