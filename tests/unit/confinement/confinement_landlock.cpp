// SPDX-License-Identifier: BSL-1.0
// Landlock on every ABI, with every call that may fail, and what `confinement()` says of it.
#include "fail_each.hpp"
#include "messages.hpp"

using namespace daemonizer;
using recording::Record, recording::RecordingHost;
namespace rights = daemonizer::detail::landlock;

namespace {

/// Runs after Landlock and tells the test what came of it.
template <class Policy>
struct Ask {
    Confinement* answer;

    struct Read : step<phase::identity> {
        static constexpr const char* name = "ask";
        static auto run(const auto& start, const Ask& policy) -> bool {
            *policy.answer = start.core.template state<Policy>().confinement;
            return true;
        }
    };
    struct slot : own_slot {
        static constexpr const char* name = "ask";
    };
    using steps = step_list<Read>;
};

struct Outcome {
    int status;
    Confinement confinement;
};

template <class Policy>
auto confine(Record& record) -> Outcome {
    Outcome outcome{};
    const Daemonizer service{
        RecordingHost{&record}, NoFork{},    KeepStdio{},
        KeepSignals{},          KeepUmask{}, KeepDirectory{},
        KeepDescriptors{},      Policy{},    Ask<Policy>{&outcome.confinement}};
    outcome.status = recording::run(service, [] {});
    return outcome;
}

auto with_files() -> Record {
    Record record;
    record.files["/usr"] = {40, S_IFDIR};
    record.files["/var/lib/x"] = {41, S_IFDIR};
    record.files["/etc/x.conf"] = {42, S_IFREG};
    return record;
}

using Usual = Landlock<ReadOnly<"/usr", "/etc/x.conf">, ReadWrite<"/var/lib/x">, BindTcp<80, 8080>,
                       ConnectTcp<443>>;
using Strict = Landlock<ReadOnly<"/usr">, Required>;

auto called(const Record& record, const std::string& beginning) {
    return std::count_if(record.calls.begin(), record.calls.end(),
                         [&](const std::string& call) { return call.rfind(beginning, 0) == 0; });
}

} // namespace

static_assert(std::is_empty_v<Usual> && sizeof(Daemonizer<Usual>) == 1);
static_assert(Policy<Usual> && Policy<Strict>);

TEST_CASE("Landlock: one ruleset for files and ports, opened, filled and closed in this order") {
    Record record = with_files();
    const Outcome outcome = confine<Usual>(record);
    CHECK(outcome.status == 0);
    CHECK(record.calls ==
          std::vector<std::string>{
              "landlock_abi", "landlock_ruleset 0xffff 3 3 size 24", "status /",
              // read and list; a file has no right to be listed
              "open /usr", "status 4", "landlock_allow_path 3 0xc 4", "close 4", //
              "open /etc/x.conf", "status 4", "landlock_allow_path 3 0x4 4", "close 4",
              // all but execute, make_char and make_block
              "open /var/lib/x", "status 4", "landlock_allow_path 3 0xf7be 4", "close 4",
              "landlock_allow_port 3 1 80", "landlock_allow_port 3 1 8080",
              "landlock_allow_port 3 2 443", //
              "set_no_new_privileges", "landlock_restrict 3", "open /", "close 3"});
    CHECK(record.opened_with["/usr"] == (O_PATH | O_CLOEXEC));
    CHECK(record.mistakes.empty());
    CHECK(record.descriptors_above_stdio().empty());
    CHECK(outcome.confinement.enforced() == Confinement::fully);
    CHECK(outcome.confinement.abi() == 7);
    CHECK(outcome.confinement.text() == std::string{"fully"});
}

TEST_CASE("Landlock: the rights of each ABI, and what the policy then lacks") {
    struct Row {
        int abi;
        const char* ruleset; // "" where none is made
        Confinement::level level;
        unsigned lacks;
        int said = abi; // by confinement()
    };
    using enum Confinement::part;
    const auto row = GENERATE(values<Row>({
        {-ENOSYS, "", Confinement::none, Confinement::all, 0},
        {-EOPNOTSUPP, "", Confinement::none, Confinement::all, 0},
        {-EPERM, "", Confinement::none, Confinement::all, 0},
        {0, "", Confinement::none, Confinement::all, 0}, // something answers for the kernel
        {1, "0x1fff 0 0 size 8", Confinement::partly,
         truncation | tcp | devices | abstract_sockets | signals},
        {2, "0x3fff 0 0 size 8", Confinement::partly,
         truncation | tcp | devices | abstract_sockets | signals},
        {3, "0x7fff 0 0 size 8", Confinement::partly, tcp | devices | abstract_sockets | signals},
        {4, "0x7fff 3 0 size 16", Confinement::partly, devices | abstract_sockets | signals},
        {5, "0xffff 3 0 size 16", Confinement::partly, abstract_sockets | signals},
        {6, "0xffff 3 3 size 24", Confinement::fully, 0},
        {7, "0xffff 3 3 size 24", Confinement::fully, 0},
        {10, "0xffff 3 3 size 24", Confinement::fully, 0, 7}, // rights that we do not know
    }));
    Record record = with_files();
    record.landlock_reports = record.landlock_knows = row.abi;
    const Outcome outcome = confine<Usual>(record);
    INFO("ABI " << row.abi);
    CHECK(outcome.status == 0);
    CHECK(outcome.confinement.abi() == row.said);
    CHECK(outcome.confinement.enforced() == row.level);
    for (const auto part : {files, truncation, tcp, devices, abstract_sockets, signals}) {
        INFO("part " << part);
        CHECK(outcome.confinement.lacks(part) == ((row.lacks & part) != 0));
        CHECK(outcome.confinement.enforces(part) == ((row.lacks & part) == 0));
    }
    CHECK(called(record, "landlock_ruleset") == (*row.ruleset != '\0'));
    CHECK(called(record, std::string{"landlock_ruleset "} + row.ruleset) == (*row.ruleset != '\0'));
    CHECK(called(record, "landlock_restrict") == (*row.ruleset != '\0'));
    CHECK(called(record, "landlock_allow_port") == ((row.abi >= 4) ? 3 : 0));
    CHECK(record.descriptors_above_stdio().empty());
}

