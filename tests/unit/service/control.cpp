// SPDX-License-Identifier: BSL-1.0
// Orders to a daemon, call by call: what is opened is closed, and who is gone is not waited for.
#include "catch.hpp"
#include "recording_host.hpp"

#include <daemonizer/control.hpp>

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
    }
}
