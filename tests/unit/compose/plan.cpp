// SPDX-License-Identifier: BSL-1.0
// What a composition is, decided when it is compiled.
#include "catch.hpp"

#include <daemonizer/daemonizer.hpp>

#include <array>
#include <csignal>
#include <string>
#include <type_traits>
#include <vector>

using namespace daemonizer;

namespace {

template <class... Policies>
using implementation = typename Daemonizer<Policies...>::implementation;

template <class A, class B>
constexpr bool same = std::is_same_v<A, B>;

using Pid = PidFile<"/run/x.pid">;
using Log = LogStdio<"/x.log">;
using Signals = SignalFd<SIGTERM, SIGHUP>;

/// The name of each step, in the order in which they run.
template <class... Steps>
constexpr auto names(detail::sequence<Steps...>) -> std::array<const char*, sizeof...(Steps)> {
    return {Steps::step::name...};
}
template <class Implementation>
struct plan_of;
template <class... Policies>
struct plan_of<Composition<Policies...>> {
    using type = detail::Plan<Policies...>;
};
template <class... Policies>
using plan = typename plan_of<implementation<Policies...>>::type;

template <class Implementation>
struct core_of;
template <class... Policies>
struct core_of<Composition<Policies...>> {
    using type = detail::StartData<Policies...>;
};
/// Whether the launcher knows which memory its undoing reads, and copies the rest of what it needs.
template <class... Policies>
constexpr bool launcher_can_do_without_memory = [] {
    using core = typename core_of<implementation<Policies...>>::type;
    return plan<Policies...>::in_launcher::template show_their_texts<core> &&
           std::is_trivially_copyable_v<core> && sizeof(core) <= 16 << 10;
}();

template <std::size_t Size>
auto listed(const std::array<const char*, Size>& found) -> std::vector<std::string> {
    return {found.begin(), found.end()};
}
using Names = std::vector<std::string>;

} // namespace

TEST_CASE("all spellings of a composition are one implementation") {
    using one = implementation<DoubleFork, Log, Pid, Signals>;
    STATIC_REQUIRE(same<one, implementation<Signals, Pid, Log, DoubleFork>>);
    STATIC_REQUIRE(same<one, implementation<Pid, DoubleFork, Signals, Log>>);
    STATIC_REQUIRE(same<one, implementation<Log, Pid, Signals>>); // DoubleFork is the default
    STATIC_REQUIRE(same<one, implementation<Umask<022>, PosixHost, Log, Pid, Signals>>);
    STATIC_REQUIRE_FALSE(same<one, implementation<SingleFork, Log, Pid, Signals>>);
    STATIC_REQUIRE_FALSE(same<one, implementation<Log, PidFile<"/run/y.pid">, Signals>>);

    STATIC_REQUIRE(same<implementation<IgnoreSignals<SIGPIPE>, StartTimeout<5>, Syslog<"x">>,
                        implementation<Syslog<"x">, IgnoreSignals<SIGPIPE>, StartTimeout<5>>>);
}

TEST_CASE("the policies of slots that are not filled") {
    STATIC_REQUIRE(
        same<implementation<>, Composition<PosixHost, DoubleFork, NoSockets, NoNotify, Umask<022>,
                                           WorkingDirectory<"/">, DefaultSignals, NoPidFile,
                                           CloseDescriptors<>, NullStdio, NoUpgrade, NoLandlock>>);
    STATIC_REQUIRE(same<implementation<>,
                        implementation<DoubleFork, NullStdio, NoPidFile, DefaultSignals, Umask<>>>);
}

TEST_CASE("a composition that is known when it is compiled takes no room") {
    STATIC_REQUIRE(same<decltype(Daemonizer{}), Daemonizer<>>);
    STATIC_REQUIRE(sizeof(Daemonizer<>) == 1);
    STATIC_REQUIRE(sizeof(Daemonizer<DoubleFork, Log, Pid, Signals>) == 1);
    STATIC_REQUIRE(
        sizeof(Daemonizer<NoFork, FileStdio<"/dev/null", "/x.log", "/x.log">, PidFile<"x", 0600>,
                          SignalFlag<SIGTERM>, IgnoreSignals<SIGPIPE>, StartTimeout<5>, Syslog<"x">,
                          KeepUmask, WorkingDirectory<"/srv">, CloseDescriptors<5, 6>>) == 1);
}

TEST_CASE("what is given at run time takes its own room, and no more") {
    constexpr auto pointer = sizeof(char*);
    STATIC_REQUIRE(sizeof(Daemonizer<LogStdio<>>) == pointer);
    STATIC_REQUIRE(sizeof(Daemonizer<FileStdio<>>) == 3 * pointer);
    STATIC_REQUIRE(sizeof(Daemonizer<PidFile<>>) == sizeof(PidFile<>));
    STATIC_REQUIRE(sizeof(PidFile<>) <= 2 * pointer);
    STATIC_REQUIRE(sizeof(Daemonizer<PidFile<>, LogStdio<>, Signals>) ==
                   sizeof(PidFile<>) + pointer);
}

