// SPDX-License-Identifier: BSL-1.0
// Which descriptors are closed, which are spared, and by which calls.
#include "catch.hpp"
#include "recording_host.hpp"

#include <climits>

using daemonizer::detail::close_all_but, daemonizer::detail::SparedDescriptors;
using recording::listing, recording::Record, recording::RecordingHost;
using Calls = std::vector<std::string>;
using Gaps = std::vector<std::pair<unsigned, unsigned>>;

namespace {

constexpr unsigned end = ~0U;

auto sparing(std::vector<int> fds) {
    return SparedDescriptors{[fds](auto keep) {
        for (const int fd : fds)
            keep(fd);
    }};
}

auto gaps(const auto& spared) -> Gaps {
    Gaps found;
    CHECK(spared.each_gap([&](unsigned first, unsigned last) {
        found.emplace_back(first, last);
        return 0;
    }) == 0);
    return found;
}

} // namespace

TEST_CASE("what lies between the spared descriptors") {
    CHECK(gaps(sparing({})) == Gaps{{3, end}});
    CHECK(gaps(sparing({3})) == Gaps{{4, end}});
    CHECK(gaps(sparing({5})) == Gaps{{3, 4}, {6, end}});
    CHECK(gaps(sparing({5, 6})) == Gaps{{3, 4}, {7, end}});
    CHECK(gaps(sparing({9, 4, 6})) == Gaps{{3, 3}, {5, 5}, {7, 8}, {10, end}});
    CHECK(gaps(sparing({6, 6, 4, 6, 4})) == Gaps{{3, 3}, {5, 5}, {7, end}}); // once each
    CHECK(gaps(sparing({-1, 0, 2, AT_FDCWD})) == Gaps{{3, end}});            // 0-2 are not ours
    CHECK(gaps(sparing({2147483647})) == Gaps{{3, 2147483646}, {2147483648U, end}});
}

TEST_CASE("any number of descriptors can be spared") {
    std::vector<int> all;
    for (int fd = 2999; fd > 3; fd -= 2)
        all.push_back(fd);
    const auto found = gaps(sparing(all));
    REQUIRE(found.size() == all.size() + 1);
    CHECK(found.front() == std::pair{3U, 4U});
    CHECK(found[1] == std::pair{6U, 6U});
    CHECK(found.back() == std::pair{3000U, end});
}

TEST_CASE("gaps end with the first error") {
    int calls = 0;
    CHECK(sparing({5}).each_gap([&](unsigned, unsigned) {
        ++calls;
        return -ENOSYS;
    }) == -ENOSYS);
    CHECK(calls == 1);
}

TEST_CASE("which descriptors are spared") {
    const auto spared = sparing({7, 4, 2});
    CHECK(spared.has(4));
    CHECK(spared.has(7));
    CHECK_FALSE(spared.has(5));
}

TEST_CASE("with close_range") {
    Record record;
    CHECK(close_all_but(RecordingHost{&record}, sparing({5})) == 0);
    CHECK(record.calls == Calls{"close_range 3 4", "close_range 6 end"});
}

TEST_CASE("without close_range what /proc/self/fd lists is closed") {
    const int error = GENERATE(ENOSYS, EPERM);
    Record record;
    record.fail("close_range", 1, error);
    for (const int fd : {3, 5, 12, 1023})
        record.open[fd] = 1;
    // 4 is the listing's own descriptor.
    record.listed = listing({".", "..", "0", "1", "2", "3", "4", "5", "12", "1023"});
    CHECK(close_all_but(RecordingHost{&record}, sparing({5})) == 0);
    CHECK(record.calls == Calls{"close_range 3 4", "open /proc/self/fd", "list 4", "close 3",
                                "close 12", "close 1023", "list 4", "close 4"});
    CHECK(record.descriptors_above_stdio() == std::vector{5});
    CHECK(record.mistakes.empty());
}

namespace {

/// Neither close_range nor /proc; notes the descriptors that are closed.
struct Bare : RecordingHost {
    std::vector<int>* closed;

    auto close_range(unsigned, unsigned) const -> int { return -ENOSYS; }
    auto open(int, const char*, int, mode_t = 0) const -> int { return -ENOENT; }
    auto close(int fd) const -> int {
        closed->push_back(fd);
        return -EBADF;
    }
};

} // namespace

TEST_CASE("without /proc the descriptors are closed one by one") {
    Record record;
    std::vector<int> closed;
    record.descriptors = 8;
    CHECK(close_all_but(Bare{{&record}, &closed}, sparing({5})) == 0);
    CHECK(closed == std::vector{3, 4, 6, 7});
}

TEST_CASE("the soft limit may be lower than a descriptor that is open") {
    struct Lowered : Bare {
        auto descriptor_limit(rlimit& limit) const -> int {
            limit = {4, 8};
            return 0;
        }
    };
    Record record;
    std::vector<int> closed;
    CHECK(close_all_but(Lowered{{{&record}, &closed}}, sparing({5})) == 0);
    CHECK(closed == std::vector{3, 4, 6, 7});
}

TEST_CASE("an endless limit is not counted to") {
    Record record;
    std::vector<int> closed;
    record.descriptors = RLIM_INFINITY;
    CHECK(close_all_but(Bare{{&record}, &closed}, sparing({})) == 0);
    CHECK(closed.back() == (1 << 20) - 1);
}