TEST_CASE("Landlock: a kernel that reports more than it knows is asked for less") {
    Record record = with_files();
    SECTION("an older one") {
        record.landlock_knows = 2;
        const Outcome outcome = confine<Usual>(record);
        CHECK(outcome.status == 0);
        CHECK(outcome.confinement.abi() == 2);
        CHECK(outcome.confinement.enforced() == Confinement::partly);
        CHECK(called(record, "landlock_ruleset") == 6);
        CHECK(called(record, "landlock_restrict") == 1);
    }
    SECTION("one that knows nothing") {
        record.landlock_knows = 0;
        const Outcome outcome = confine<Usual>(record);
        CHECK(outcome.status == 0);
        CHECK(outcome.confinement.enforced() == Confinement::none);
        CHECK(called(record, "landlock_restrict") == 0);
    }
    SECTION("where all is required") {
        record.landlock_knows = GENERATE(0, 5);
        CHECK(confine<Strict>(record).status == 1);
        CHECK(called(record, "landlock_restrict") == 0);
        CHECK(record.descriptors_above_stdio().empty());
    }
}

TEST_CASE("Landlock: what is required and missing fails the start in words") {
    struct Row {
        int abi;
        const char* said;
    };
    const auto row = GENERATE(values<Row>({
        {-ENOSYS, "has no Landlock"},
        {0, "has no Landlock"},
        {-EOPNOTSUPP, "has Landlock switched off (lsm= at its boot)"},
        {-EPERM, "lets nobody here use Landlock"},
        {1, "is too old for all that is required: its Landlock ABI is 1"},
        {5, "is too old for all that is required: its Landlock ABI is 5"},
    }));
    Record record = with_files();
    record.landlock_reports = record.landlock_knows = row.abi;
    CHECK(confine<Strict>(record).status == 1);
    CHECK(record.written[2] == messages::line(std::string{"Landlock: kernel: "} + row.said));
    CHECK(record.descriptors_above_stdio().empty());
    CHECK(called(record, "landlock_restrict") == 0);
}

TEST_CASE("Landlock: Required is what the policy has parts of, and RequiredAbi what it says") {
    const auto status = [](auto policy, int abi) {
        Record record = with_files();
        record.landlock_reports = record.landlock_knows = abi;
        return confine<decltype(policy)>(record).status;
    };
    using Files = Landlock<ReadOnly<"/usr">, AnyTcp, AnySignal, AnyAbstractSocket, Required>;
    CHECK(status(Files{}, 4) == 1);
    CHECK(status(Files{}, 5) == 0);
    CHECK(status(Landlock<ReadOnly<"/usr">, AnySignal, Required>{}, 5) == 1);
    CHECK(status(Landlock<ReadOnly<"/usr">, RequiredAbi<2>>{}, 1) == 1);
    CHECK(status(Landlock<ReadOnly<"/usr">, RequiredAbi<2>>{}, 2) == 0);
    CHECK(status(Landlock<ReadOnly<"/usr">, RequiredAbi<7>, Required>{}, 6) == 1);
    CHECK(status(Landlock<ReadOnly<"/usr">, RequiredAbi<2>, Required>{}, 5) == 1);
}

