// SPDX-License-Identifier: BSL-1.0
// The filters of DenySystemCalls, run by an interpreter over every number of this machine.
#include "fail_each.hpp"
#include "messages.hpp"

#include <set>

using namespace daemonizer;
using namespace daemonizer::detail;
using recording::Record, recording::RecordingHost;

namespace {

constexpr std::uint32_t allowed = 0x7fff0000, killed = 0x80000000, refused = 0x00050000 + EPERM,
                        not_there = 0x00050000 + ENOSYS, broken = 1;

/// What the kernel gives a filter: 32-bit words in the machine's order.
struct Data {
    std::uint32_t words[16]{};

    constexpr Data(std::uint32_t number, std::uint32_t arch,
                   std::endian order = std::endian::native, std::uint64_t first = 0,
                   std::uint64_t second = 0) {
        words[0] = number;
        words[1] = arch;
        const std::size_t low = order == std::endian::big ? 1 : 0;
        words[4 + low] = static_cast<std::uint32_t>(first);
        words[5 - low] = static_cast<std::uint32_t>(first >> 32);
        words[6 + low] = static_cast<std::uint32_t>(second);
        words[7 - low] = static_cast<std::uint32_t>(second >> 32);
    }
};

/// Classic BPF as seccomp(2) admits it, and `broken` for a program that the kernel would refuse.
constexpr auto interpret(const FilterInstruction* code, std::size_t size, const Data& data)
    -> std::uint32_t {
    std::uint32_t value = 0;
    for (std::size_t at = 0; at < size;) {
        const auto& instruction = code[at++];
        bool holds = false;
        switch (instruction.code) {
        case 0x20:
            if (instruction.value % 4 != 0 || instruction.value >= sizeof data.words)
                return broken;
            value = data.words[instruction.value / 4];
            continue;
        case 0x06:
            return instruction.value;
        case 0x15:
            holds = value == instruction.value;
            break;
        case 0x25:
            holds = value > instruction.value;
            break;
        case 0x35:
            holds = value >= instruction.value;
            break;
        case 0x45:
            holds = (value & instruction.value) != 0;
            break;
        default:
            return broken;
        }
        at += holds ? instruction.if_true : instruction.if_false;
    }
    return broken; // it runs past its end
}

constexpr auto judge(const FilterWriter& filter, const Data& data) -> std::uint32_t {
    return interpret(filter.code, filter.size, data);
}

constexpr std::array every_group{
    system_calls::mount, system_calls::module,      system_calls::reboot, system_calls::swap,
    system_calls::clock, system_calls::keyring,     system_calls::ptrace, system_calls::bpf,
    system_calls::perf,  system_calls::userfaultfd, system_calls::kexec,  system_calls::namespaces};

constexpr auto all_rules() -> GroupRules {
    GroupRules rules;
    for (const auto group : every_group)
        add_group(rules, group);
    return rules;
}
constexpr FilterWriter everything = assemble_filter(this_machine, all_rules());

/// By names of the toolchain's own, where it has them.
auto numbers_of(system_calls group) -> std::set<std::uint32_t> {
    switch (group) {
    case system_calls::mount: {
        std::set<std::uint32_t> numbers{SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot, 467};
#ifdef SYS_umount
        numbers.insert(SYS_umount);
#endif
#ifdef SYS_mount_setattr
        numbers.insert({SYS_open_tree, SYS_move_mount, SYS_fsopen, SYS_fsconfig, SYS_fsmount,
                        SYS_fspick, SYS_mount_setattr});
#else
        numbers.insert({428, 429, 430, 431, 432, 433, 442});
#endif
        return numbers;
    }
    case system_calls::module:
        return {SYS_init_module, SYS_finit_module, SYS_delete_module};
    case system_calls::reboot:
        return {SYS_reboot};
    case system_calls::swap:
        return {SYS_swapon, SYS_swapoff};
    case system_calls::clock: {
        std::set<std::uint32_t> numbers{SYS_settimeofday, SYS_clock_settime, SYS_adjtimex,
                                        SYS_clock_adjtime};
#ifdef SYS_stime
        numbers.insert(SYS_stime);
#endif
#ifdef SYS_clock_settime64
        numbers.insert({SYS_clock_settime64, SYS_clock_adjtime64});
#endif
        return numbers;
    }
    case system_calls::keyring:
        return {SYS_add_key, SYS_request_key, SYS_keyctl};
    case system_calls::ptrace:
        return {SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_kcmp, 438};
    case system_calls::bpf:
        return {SYS_bpf};
    case system_calls::perf:
        return {SYS_perf_event_open};
    case system_calls::userfaultfd:
        return {SYS_userfaultfd};
    case system_calls::kexec:
#ifdef SYS_kexec_file_load
        return {SYS_kexec_load, SYS_kexec_file_load};
#else
        return {SYS_kexec_load};
#endif
    case system_calls::namespaces:
        return {SYS_setns};
    }
    return {};
}

constexpr auto here(std::uint32_t number, std::uint64_t first = 0, std::uint64_t second = 0) {
    return Data{number, architecture, std::endian::native, first, second};
}

#if defined(__s390x__)
constexpr auto clone_with(std::uint64_t flags) { return here(SYS_clone, 0x1000, flags); }
#else
constexpr auto clone_with(std::uint64_t flags) { return here(SYS_clone, flags, 0x1000); }
#endif

/// What `unit` prints.
struct Unit {
    std::vector<std::string> lines;
    void line(const char* key, const char* value) {
        lines.push_back(std::string{key} + "=" + value);
    }
};

} // namespace

