// SPDX-License-Identifier: BSL-1.0
// What the identity phase calls, in its order, and what it makes of a kernel that deceives it.
#include "catch.hpp"
#include "messages.hpp"

using namespace daemonizer;
using recording::Record, recording::RecordingHost, recording::Rights;
using Calls = std::vector<std::string>;

namespace {

template <class... Policies>
auto in_place(Record& record, Policies... policies) {
    return Daemonizer{RecordingHost{&record}, NoFork{},    KeepStdio{},
                      KeepSignals{},          KeepUmask{}, KeepDirectory{},
                      KeepDescriptors{},      policies...};
}

auto line_of(Record& record) -> std::string { return record.written[2]; }

/// Runs it; the body must not be entered.
template <class... Policies>
auto refusal(Record& record, Policies... policies) -> std::string {
    bool entered = false;
    CHECK(recording::run(in_place(record, policies...), [&] { entered = true; }) == 1);
    CHECK_FALSE(entered);
    CHECK(record.mistakes.empty());
    CHECK(record.descriptors_above_stdio().empty());
    CHECK(record.mapped == 0);
    return line_of(record);
}

constexpr int bind_service = 10;

} // namespace

TEST_CASE("the whole drop, in its order") {
    Record record;
    record.files["/jail"] = {7, S_IFDIR};
    record.files["/jail"].owner = 0;
    record.files["/"] = {7, S_IFDIR};
    const auto service = in_place(record, NoNewPrivileges{}, KeepCapabilities<bind_service>{},
                                  NoCoreDumps{}, RunAs{1000, 100}, Chroot{"/jail"});
    CHECK(recording::run(service, [&] { record.calls.push_back("the body"); }) == 0);
    Calls drops;
    for (int capability = 0; capability != 41; ++capability)
        if (capability != bind_service) {
            drops.push_back("bounding 0 to " + std::to_string(capability));
            drops.push_back("unbound " + std::to_string(capability));
        }
    const auto first = std::find(record.calls.begin(), record.calls.end(), "fchdir 3");
    CHECK(Calls(record.calls.begin(), first) ==
          Calls{"open /jail", "status 3", "getresuid", "set_limit 4 0 0"});
    Calls rest(first, record.calls.end());
    // One line for 41 questions, each of them but one followed by a drop, which breaks the line.
    rest.erase(std::remove_if(rest.begin(), rest.end(),
                              [](const std::string& call) {
                                  return call.rfind("unbound ", 0) == 0 ||
                                         call.rfind("bounding 0 to ", 0) == 0;
                              }),
               rest.end());
    CHECK(rest == Calls{"fchdir 3", "chroot .", "chdir /", "status 3", "status /", "close 3",
                        // what may be had by an exec, and what outlasts the user
                        "capget", "keep_capabilities on",
                        // the ids
                        "getresuid", "getresgid", "setgroups", "getgroups", "setresgid 100 100 100",
                        "setresuid 1000 1000 1000", "getresgid", "getresuid",
                        // the capabilities
                        "capset 0x400", "capget", "capset 0xffffffffffffffff", "clear_ambient",
                        "raise_ambient 10", "ambient 0 to 42", "secure_bits",
                        "keep_capabilities off", "secure_bits",
                        // what should not be possible any more
                        "setresuid -1 0 -1", "setresgid -1 0 -1", "setgroups", "set_dumpable off",
                        "is_dumpable", "set_no_new_privileges", "has_no_new_privileges",
                        "the body"});
    CHECK(std::count_if(record.calls.begin(), record.calls.end(), [](const std::string& call) {
              return call.rfind("unbound ", 0) == 0;
          }) == 40);
    const Rights& rights = record.rights;
    CHECK(rights.bounding == 0x400);
    CHECK(rights.ambient == 0x400);
    CHECK(rights.sets.permitted == 0x400);
    CHECK(rights.groups.empty());
    CHECK(record.mistakes.empty());
    CHECK(record.descriptors_above_stdio().empty());
}

TEST_CASE("a user alone gives up all capabilities") {
    Record record;
    CHECK(recording::run(in_place(record, RunAs{1000, 0}), [] {}) == 0);
    CHECK(record.calls == Calls{"getresuid", "getresgid", "setgroups", "getgroups",
                                "setresgid 0 0 0", "setresuid 1000 1000 1000", "getresgid",
                                "getresuid", "capset 0x0", "capget", "capset 0xffffffffffffffff",
                                "secure_bits", "setresuid -1 0 -1", "setgroups"});
}