TEST_CASE("where nothing can be closed, that is an error") {
    Record record;
    std::vector<int> closed;
    record.fail("descriptor_limit", 1, EFAULT);
    CHECK(close_all_but(Bare{{&record}, &closed}, sparing({})) == -EFAULT);
    CHECK(closed.empty());
}

namespace {

/// Starts with these values, where 5, 6 and 7 are open; what is open above 2 afterwards, or the
/// error.
auto keeping(auto... fds) -> std::string {
    Record record;
    for (const int fd : {5, 6, 7})
        record.open[fd] = 1;
    std::string open;
    const auto result = daemonizer::Daemonizer{
        RecordingHost{&record}, daemonizer::NoFork{}, daemonizer::KeepStdio{},
        daemonizer::CloseDescriptors{
            fds...}}.start();
    if (!result)
        return std::string{result.error().step()} + ": " + result.error().text();
    for (const int fd : record.descriptors_above_stdio())
        open += std::to_string(fd) + ' ';
    return open;
}

enum { listener = 6 };

} // namespace

TEST_CASE("CloseDescriptors{fds...} keeps what is known at run time") {
    CHECK(keeping(6) == "6 ");
    CHECK(keeping(listener, 5) == "5 6 ");
    CHECK(keeping(7, 7, 900) == "7 "); // twice, or not open at all
    CHECK(keeping(-1) == "");          // nobody
    CHECK(keeping(-1, 7) == "7 ");
}

TEST_CASE("what CloseDescriptors{fds...} cannot keep is refused in the launcher") {
    CHECK(keeping(1) == "descriptors: 1: is left to the stdio policy; name those above 2");
    CHECK(keeping(6, 0) == "descriptors: 0: is left to the stdio policy; name those above 2");
    CHECK(keeping(2, 1) == "descriptors: 2: is left to the stdio policy; name those above 2");
    CHECK(keeping(-EMFILE) == "descriptors: -24: is no descriptor");
    CHECK(keeping(INT_MIN) == "descriptors: -2147483648: is no descriptor");
}

TEST_CASE("a value is not stored where there is none") {
    using daemonizer::CloseDescriptors, daemonizer::Daemonizer;
    STATIC_REQUIRE(std::is_same_v<decltype(CloseDescriptors{}), CloseDescriptors<>>);
    STATIC_REQUIRE(std::is_same_v<decltype(CloseDescriptors{CloseDescriptors{3}}),
                                  decltype(CloseDescriptors{4})>);
    STATIC_REQUIRE(std::is_empty_v<CloseDescriptors<3, listener>>);
    STATIC_REQUIRE(sizeof(Daemonizer<CloseDescriptors<3>>) == 1);
    STATIC_REQUIRE(sizeof(Daemonizer{CloseDescriptors{3, 4}}) == 2 * sizeof(int));
}

namespace {

/// Holds more than any policy of the library's, as one of listening sockets would.
struct Listeners {
    struct slot : daemonizer::own_slot {
        static constexpr const char* name = "listeners";
    };
    struct state {
        int fds[40];
        void each_descriptor(auto keep) const {
            for (const int fd : fds)
                keep(fd);
        }
    };
    struct Open : daemonizer::step<daemonizer::phase::check> {
        static constexpr const char* name = "listeners";
        static auto run(const auto& start, const auto& policy) -> bool {
            for (int& fd : start.state(policy).fds)
                fd = start.host().record->new_descriptor(9, 10);
            return true;
        }
    };
    using steps = daemonizer::step_list<Open>;
};

} // namespace

TEST_CASE("a policy may hold any number of descriptors") {
    Record record;
    record.open[60] = 1;
    const auto result = daemonizer::Daemonizer{
        RecordingHost{&record}, daemonizer::NoFork{}, daemonizer::KeepStdio{},
        Listeners{}}.start();
    REQUIRE(result);
    const auto open = record.descriptors_above_stdio();
    CHECK(open.size() == 40);
    CHECK(open.front() == 10);
    CHECK(open.back() == 49);
}

TEST_CASE("libc's connection to syslog is closed before its number can be another's") {
    Record record;
    REQUIRE(daemonizer::Daemonizer{RecordingHost{&record}, daemonizer::NoFork{},
                                   daemonizer::KeepStdio{}, daemonizer::Syslog<"x">{}}
                .start());
    const auto at = [&](const char* call) {
        return std::find(record.calls.begin(), record.calls.end(), call) - record.calls.begin();
    };
    CHECK(at("disconnect_log") + 1 == at("close_range 3 end"));
    CHECK(at("close_log") + 1 == at("open /dev/null")); // it may be on 0-2, which that fills
    CHECK(at("open /dev/null") < at("open_log x"));
}

TEST_CASE("KeepDescriptors leaves that connection alone") {
    Record record;
    REQUIRE(daemonizer::Daemonizer{RecordingHost{&record}, daemonizer::NoFork{},
                                   daemonizer::KeepStdio{}, daemonizer::KeepDescriptors{}}
                .start());
    CHECK(std::count(record.calls.begin(), record.calls.end(), "disconnect_log") == 0);
}
