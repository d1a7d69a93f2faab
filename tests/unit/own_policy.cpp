// SPDX-License-Identifier: BSL-1.0
// Policies and slots of a user's own.
#include "catch.hpp"
#include "messages.hpp"

#include <memory>
#include <utility>

using namespace daemonizer;
using recording::Record, recording::RecordingHost;

namespace {

struct database_is_open {};

struct database : own_slot {
    static constexpr const char* name = "database";
};
struct cache : own_slot {
    static constexpr const char* name = "cache";
};

/// Acquires a descriptor, which CloseDescriptors must spare, and gives it back.
struct Database {
    const char* path;

    struct state {
        int fd = -1;
        void each_descriptor(auto keep) const { keep(fd); }
    };
    struct Open : undoable_step<phase::session> {
        static constexpr const char* name = "database";
        using gives = capabilities<database_is_open>;

        static auto run(const auto& start, const Database& policy) -> bool {
            int& fd = start.state(policy).fd;
            fd = start.host().open(AT_FDCWD, policy.path, O_RDWR | O_CLOEXEC);
            return start.check(fd, policy.path);
        }
        static void undo(const auto& host, const Database&, state& state) { host.close(state.fd); }
    };
    using slot = database;
    using steps = step_list<Open>;
};

/// Needs that, and is refused.
struct Cache {
    struct Fill : step<phase::targets> {
        static constexpr const char* name = "cache";
        using needs = capabilities<database_is_open, capability::dispositions>;

        static auto run(const auto& start, const Cache&) -> bool {
            start.host().record->call("fill");
            return start.host().record->failed.empty() || start.fail("cache", "is cold", 0);
        }
    };
    using slot = cache;
    using steps = step_list<Fill>;
};

/// In the launcher: undone there where the start fails, handed over where it succeeds.
struct Reservation {
    struct Reserve : undoable_step<phase::check> {
        static constexpr const char* name = "reservation";
        static auto run(const auto& start, const auto&) -> bool {
            return start.check(start.host().record->call("reserve"), "place");
        }
        static void undo(const auto& host, const auto&, auto&) { host.record->call("release"); }
        static void hand_over(const auto& host, const auto&, auto&) {
            host.record->call("hand over");
        }
    };
    struct slot : own_slot {
        static constexpr const char* name = "reservation";
    };
    using steps = step_list<Reserve>;
};

auto compose(Record& record) {
    record.files["/db"] = {50};
    return Daemonizer{Cache{},    RecordingHost{&record}, Reservation{}, Database{"/db"}, NoFork{},
                      KeepStdio{}};
}

auto called(const Record& record, const std::string& call) {
    return std::count(record.calls.begin(), record.calls.end(), call);
}

} // namespace

static_assert(Policy<Database> && Policy<Cache> && Policy<Reservation>);
static_assert(std::is_same_v<Daemonizer<Cache, Database, NoFork>::implementation,
                             Daemonizer<NoFork, Database, Cache>::implementation>);

TEST_CASE("a policy in a slot of one's own takes part in the start") {
    Record record;
    {
        auto result = compose(record).start();
        REQUIRE(result);
        CHECK(record.descriptors_above_stdio() == std::vector{3});
    }
    CHECK(record.calls == std::vector<std::string>{"reserve", "umask 022", "chdir /", "open /db",
                                                   "default 1 to 64", "mask nothing",
                                                   "disconnect_log", "close_range 4 end", "fill",
                                                   // it never was ready
                                                   "close 3", "release", "write 2"});
}

TEST_CASE("a step of one's own that fails is named, and those before it are undone") {
    Record record;
    record.fail("fill", 1, 0);
    CHECK(recording::run(compose(record), [] {}) == 1);
    CHECK(record.written[2] == messages::line("cache: cache: is cold"));
    CHECK(std::vector<std::string>(record.calls.end() - 4, record.calls.end()) ==
          std::vector<std::string>{"fill", "close 3", "release", "write 2"});
}

TEST_CASE("what the launcher acquired is handed over, or given back") {
    Record record;
    record.forks = {101};
    record.descendants = {{102}};
    const Daemonizer service{RecordingHost{&record}, Reservation{}};
    SECTION("ready") {
        record.events = {messages::forked(102), messages::ready()};
        auto result = service.start();
        REQUIRE(result);
        CHECK(called(record, "hand over") == 1);
        CHECK(called(record, "release") == 0);
    }
    SECTION("failed") {
        record.events = {messages::forked(102), recording::Dies{102, CLD_KILLED, SIGKILL}};
        auto result = service.start();
        REQUIRE_FALSE(result);
        CHECK(called(record, "hand over") == 0);
        CHECK(called(record, "release") == 1);
    }
}

namespace {

/// Acquires what cannot be copied.
struct Buffer {
    struct state {
        std::unique_ptr<int> value;
    };
    struct Allocate : undoable_step<phase::session> {
        static constexpr const char* name = "buffer";
        static auto run(const auto& start, const auto& policy) -> bool {
            start.state(policy).value = std::make_unique<int>(7);
            return true;
        }
        static void undo(const auto& host, const auto&, auto& state) {
            host.record->call("undo", state.value == nullptr ? 0 : *state.value);
        }
    };
    struct slot : own_slot {
        static constexpr const char* name = "buffer";
    };
    using steps = step_list<Allocate>;
};

} // namespace

TEST_CASE("a state that cannot be copied moves with the handle") {
    Record record;
    {
        auto result = Daemonizer{RecordingHost{&record}, NoFork{}, KeepStdio{}, Buffer{}}.start();
        REQUIRE(result);
        auto daemon = std::move(*result);
        daemon.ready();
        auto other = std::move(daemon);
        daemon = std::move(other);
        CHECK(called(record, "undo 7") == 0);
    }
    CHECK(called(record, "undo 7") == 1);
    CHECK(called(record, "undo 0") == 0);
}

TEST_CASE("the library's own policies may be derived from") {
    struct Quiet : NullStdio {};
    Record record;
    detail::pid_file_of_this_process = {};
    auto result = Daemonizer{RecordingHost{&record}, NoFork{}, Quiet{}}.start();
    CHECK(result);
}
