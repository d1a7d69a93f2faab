// SPDX-License-Identifier: BSL-1.0
// Every call of a drop fails, alone and together with each that follows: never does a body run with
// more rights than were asked for.
#include "catch.hpp"
#include "messages.hpp"

#include <set>

using namespace daemonizer;
using recording::Record, recording::RecordingHost, recording::Rights;

namespace {

constexpr int bind_service = 10;

void set_up(Record& record) {
    record.files["/jail"] = {7, S_IFDIR};
    record.files["/jail"].owner = 0;
    record.files["/"] = {7, S_IFDIR};
    record.files["/etc/passwd"] = {20};
    record.files["/etc/group"] = {21};
    record.contents["/etc/passwd"] = "root:x:0:0::/:/bin/sh\nclock:x:1000:100::/:\n";
    record.contents["/etc/group"] = "root:x:0:\nadm:x:4:syslog,clock\nclock:x:100:\n";
}

/// What a body may find at the most.
auto is_as_asked(const Rights& rights, std::uint64_t kept, const std::vector<gid_t>& groups)
    -> bool {
    using daemonizer::detail::are_all;
    return are_all(rights.users, 1000) && are_all(rights.group_ids, 100) &&
           rights.groups == groups && (rights.sets.permitted & ~kept) == 0 &&
           (rights.sets.effective & ~kept) == 0 && (rights.sets.inheritable & ~kept) == 0 &&
           (rights.ambient & ~kept) == 0 && (rights.secure_bits & 16) == 0;
}

struct Seen {
    bool entered = false, as_asked = false;
    int status = 0;
};

template <class... Policies>
auto start(Record& record, std::uint64_t kept, const std::vector<gid_t>& groups,
           Policies... policies) -> Seen {
    set_up(record);
    Seen seen;
    constexpr bool bounds =
        (std::is_same_v<typename Policies::slot, slots::keep_capabilities> || ...);
    const Daemonizer service{RecordingHost{&record}, NoFork{},    KeepStdio{},
                             KeepSignals{},          KeepUmask{}, KeepDirectory{},
                             KeepDescriptors{},      policies...};
    seen.status = recording::run(service, [&] {
        seen.entered = true;
        seen.as_asked = is_as_asked(record.rights, kept, groups) &&
                        (!bounds || (record.rights.bounding & ~kept) == 0);
    });
    return seen;
}

void check(const Record& record, const Seen& seen) {
    INFO(record.failed << " failed, and then " << record.failed_again);
    CHECK(seen.entered == (seen.status == 0));
    CHECK(seen.as_asked == seen.entered);
    CHECK(record.mistakes.empty());
    CHECK(record.mapped == 0);
    CHECK(record.descriptors_above_stdio().empty());
    const auto said = record.written.find(2);
    if (!seen.entered && record.failed_again != "write 2") {
        REQUIRE(said != record.written.end());
        CHECK(std::count(said->second.begin(), said->second.end(), '\n') == 1);
    }
}

/// Fails each call of `run(record)`, and each pair. Returns the calls after whose failure alone the
/// body was entered all the same.
template <class Run>
auto fail_all(int error, Run run) -> std::set<std::string> {
    std::set<std::string> tolerated;
    for (int first = 1;; ++first) {
        Record record;
        record.fail("", first, error);
        const Seen seen = run(record);
        if (record.failed.empty())
            return tolerated;
        check(record, seen);
        if (seen.entered)
            tolerated.insert(record.failed);
        for (int second = 1;; ++second) {
            Record pair;
            pair.fail("", first, error);
            pair.fail_again(second);
            const Seen both = run(pair);
            if (pair.failed_again.empty())
                break;
            check(pair, both);
        }
    }
}

const std::set<std::string> attempts{"capset 0xffffffffffffffff", "setgroups", "setresgid -1 0 -1",
                                     "setresuid -1 0 -1"};

auto operator+(std::set<std::string> all, const std::string& one) -> std::set<std::string> {
    all.insert(one);
    return all;
}

} // namespace

TEST_CASE("every call of a change of user fails, and every two") {
    const int error = GENERATE(EPERM, EIO, EINVAL);
    INFO("errno " << error);
    // Only the attempts to get rights back are to fail, of which one is like the first setgroups.
    CHECK(fail_all(error, [](Record& record) {
              return start(record, 0, {}, RunAs{1000, 100});
          }) == attempts);
}

TEST_CASE("every call of a whole drop fails, and every two") {
    const int error = GENERATE(EPERM, EIO);
    INFO("errno " << error);
    // A directory that is closed even so; a number beyond the last capability is asked for twice.
    CHECK(fail_all(error, [](Record& record) {
              return start(record, 1 << bind_service, {}, RunAs{1000, 100}, Chroot<"/jail">{},
                           KeepCapabilities<bind_service>{}, NoNewPrivileges{}, NoCoreDumps{});
          }) == attempts + "close 3");
}

TEST_CASE("every call of a drop with its confinement fails, and every two") {
    // A file that is closed even so, and the try of what Landlock forbids.
    CHECK(fail_all(EIO, [](Record& record) {
              record.files["/usr"] = {8, S_IFDIR};
              Seen seen = start(record, 0, {}, RunAs{1000, 100}, NoNewPrivileges{},
                                Landlock<ReadOnly<"/usr">, Required>{},
                                DenySystemCalls<system_calls::mount>{});
              seen.as_asked = seen.as_asked && record.rights.has_no_new_privileges &&
                              record.has_landlock && record.has_filter;
              return seen;
          }) == attempts + "close 3" + "close 4" + "open /");
}

TEST_CASE("a sandbox that calls one capability unknown") {
    for (const std::string call : {"bounding 0 to 20", "ambient 0 to 39"}) {
        Record record;
        record.fail(call, 1, EINVAL);
        const Seen seen = start(record, 0, {}, RunAs{1000, 100}, KeepCapabilities<>{});
        CHECK_FALSE(seen.entered);
        CHECK(record.failed == call);
        check(record, seen);
    }
}

TEST_CASE("every call of a change to a named user fails, and every two") {
    // A file that is closed even so.
    CHECK(fail_all(EIO, [](Record& record) {
              return start(record, 0, {4, 100}, RunAs<"clock", "", UserFiles>{});
          }) == attempts + "close 3");
}