static_assert(everything.size != 0 && everything.size < 100);
static_assert(judge(everything, here(SYS_reboot)) == refused);
static_assert(judge(everything, here(SYS_read)) == allowed);

TEST_CASE("filter: a group refuses its calls and no other") {
    for (const auto group : every_group) {
        GroupRules rules;
        add_group(rules, group);
        const FilterWriter filter = assemble_filter(this_machine, rules);
        const auto numbers = numbers_of(group);
        for (std::uint32_t number = 0; number <= newest_system_call; ++number) {
            INFO("group " << static_cast<int>(group) << ", number " << number);
            const bool makes_namespaces = group == system_calls::namespaces && number == 435;
            CHECK(judge(filter, here(number)) == (numbers.count(number) != 0 ? refused
                                                  : makes_namespaces         ? not_there
                                                                             : allowed));
        }
    }
}

TEST_CASE("filter: all groups together refuse what each of them does") {
    std::set<std::uint32_t> all;
    for (const auto group : every_group)
        all.merge(numbers_of(group));
    for (std::uint32_t number = 0; number <= newest_system_call; ++number) {
        INFO("number " << number);
        CHECK(judge(everything, here(number)) == (all.count(number) != 0 ? refused
                                                  : number == 435        ? not_there
                                                                         : allowed));
    }
}

TEST_CASE("filter: calls that nobody knew are not there") {
    for (const std::uint32_t number :
         {newest_system_call + 1, 0x3fffffffU, 0x40000000U, 0x40000027U, 0x7fffffffU, 0x80000000U,
          0xf0000U, 0xf0007U, ~0U}) {
        INFO("number " << number);
        CHECK(judge(everything, here(number)) == not_there);
    }
    CHECK(judge(everything, here(newest_system_call)) == allowed);
}

TEST_CASE("filter: the calls of 32-bit ARM's own go on there") {
    const FilterMachine arm{0x40000028, newest_system_call, {0xf0001, 0xf0006}};
    const FilterWriter filter = assemble_filter(arm, all_rules());
    const auto on_arm = [](std::uint32_t number) { return Data{number, 0x40000028}; };
    CHECK(judge(filter, on_arm(0xf0000)) == not_there);
    CHECK(judge(filter, on_arm(0xf0001)) == allowed);
    CHECK(judge(filter, on_arm(0xf0005)) == allowed); // set_tls: a child's first call
    CHECK(judge(filter, on_arm(0xf0006)) == allowed);
    CHECK(judge(filter, on_arm(0xf0007)) == not_there);
    CHECK(judge(filter, on_arm(SYS_reboot)) == refused);
    CHECK(judge(filter, on_arm(SYS_read)) == allowed);
}