TEST_CASE("Landlock: what a word leaves alone is not taken away") {
    Record record = with_files();
    const Outcome outcome =
        confine<Landlock<Execute<"/usr">, AnyTcp, AnySignal, AnyAbstractSocket>>(record);
    CHECK(record.calls[1] == "landlock_ruleset 0xffff 0 0 size 24");
    CHECK(record.calls[5] == "landlock_allow_path 3 0xd 4");
    CHECK(outcome.confinement.enforced() == Confinement::fully);
    CHECK_FALSE(outcome.confinement.enforces(Confinement::tcp));
    CHECK_FALSE(outcome.confinement.lacks(Confinement::tcp));

    record = with_files();
    confine<Landlock<ReadOnly<"/usr">, AnySignal>>(record);
    CHECK(record.calls[1] == "landlock_ruleset 0xffff 3 1 size 24");
    record = with_files();
    confine<Landlock<ReadOnly<"/usr">, AnyAbstractSocket>>(record);
    CHECK(record.calls[1] == "landlock_ruleset 0xffff 3 2 size 24");
}

TEST_CASE("Landlock: a path that is missing fails the start, or is passed over where told so") {
    Record record = with_files();
    SECTION("an error") {
        CHECK(confine<Landlock<ReadOnly<"/usr", "/lib64">>>(record).status == 1);
        CHECK(record.written[2] == messages::line("Landlock: /lib64: No such file or directory"));
        CHECK(called(record, "landlock_restrict") == 0);
    }
    SECTION("passed over") {
        CHECK(confine<Landlock<IfExists<ReadOnly<"/lib64", "/usr">>>>(record).status == 0);
        CHECK(called(record, "landlock_allow_path 3 0xc") == 1);
    }
    SECTION("but not for another error") {
        record.fail("open /lib64", 1, EACCES);
        CHECK(confine<Landlock<IfExists<ReadOnly<"/lib64">>>>(record).status == 1);
        CHECK(record.written[2] == messages::line("Landlock: /lib64: Permission denied"));
    }
    CHECK(record.descriptors_above_stdio().empty());
}

TEST_CASE("Landlock: a kernel without TCP has no ports to allow") {
    Record record = with_files();
    record.fail("landlock_allow_port", 1, EAFNOSUPPORT);
    const Outcome outcome = confine<Usual>(record);
    CHECK(outcome.status == 0);
    CHECK(outcome.confinement.enforced() == Confinement::fully);
}

TEST_CASE("Landlock: a confinement that is answered for and not there is found out") {
    Record record = with_files();
    record.confinement_works = false;
    SECTION("by a try that must fail") {
        CHECK(confine<Usual>(record).status == 1);
        CHECK(record.written[2] ==
              messages::line("Landlock: restrict: what was forbidden is still allowed"));
    }
    SECTION("unless the policy allows even that") {
        record.files["/top"] = {2, S_IFDIR}; // the root directory by another name
        CHECK(confine<Landlock<ReadOnly<"/top">>>(record).status == 0);
        CHECK(called(record, "open /") == 1);
    }
    CHECK(record.descriptors_above_stdio().empty());
}

namespace {
struct Expected {
    const char* call;
    const char* what; ///< "" where the start goes on
};
} // namespace

TEST_CASE("Landlock: every call may fail, and no start goes on with less than it says") {
    const std::vector<Expected> table{
        {"landlock_abi", "ABI"},
        {"landlock_ruleset", "ruleset"},
        {"status /", "/"},
        {"open /usr", "/usr"},
        {"status 4", "/usr"},
        {"landlock_allow_path", "/usr"},
        {"close 4", ""}, // the descriptor is closed even so
        {"open /var/lib/x", "/var/lib/x"},
        {"status 4", "/var/lib/x"},
        {"landlock_allow_path", "/var/lib/x"},
        {"close 4", ""},
        {"landlock_allow_port", "TCP port"},
        {"set_no_new_privileges", "PR_SET_NO_NEW_PRIVS"},
        {"landlock_restrict", "restrict"},
        {"open /", ""}, // the try: it is to fail
        {"close 3", ""},
    };
    const auto start = [](Record& record) {
        record.files = with_files().files;
        const Outcome outcome =
            confine<Landlock<ReadOnly<"/usr">, ReadWrite<"/var/lib/x">, BindTcp<80>>>(record);
        CHECK((outcome.status != 0 || outcome.confinement.enforced() == Confinement::fully));
        return outcome.status;
    };
    fail_each(start, table, 0, [](const Expected& row, const Record& record, int status) {
        CHECK(status == (*row.what == '\0' ? 0 : 1));
        CHECK((status != 0 || record.has_landlock));
        if (status != 0)
            CHECK(record.written.at(2) ==
                  messages::line(std::string{"Landlock: "} + row.what + ": Input/output error"));
        CHECK(record.descriptors_above_stdio().empty());
    });
}

namespace {
/// Stands for the handle that the members are mixed into.
struct Base {
    Usual::state state{Confinement{4, Confinement::all}};
    template <class Policy>
    auto state_of() -> auto& {
        static_assert(std::is_same_v<Policy, Usual>);
        return state;
    }
};
} // namespace

TEST_CASE("Landlock: daemon.confinement() is what the step found") {
    Usual::members<Base> daemon{};
    CHECK(daemon.confinement().enforced() == Confinement::partly);
    CHECK(daemon.confinement().text() == std::string{"partly"});
    CHECK(Confinement{}.text() == std::string{"none"});
}