TEST_CASE("a starter that is another user, with the right to change, keeps none") {
    Record record;
    record.rights.users = {500, 500, 500};
    record.rights.group_ids = {500, 500, 500};
    CHECK(recording::run(in_place(record, RunAs{1000, 100}), [] {}) == 0);
    CHECK(record.rights.sets.permitted == 0);
    CHECK(std::count(record.calls.begin(), record.calls.end(), "setresuid -1 500 -1") == 3);
}

TEST_CASE("root becomes root, and is told of no drop that was none") {
    Record record;
    CHECK(recording::run(in_place(record, RunAs{0, 0}), [] {}) == 0);
    CHECK(record.rights.sets.permitted == Rights::all);
    CHECK(record.rights.groups.empty());
}

TEST_CASE("a keeping of capabilities that a starter has left is ended") {
    Record record;
    record.rights.secure_bits = 16;
    CHECK(recording::run(in_place(record, RunAs{1000, 100}), [] {}) == 0);
    CHECK(record.rights.secure_bits == 0);
    CHECK(record.rights.sets.permitted == 0);
}

TEST_CASE("capabilities without a user") {
    Record record;
    CHECK(recording::run(in_place(record, KeepCapabilities<>{}), [] {}) == 0);
    CHECK(record.rights.bounding == 0);
    CHECK(record.rights.sets.permitted == 0);
    CHECK(std::count(record.calls.begin(), record.calls.end(), "keep_capabilities on") == 0);
}

TEST_CASE("the rights to change ids are kept where that is asked for") {
    Record record;
    CHECK(recording::run(in_place(record, RunAs{1000, 100}, KeepCapabilities<6, 7>{}), [] {}) == 0);
    CHECK(std::count(record.calls.begin(), record.calls.end(), "setresuid -1 0 -1") == 0);
    CHECK(record.rights.users.effective == 1000);
}

TEST_CASE("a capability to be kept that is not there") {
    Record record;
    record.rights.sets = {0, 0, 0};
    CHECK(refusal(record, KeepCapabilities<bind_service>{}) ==
          messages::line("capabilities: CAP_NET_BIND_SERVICE: is not there to be kept"));
}

TEST_CASE("groups that may not be set") {
    Record record;
    record.rights.groups_are_denied = true;
    SECTION("and are other ones") {
        CHECK(refusal(record, RunAs{1000, 100}) ==
              messages::line("run as: group list: Operation not permitted, needs CAP_SETGID and a "
                             "user namespace that lets groups be set"));
        CHECK(record.rights.users.effective == 0);
    }
    SECTION("and are as many other ones") {
        record.rights.groups = {5};
        const Daemonizer service = in_place(record, RunAs<"clock", "", UserFiles>{});
        record.files["/etc/passwd"] = {20};
        record.files["/etc/group"] = {21};
        record.contents["/etc/passwd"] = "clock:x:1000:100:::\n";
        record.contents["/etc/group"] = "adm:x:4:clock\n";
        CHECK(recording::run(service, [] {}) == 1);
        CHECK(line_of(record).find("run as: group list: ") != std::string::npos);
        CHECK(record.rights.users.effective == 0);
    }
    SECTION("and are the wanted ones, the user's own among them or not") {
        const bool has_own = GENERATE(true, false);
        record.rights.groups = has_own ? std::vector<gid_t>{100} : std::vector<gid_t>{};
        CHECK(recording::run(in_place(record, RunAs{1000, 100}), [] {}) == 0);
    }
    SECTION("and are more than there is room for") {
        for (gid_t group = 0; group != 100; ++group)
            record.rights.groups.push_back(group);
        CHECK(refusal(record, RunAs{1000, 100}).find("group list") != std::string::npos);
    }
}

