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
        static void drop_launcher_copy(const auto& host, const auto&, auto&) {
            host.record->call("hand over");
        }
    };
    struct slot : own_slot {
        static constexpr const char* name = "reservation";
    };
    using steps = step_list<Reserve>;
};

/// A log of one's own, which counts in its state and writes where its option says.
struct Journal {
    std::vector<std::string>* lines;

    struct state {
        int count = 0;
    };
    struct Open : undoable_step<phase::targets> {
        static constexpr const char* name = "journal";
        static auto run(const auto& start, const Journal& policy) -> bool {
            start.state(policy).count = 1;
            return true;
        }
        static void undo(const auto& host, const auto&, auto&) {
            host.record->call("undo journal");
        }
        static void drop_launcher_copy(const auto&, const auto&, auto&) {}
    };
    static void write_line(const auto&, const Journal& policy, state& state, int priority,
                           const char* text) {
        policy.lines->push_back(std::to_string(state.count++) + " <" + std::to_string(priority) +
                                "> " + text);
    }
    using slot = slots::log;
    using steps = step_list<Open>;
};

/// Takes lines as well, but in a slot that comes later.
struct Console : Journal {
    struct slot : own_slot {
        static constexpr const char* name = "console";
    };
    using steps = step_list<>;
};

/// Throws in the phase `At`, after a step of its own that acquires something.
template <phase At>
struct Throws {
    enum class what { error, number };
    what kind;

    struct Acquire : undoable_step<At> {
        static constexpr const char* name = "acquire";
        static auto run(const auto& start, const auto&) -> bool {
            return start.host().record->call("acquire"), true;
        }
        static void undo(const auto& host, const auto&, auto&) { host.record->call("give back"); }
        static void drop_launcher_copy(const auto&, const auto&, auto&) {}
    };
    struct Throw : step<At> {
        static constexpr const char* name = "thrower";
        static auto run([[maybe_unused]] const auto& start, const Throws& policy) -> bool {
#if defined(__cpp_exceptions)
            if (policy.kind == what::number)
                throw 7;
            throw std::runtime_error{"out of\nmemory"};
#else
            return policy.kind == what::number && start.fail("exceptions", "are off");
#endif
        }
    };
    struct slot : own_slot {
        static constexpr const char* name = "throws";
    };
    using steps = step_list<Acquire, Throw>;
};

template <int N>
struct Numbered {
    struct slot : own_slot {
        static constexpr const char* name = N == 1   ? "10 volume"
                                            : N == 2 ? "20 database"
                                                     : "30 cache";
    };
    struct Note : step<phase::identity> {
        static constexpr const char* name = slot::name;
        static auto run(const auto& start, const auto&) -> bool {
            return start.host().record->call(name), true;
        }
    };
    using steps = step_list<Note>;
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
    CHECK(record.calls == std::vector<std::string>{"mask all", "reserve", "umask 022", "chdir /",
                                                   "open /db", "default 1 to 64", "mask nothing",
                                                   "disconnect_log", "close_range 4 end", "fill",
                                                   // it never was ready
                                                   "close 3", "release", "write 2"});
}

TEST_CASE("a step of one's own that fails is named, and those before it are undone") {
    Record record;
    record.fail("fill", 1, 0);
    CHECK(recording::run(compose(record), [] {}) == 1);
    CHECK(record.written[2] == messages::line("cache: cache: is cold"));
    CHECK(std::vector<std::string>(record.calls.end() - 5, record.calls.end()) ==
          std::vector<std::string>{"fill", "close 3", "release", "mask nothing", "write 2"});
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
    detail::pid_files_of_this_process = {};
    auto result = Daemonizer{RecordingHost{&record}, NoFork{}, Quiet{}}.start();
    CHECK(result);
}

TEST_CASE("a log policy of one's own gets what is logged and what goes wrong") {
    Record record;
    std::vector<std::string> lines, other;
    const auto body = [&](auto& daemon) {
        daemon.ready();
        daemon.log(LOG_INFO, "100%");
        return daemon.fail(4, "out of\nspace");
    };
    SECTION("in the log's slot") {
        CHECK(recording::run(Daemonizer{RecordingHost{&record}, Journal{&lines}}, body) == 4);
        CHECK(lines ==
              std::vector<std::string>{"1 <6> 100%", "2 <3> daemon: failed: out of?space"});
    }
    SECTION("in a slot of its own") {
        CHECK(recording::run(Daemonizer{RecordingHost{&record}, Console{{&lines}}}, body) == 4);
        CHECK(lines ==
              std::vector<std::string>{"0 <6> 100%", "1 <3> daemon: failed: out of?space"});
    }
    SECTION("the first of two, in the order of slots") {
        CHECK(recording::run(Daemonizer{RecordingHost{&record}, Console{{&other}}, Journal{&lines}},
                             body) == 4);
        CHECK(lines.size() == 2);
        CHECK(other.empty());
    }
    SECTION("also when the launcher is gone") {
        record.fail("send", 2, EPIPE); // after "forked"
        CHECK(recording::run(Daemonizer{RecordingHost{&record}, Journal{&lines}}, body) == 1);
        REQUIRE_FALSE(lines.empty()); // what leaves the process is an exception in this test
        CHECK(lines[0] == "1 <3> daemon: not ready, the launcher is gone: Broken pipe");
    }
    CHECK(record.written.empty());
    CHECK(std::count_if(record.calls.begin(), record.calls.end(), [](const std::string& call) {
              return call.starts_with("log ") || call.starts_with("open_log");
          }) == 0);
}