TEST_CASE("filter: another architecture is killed, whatever it calls") {
    for (const std::uint32_t other :
         {0U, 0xc000003eU, 0xc00000b7U, 0x40000003U, 0x40000028U, 0xc00000f3U, 0x80000016U}) {
        if (other == architecture)
            continue;
        for (const std::uint32_t number : {0U, 1U, 165U, 472U, 0x40000000U})
            CHECK(judge(everything, Data{number, other}) == killed);
    }
}

TEST_CASE("filter: clone and unshare are judged by their flags") {
    constexpr std::uint64_t thread = 0x3d0f00, fork = 0x01200011, vfork = 0x4111;
    for (const auto flags : {std::uint64_t{0}, thread, fork, vfork, std::uint64_t{17}}) {
        CHECK(judge(everything, clone_with(flags)) == allowed);
        for (const std::uint64_t space : {0x20000ULL, 0x2000000ULL, 0x4000000ULL, 0x8000000ULL,
                                          0x10000000ULL, 0x20000000ULL, 0x40000000ULL})
            CHECK(judge(everything, clone_with(flags | space)) == refused);
    }
    CHECK(judge(everything, here(SYS_unshare, 0x600)) == allowed); // CLONE_FS | CLONE_FILES
    CHECK(judge(everything, here(SYS_unshare, 0x10000000)) == refused);
    CHECK(judge(everything, here(SYS_unshare, 0x80)) == refused); // CLONE_NEWTIME
    CHECK(judge(everything, here(SYS_clone3)) == not_there);
}

TEST_CASE("filter: the low half of an argument is where the machine has it") {
    for (const auto order : {std::endian::little, std::endian::big})
        for (const std::uint8_t argument : {std::uint8_t{0}, std::uint8_t{1}}) {
            FilterMachine machine{0x80000016, newest_system_call};
            machine.order = order;
            CallRules<4> rules;
            rules.add({120, 120, CallRule::answer::refuse_flags, argument, 0x10000000});
            const FilterWriter filter = assemble_filter(machine, rules);
            const auto clone = [&](std::uint64_t flags) {
                return argument == 0 ? Data{120, 0x80000016, order, flags, 0}
                                     : Data{120, 0x80000016, order, 0, flags};
            };
            CHECK(judge(filter, clone(0x10000000)) == refused);
            CHECK(judge(filter, clone(0x1000000000000000)) == allowed); // the high half
            CHECK(judge(filter, clone(17)) == allowed);
        }
}

TEST_CASE("filter: runs are merged, and ten calls are few instructions") {
    CallRules<80> rules;
    for (const std::uint32_t number : {9U, 3U, 4U, 5U, 20U, 21U, 1U, 30U, 40U, 50U})
        rules.add({number, number});
    const FilterWriter filter = assemble_filter({architecture, newest_system_call}, rules);
    CHECK(filter.size <= 26);
    CHECK(filter.size == 17);
    for (std::uint32_t number = 0; number != 60; ++number) {
        INFO("number " << number);
        const bool listed =
            std::set<std::uint32_t>{9, 3, 4, 5, 20, 21, 1, 30, 40, 50}.count(number);
        CHECK(judge(filter, here(number)) == (listed ? refused : allowed));
    }
    rules.merge();
    CHECK(rules.count == 7);
}

TEST_CASE("filter: one that would be too long is none, and no jump that is cut off") {
    CallRules<400> rules;
    for (std::uint32_t number = 0; number != 80; ++number)
        rules.add({number * 3, number * 3 + 1});
    const FilterWriter longest = assemble_filter(this_machine, rules);
    REQUIRE(longest.size != 0);
    for (std::uint32_t number = 0; number != 240; ++number)
        CHECK(judge(longest, here(number)) == (number % 3 != 2 ? refused : allowed));
    rules.add({300, 300});
    CHECK(assemble_filter(this_machine, rules).size == 0);
}