TEST_CASE("a sandbox that only says that it did") {
    Record record;
    record.rights.changes_nothing = true;
    SECTION("for the groups") {
        CHECK(refusal(record, RunAs{1000, 100}) ==
              messages::line("run as: group list: is another one than was set"));
    }
    SECTION("for the group") {
        record.rights.groups.clear();
        CHECK(refusal(record, RunAs{1000, 100}) ==
              messages::line("run as: group 100: was not taken"));
    }
    SECTION("for the user") {
        record.rights.groups.clear();
        CHECK(refusal(record, RunAs{1000, 0}) ==
              messages::line("run as: user 1000: was not taken"));
    }
    SECTION("for the capabilities") {
        CHECK(refusal(record, KeepCapabilities<>{}) ==
              messages::line("capabilities: capset: left others than were set"));
    }
    SECTION("for no_new_privs") {
        CHECK(refusal(record, NoNewPrivileges{}) ==
              messages::line("new privileges: PR_SET_NO_NEW_PRIVS: is not set in spite of it"));
    }
    SECTION("for the dump") {
        CHECK(refusal(record, NoCoreDumps{}) ==
              messages::line("core dumps: PR_SET_DUMPABLE: the process still is dumpable"));
    }
}

TEST_CASE("a kernel that gives back what was dropped") {
    Record record;
    record.rights.forbids_nothing = true;
    CHECK(refusal(record, RunAs{1000, 100}) == messages::line("run as: capset: can be undone"));
}

TEST_CASE("a user that can be changed back") {
    Record record;
    // KeepCapabilities<CAP_SETGID> would be asked for; a security module may give more.
    record.fail("capset 0xffff", 1, EPERM);
    record.rights.forbids_nothing = true;
    CHECK(refusal(record, RunAs{1000, 100}) == messages::line("run as: user: can be changed back"));
}

TEST_CASE("a user that cannot be root again, but the starter") {
    Record record;
    record.rights.users = {500, 500, 500};
    record.fail("capset 0xffff", 1, EPERM);
    record.fail_again(2); // setresuid(-1, 0, -1)
    record.rights.forbids_nothing = true;
    CHECK(refusal(record, RunAs{1000, 100}) == messages::line("run as: user: can be changed back"));
    CHECK(record.failed_again == "setresuid -1 0 -1");
}

TEST_CASE("groups that can be changed back, though the user cannot") {
    Record record;
    record.fail("capset 0xffff", 1, EPERM);
    record.fail_again(2); // setresuid(-1, 0, -1)
    record.rights.forbids_nothing = true;
    SECTION("the group") {
        CHECK(refusal(record, RunAs{1000, 100}) ==
              messages::line("run as: group: can be changed back"));
    }
    SECTION("the list alone, where the group is root's") {
        CHECK(refusal(record, RunAs{1000, 0}) ==
              messages::line("run as: group list: can be changed back"));
    }
    CHECK(record.failed_again == "setresuid -1 0 -1");
}

TEST_CASE("a root that is another directory than the one that was opened") {
    Record record;
    record.files["/jail"] = {7, S_IFDIR};
    record.files["/jail"].owner = 0;
    record.files["/"] = {8, S_IFDIR};
    CHECK(refusal(record, Chroot<"/jail">{}) == messages::line("chroot: /: is another directory"));
}

TEST_CASE("a working directory is inside the new root") {
    Record record;
    record.files["/jail"] = {7, S_IFDIR};
    record.files["/jail"].owner = 0;
    record.files["/"] = {7, S_IFDIR};
    const Daemonizer service{RecordingHost{&record},
                             NoFork{},
                             KeepStdio{},
                             KeepSignals{},
                             KeepUmask{},
                             KeepDescriptors{},
                             Chroot<"/jail">{},
                             WorkingDirectory<"/data">{}};
    CHECK(recording::run(service, [] {}) == 0);
    CHECK(record.calls == Calls{"open /jail", "status 3", "getresuid", "fchdir 3", "chroot .",
                                "chdir /", "status 3", "status /", "close 3", "chdir /data"});
}

TEST_CASE("ids that are none") {
    Record record;
    SECTION("a user of -1") {
        CHECK(refusal(record, RunAs{-1, 0}) ==
              messages::line("run as: user: is no id from 0 to 4294967294"));
    }
    SECTION("a group of 2^32 - 1") {
        CHECK(refusal(record, RunAs{0, 4294967295U}) ==
              messages::line("run as: group: is no id from 0 to 4294967294"));
    }
    SECTION("a user of 2^32") {
        CHECK(refusal(record, RunAs{4294967296, 0}) ==
              messages::line("run as: user: is no id from 0 to 4294967294"));
    }
    CHECK(record.calls == Calls{"write 2"});
}