TEST_CASE("a composition is a literal value") {
    STATIC_REQUIRE(std::is_trivially_copyable_v<Daemonizer<PidFile<>, LogStdio<>>>);
    STATIC_REQUIRE(std::is_default_constructible_v<Daemonizer<Log, Pid>>);
    STATIC_REQUIRE_FALSE(std::is_default_constructible_v<Daemonizer<Log, PidFile<>>>);
    static constexpr Daemonizer service{PidFile{"/run/x.pid", 0600}, Signals{}, LogStdio{"/x.log"}};
    STATIC_REQUIRE(same<decltype(service), const Daemonizer<PidFile<>, Signals, LogStdio<>>>);
}

TEST_CASE("steps run in the order of phases, in a phase in the order of slots") {
    using rich = plan<Syslog<"x">, Log, StartTimeout<5>, IgnoreSignals<SIGPIPE>, Pid, Signals>;
    CHECK(listed(names(rich::in_launcher{})) == Names{"threads", "pid file", "stdio"});
    CHECK(listed(names(rich::in_daemon{})) ==
          Names{"umask", "directory", "pid file", "signals", "signals", "ignored signals",
                "pid file", "descriptors", "stdio", "syslog", "pid file", "stdio", "pid file"});

    CHECK(listed(names(plan<>::in_daemon{})) ==
          Names{"umask", "directory", "signals", "descriptors", "stdio", "stdio"});
}

TEST_CASE("a step that no policy asks for is not there") {
    using nothing = plan<NoFork, KeepStdio, KeepSignals, KeepUmask, KeepDirectory, KeepDescriptors>;
    STATIC_REQUIRE(same<nothing::in_launcher, detail::sequence<>>);
    CHECK(listed(names(nothing::in_daemon{})) == Names{"signals"}); // which does nothing
}

TEST_CASE("the order of phases") {
    STATIC_REQUIRE(phase::check < phase::detach);
    STATIC_REQUIRE(phase::detach < phase::session);
    STATIC_REQUIRE(phase::session < phase::record);
    STATIC_REQUIRE(phase::record < phase::signals);
    STATIC_REQUIRE(phase::signals < phase::descriptors);
    STATIC_REQUIRE(phase::descriptors < phase::targets);
    STATIC_REQUIRE(phase::targets < phase::identity);
    STATIC_REQUIRE(phase::identity < phase::stdio);
    STATIC_REQUIRE(phase::stdio < phase::named);
}

TEST_CASE("what needs something that a later step gives does not fit") {
    using namespace detail::planning;
    STATIC_REQUIRE(same<plan<Pid>::verdict, fits>);
    // Nothing gives capability::dispositions where there is no signal policy.
    STATIC_REQUIRE(same<detail::Plan<PosixHost, NoFork, IgnoreSignals<SIGPIPE>>::verdict,
                        unmet<IgnoreSignals<SIGPIPE>::Ignore, capability::dispositions>>);
}

TEST_CASE("no policy of the library keeps a launcher from giving its memory back") {
    STATIC_REQUIRE(launcher_can_do_without_memory<>);
    STATIC_REQUIRE(launcher_can_do_without_memory<Log, Pid, Signals, StartTimeout<5>, Monitor<3, 9>,
                                                  Syslog<"x">, IgnoreSignals<SIGPIPE>>);
    STATIC_REQUIRE(
        launcher_can_do_without_memory<AutoFork, SystemdNotify, DescriptorNotify<3>, Watchdog,
                                       ListenSockets, SignalFd<SIGUSR2>, Upgrade<SIGUSR2>>);
    STATIC_REQUIRE(launcher_can_do_without_memory<DescriptorNotify<>, JournalStdio<"x">, StderrLog,
                                                  SignalFlag<SIGTERM>, CloseDescriptors<9>>);
    STATIC_REQUIRE(launcher_can_do_without_memory<FileStdio<>, WorkingDirectory<>, Umask<077>>);
    STATIC_REQUIRE(
        launcher_can_do_without_memory<RunAs<"a", "b">, Chroot<"/x">, KeepCapabilities<1>,
                                       NoNewPrivileges, Limit<RLIMIT_CORE, 0>, NoCoreDumps,
                                       OomScore<1>, Nice<1>, CleanEnvironment<"TZ">, LockMemory,
                                       ProcessName<"x">, Landlock<ReadOnly<"/">>,
                                       DenySystemCalls<system_calls::mount>>);
}