TEST_CASE("groups named twice, or in another order, are one filter") {
    using enum system_calls;
    constexpr auto once = assemble_filter(this_machine, rules_of<mount, swap, namespaces>());
    constexpr auto twice =
        assemble_filter(this_machine, rules_of<namespaces, swap, mount, swap, namespaces>());
    CHECK(once.size == twice.size);
    for (std::size_t i = 0; i != once.size; ++i)
        CHECK(once.code[i] == twice.code[i]);
}

namespace {
template <class Policy>
auto start_with(Record& record) -> int {
    return recording::run(Daemonizer{RecordingHost{&record}, NoFork{}, KeepStdio{}, KeepSignals{},
                                     KeepUmask{}, KeepDirectory{}, KeepDescriptors{}, Policy{}},
                          [] {});
}
using Typical = DenySystemCalls<system_calls::mount, system_calls::namespaces>;
struct Expected {
    const char* call;
    const char* what;
};
} // namespace

static_assert(std::is_empty_v<Typical> && sizeof(Daemonizer<Typical>) == 1);

TEST_CASE("DenySystemCalls: no_new_privs, the filter, and a try of what it refuses") {
    Record record;
    CHECK(start_with<Typical>(record) == 0);
    CHECK(record.calls == std::vector<std::string>{"set_no_new_privileges", "filter", "try"});
    const Data mount = here(SYS_mount);
    CHECK(interpret(record.filter.data(), record.filter.size(), mount) == refused);
    CHECK(interpret(record.filter.data(), record.filter.size(), here(SYS_reboot)) == allowed);
}

TEST_CASE("DenySystemCalls: after Landlock, both last of all that an identity is") {
    Record record;
    record.files["/usr"] = {40, S_IFDIR};
    const Daemonizer service{RecordingHost{&record}, NoFork{}, Typical{}, KeepSignals{},
                             Landlock<ReadOnly<"/usr">>{}};
    CHECK(recording::run(service, [] {}) == 0);
    const auto place = [&](const char* call) {
        return std::find(record.calls.begin(), record.calls.end(), call) - record.calls.begin();
    };
    CHECK(place("open /dev/null") < place("landlock_abi"));
    CHECK(place("landlock_restrict 4") < place("filter"));
    CHECK(place("filter") < place("dup2 3 0"));
}

TEST_CASE("DenySystemCalls: every call may fail, and no start goes on without the filter") {
    const std::vector<Expected> table{
        {"set_no_new_privileges", "PR_SET_NO_NEW_PRIVS: Input/output error"},
        {"filter", "seccomp: Input/output error"},
        {"try", "seccomp: the filter is not in force"},
    };
    fail_each(
        start_with<Typical>, table, 0, [](const Expected& row, const Record& record, int status) {
            CHECK(status == 1);
            CHECK(record.written.at(2) == messages::line(std::string{"system calls: "} + row.what));
        });
}

TEST_CASE("DenySystemCalls: a kernel without filters, and a filter that is only answered for") {
    Record record;
    SECTION("none") {
        record.fail("filter", 1, EINVAL);
        CHECK(start_with<Typical>(record) == 1);
        CHECK(record.written[2] == messages::line("system calls: kernel: has no seccomp filters"));
    }
    SECTION("answered for") {
        record.confinement_works = false;
        CHECK(start_with<Typical>(record) == 1);
        CHECK(record.written[2] ==
              messages::line("system calls: seccomp: the filter is not in force"));
    }
}

TEST_CASE("DenySystemCalls: what a unit says to the same effect") {
    Unit unit;
    DenySystemCalls<system_calls::mount, system_calls::kexec, system_calls::namespaces>{}
        .unit_lines(unit);
    CHECK(unit.lines == std::vector<std::string>{"SystemCallFilter=~@mount",
                                                 "SystemCallFilter=~kexec_load kexec_file_load",
                                                 "RestrictNamespaces=yes",
                                                 "SystemCallErrorNumber=EPERM",
                                                 "SystemCallArchitectures=native"});
    unit.lines.clear();
    for (const auto group : every_group)
        deny_in_unit(unit, group);
    CHECK(std::set(unit.lines.begin(), unit.lines.end()).size() == every_group.size());
}