TEST_CASE("threads that would keep their rights") {
    Record record;
    record.knows_one_thread = false;
    record.tasks = 4;
    const auto expected = messages::line(
        "threads: start: more than one thread is running; the others would keep their rights");
    SECTION("a user") { CHECK(refusal(record, RunAs{0, 0}) == expected); }
    SECTION("capabilities") { CHECK(refusal(record, KeepCapabilities<>{}) == expected); }
    SECTION("new privileges") { CHECK(refusal(record, NoNewPrivileges{}) == expected); }
}

TEST_CASE("limits, each in a slot of its own") {
    Record record;
    const auto service = in_place(record, Limit<RLIMIT_NOFILE, 1024, 4096>{},
                                  Limit<RLIMIT_NPROC, 5>{}, Limit<RLIMIT_STACK, 1, RLIM_INFINITY>{},
                                  NoCoreDumps{}, LockMemory{}, Nice<-5>{}, ProcessName<"x">{});
    CHECK(recording::run(service, [] {}) == 0);
    CHECK(record.calls == Calls{"name x", "nice -5", "set_limit 4 0 0", "set_limit 6 5 5",
                                "set_limit 3 1 " + std::to_string(RLIM_INFINITY),
                                "set_limit 7 1024 4096", "lock_memory", "set_dumpable off",
                                "is_dumpable"});
}

TEST_CASE("a limit above the hard one") {
    Record record;
    record.rights.sets = {};
    SECTION("on processes") {
        CHECK(refusal(record, Limit<RLIMIT_NPROC, 1, 5000>{}) ==
              messages::line("limit: processes: 5000 is above the hard limit of 4096, needs "
                             "CAP_SYS_RESOURCE"));
    }
    SECTION("on files") {
        CHECK(refusal(record, Limit<RLIMIT_NOFILE, 1, RLIM_INFINITY>{}) ==
              messages::line("limit: open files: unlimited is above the hard limit of 4096, needs "
                             "CAP_SYS_RESOURCE and no lower fs.nr_open"));
    }
}

TEST_CASE("priorities that are refused") {
    Record record;
    record.files["/proc/self/oom_score_adj"] = {9};
    record.contents["/proc/self/oom_score_adj"] = "0\n";
    SECTION("nice") {
        record.fail("nice", 1, EACCES);
        CHECK(refusal(record, Nice<-1>{}) ==
              messages::line("nice: priority: Permission denied, needs CAP_SYS_NICE or "
                             "RLIMIT_NICE"));
    }
    SECTION("oom score") {
        record.fail("write 3", 1, EACCES);
        CHECK(refusal(record, OomScore<-1>{}) ==
              messages::line("oom score: /proc/self/oom_score_adj: Permission denied, needs "
                             "CAP_SYS_RESOURCE"));
        CHECK(record.descriptors_above_stdio().empty());
    }
    SECTION("oom score without /proc") {
        record.files.erase("/proc/self/oom_score_adj");
        CHECK(refusal(record, OomScore<-1>{}) ==
              messages::line("oom score: /proc/self/oom_score_adj: No such file or directory"));
    }
    SECTION("memory") {
        record.fail("lock_memory", 1, EPERM);
        CHECK(
            refusal(record, LockMemory{}) ==
            messages::line("lock memory: mlockall: Operation not permitted, needs CAP_IPC_LOCK or "
                           "a higher RLIMIT_MEMLOCK"));
    }
}

TEST_CASE("the oom score that is written") {
    Record record;
    record.files["/proc/self/oom_score_adj"] = {9};
    CHECK(recording::run(in_place(record, OomScore<-1000>{}), [] {}) == 0);
    CHECK(record.written[3] == "-1000");
    CHECK(record.calls == Calls{"open /proc/self/oom_score_adj", "write 3", "close 3"});
}

TEST_CASE("an oom score that cannot be written, and is inherited") {
    Record record;
    const std::string path = "/proc/self/oom_score_adj";
    record.files[path] = {9};
    const std::string call = GENERATE("open /proc/self/oom_score_adj", "write 3");
    record.fail(call, 1, EACCES);
    SECTION("as it is to be") {
        record.contents[path] = "-1000\n";
        CHECK(recording::run(in_place(record, OomScore<-1000>{}), [] {}) == 0);
    }
    SECTION("and is another one") {
        record.contents[path] = GENERATE("-100\n", "-10000\n", "-1001\n", "-1000", "");
        CHECK(refusal(record, OomScore<-1000>{}).find("oom score: " + path + ": Permission") !=
              std::string::npos);
    }
    CHECK(record.descriptors_above_stdio().empty());
}