TEST_CASE("policies in slots of one's own run in the order of their names") {
    Record record;
    auto daemon = Daemonizer{
        RecordingHost{&record}, NoFork{}, Numbered<3>{}, Numbered<1>{},
        Numbered<2>{}}.start();
    REQUIRE(daemon);
    CHECK(called(record, "10 volume") == 1);
    const auto at = [&](const char* call) {
        return std::find(record.calls.begin(), record.calls.end(), call);
    };
    CHECK(at("10 volume") < at("20 database"));
    CHECK(at("20 database") < at("30 cache"));
}

namespace {

template <int N>
struct Ordered;
/// 1 after 2, and 3 after 1 and 5, which the composition lacks: 2, 1, 3 beside 0 by its name.
template <int N>
struct ordered : own_slot {
    static constexpr const char* name = N == 0 ? "b" : N == 1 ? "a" : N == 2 ? "d" : "c";
    using after = std::conditional_t<
        N == 1, slot_list<ordered<2>, slots::pid>,
        std::conditional_t<N == 3, slot_list<ordered<1>, ordered<5>>, slot_list<>>>;
};
template <int N>
struct Ordered {
    using slot = ordered<N>;
    struct Note : step<phase::session> {
        static constexpr const char* name = slot::name;
        static auto run(const auto& start, const auto&) -> bool {
            return start.host().record->call("note", name), true;
        }
    };
    using steps = step_list<Note>;
};

} // namespace

TEST_CASE("a slot of one's own comes after those that it names") {
    STATIC_REQUIRE(
        std::is_same_v<Daemonizer<Ordered<0>, Ordered<1>, Ordered<2>, Ordered<3>>::implementation,
                       Daemonizer<Ordered<3>, Ordered<1>, Ordered<2>, Ordered<0>>::implementation>);
    Record record;
    auto daemon = Daemonizer{RecordingHost{&record}, NoFork{},     Ordered<1>{},
                             Ordered<3>{},           Ordered<0>{}, Ordered<2>{}}
                      .start();
    REQUIRE(daemon);
    std::vector<std::string> notes;
    for (const std::string& call : record.calls)
        if (call.starts_with("note "))
            notes.push_back(call);
    CHECK(notes == std::vector<std::string>{"note b", "note d", "note a", "note c"});
}

#if defined(__cpp_exceptions)
TEMPLATE_TEST_CASE_SIG("a step that throws has failed, and those before it are undone", "",
                       ((phase At), At), phase::check, phase::session, phase::stdio) {
    Record record;
    using Thrower = Throws<At>;
    std::string text;
    typename Thrower::what kind{};
    bool in_place = true; // a section that returns would hide those behind it
    SECTION("an exception of the standard library") {
        kind = Thrower::what::error;
        text = "exception: out of?memory";
    }
    SECTION("anything else") {
        kind = Thrower::what::number;
        text = "exception: an exception of unknown type";
    }
    SECTION("start()") {
        text = "exception: out of?memory";
        auto result =
            Daemonizer{RecordingHost{&record}, NoFork{}, PidFile<"/x.pid">{}, Thrower{}}.start();
        REQUIRE_FALSE(result);
        CHECK(result.error().step() == std::string{"thrower"});
        CHECK(result.error().text() == text);
        CHECK(called(record, "give back") == 1);
        CHECK_FALSE(record.has_file("/x.pid"));
        CHECK(record.descriptors_above_stdio().empty());
        in_place = false;
    }
    SECTION("and in the daemon the launcher learns it") {
        if (At == phase::check)
            return;
        CHECK(recording::run(Daemonizer{RecordingHost{&record}, PidFile<"/x.pid">{}, Thrower{}},
                             [] {}) == 1);
        REQUIRE(record.sent.size() == 1);
        CHECK(record.sent[0].failure.step() == std::string{"thrower"});
        CHECK(record.sent[0].failure.text() == std::string{"exception: out of?memory"});
        CHECK(called(record, "give back") == 1);
        CHECK(record.descriptors_above_stdio().empty());
        in_place = false;
    }
    if (!in_place)
        return;
    CHECK(recording::run(
              Daemonizer{RecordingHost{&record}, NoFork{}, PidFile<"/x.pid">{}, Thrower{kind}},
              [] { FAIL("runs"); }) == 1);
    CHECK(record.written[2] == messages::line("thrower: " + text));
    CHECK(called(record, "give back") == 1);
    CHECK_FALSE(record.has_file("/x.pid"));
    CHECK(record.descriptors_above_stdio().empty());
}
#endif
