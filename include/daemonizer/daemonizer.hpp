// SPDX-License-Identifier: BSL-1.0
// Daemonizer and all policies: what a program includes.
#ifndef DAEMONIZER_DAEMONIZER_HPP
#define DAEMONIZER_DAEMONIZER_HPP

#if __cplusplus < 202002L
#error "daemonizer needs C++20: compile with -std=c++20"
#elif !__has_include(<boost/hana/tuple.hpp>)
#error "daemonizer needs the headers of Boost.Hana; Debian's package is libboost-dev"
#else

// clang-format off
#include <daemonizer/system/toolchain/macros_off.hpp>
// clang-format on

#include <daemonizer/compose/detail/validate.hpp>
#include <daemonizer/confinement/deny_system_calls.hpp>
#include <daemonizer/confinement/landlock.hpp>
#include <daemonizer/host/posix_host.hpp>
#include <daemonizer/identity/chroot.hpp>
#include <daemonizer/identity/keep_capabilities.hpp>
#include <daemonizer/identity/no_new_privileges.hpp>
#include <daemonizer/identity/run_as.hpp>
#include <daemonizer/launch/auto_fork.hpp>
#include <daemonizer/launch/fork.hpp>
#include <daemonizer/launch/handoff_fork.hpp>
#include <daemonizer/launch/monitor.hpp>
#include <daemonizer/launch/start_timeout.hpp>
#include <daemonizer/logging/stderr_log.hpp>
#include <daemonizer/logging/syslog.hpp>
#include <daemonizer/pid_file/pid_file.hpp>
#include <daemonizer/process/descriptors.hpp>
#include <daemonizer/process/directory.hpp>
#include <daemonizer/process/environment.hpp>
#include <daemonizer/process/limit.hpp>
#include <daemonizer/process/lock_memory.hpp>
#include <daemonizer/process/priority.hpp>
#include <daemonizer/process/process_name.hpp>
#include <daemonizer/process/umask.hpp>
#include <daemonizer/signals/ignore_signals.hpp>
#include <daemonizer/signals/signal_fd.hpp>
#include <daemonizer/signals/signal_flag.hpp>
#include <daemonizer/signals/signals.hpp>
#include <daemonizer/stdio/file_stdio.hpp>
#include <daemonizer/stdio/journal_stdio.hpp>
#include <daemonizer/stdio/log_stdio.hpp>
#include <daemonizer/stdio/stdio.hpp>
#include <daemonizer/supervision/descriptor_notify.hpp>
#include <daemonizer/supervision/listen_sockets.hpp>
#include <daemonizer/supervision/systemd_notify.hpp>
#include <daemonizer/supervision/upgrade.hpp>
#include <daemonizer/supervision/watchdog.hpp>
#include <daemonizer/system/abi.hpp>
#include <daemonizer/system/version.hpp>

namespace daemonizer::inline DAEMONIZER_ABI {

namespace detail {

/// The slots that the library knows, in their order, with the defaults.
// clang-format off
using Defaults = planning::types<
    planning::by_default<slots::host, PosixHost>,
    planning::by_default<slots::fork, DoubleFork>,
    planning::by_default<slots::timeout>,
    // Before sockets: it remembers the environment, from which these take their variables.
    planning::by_default<slots::monitor>,
    // Before whatever opens a file: where LISTEN_FDS is too large, that would be taken for a socket.
    planning::by_default<slots::sockets, NoSockets>,
    // Before the others of phase::check: their failures reach the manager, too.
    planning::by_default<slots::notify, NoNotify>,
    planning::by_default<slots::umask, Umask<022>>,
    planning::by_default<slots::directory, WorkingDirectory<"/">>,
    planning::by_default<slots::signals, DefaultSignals>,
    planning::by_default<slots::ignored>,
    // phase::identity. The root first: everything after it takes away a right that it needs. In
    // phase::check before the pid file: a lookup of users may hang, and is ended by Ctrl-C without
    // an undo; nor does it hold another start up.
    planning::by_default<slots::chroot>,
    planning::by_default<slots::run_as>,
    // After signals and ignored: its handlers go only where these left the default disposition.
    planning::by_default<slots::pid, NoPidFile>,
    planning::by_default<slots::descriptors, CloseDescriptors<>>,
    // Before log: it fills 0-2, so that the descriptor of syslog cannot land there.
    planning::by_default<slots::stdio, NullStdio>,
    planning::by_default<slots::log>,
    planning::by_default<slots::descriptor_notify>,
    // After signals and notify: its members wait and ping through theirs.
    planning::by_default<slots::watchdog>,
    // After these three: its members wait, store and find descriptors through theirs.
    planning::by_default<slots::upgrade, NoUpgrade>,
    // In phase::session, the limits of slots::limit after them: they depend on nothing there.
    planning::by_default<slots::environment>,
    planning::by_default<slots::process_name>,
    planning::by_default<slots::oom_score>,
    planning::by_default<slots::nice>,
    // Last in phase::targets: it locks what the others have taken, too.
    planning::by_default<slots::lock_memory>,
    // After the user: the change of it clears the effective and ambient capabilities.
    planning::by_default<slots::keep_capabilities>,
    // After the user and the capabilities: a change of them sets anew whether a dump may be made.
    planning::by_default<slots::no_core_dumps>,
    planning::by_default<slots::no_new_privileges>,
    // Last in phase::identity; the filter after Landlock, whose calls it may come to name.
    planning::by_default<slots::landlock, NoLandlock>,
    planning::by_default<slots::system_calls>>;
// clang-format on

} // namespace detail

/// A daemon, composed of policies in any order and any subset; defaults fill the other slots. A
/// description: it holds options and no state, and is as empty as they are.
///
///     Daemonizer<PidFile<"/run/x.pid">>{}.run([](auto& daemon) { ... });
///     Daemonizer{PidFile{path}, LogStdio{log}}.run(...);
template <class... Given>
class Daemonizer : public decltype(detail::validate<detail::Defaults, Given...>())::implementation {
    using validated = decltype(detail::validate<detail::Defaults, Given...>());

public:
    /// What all spellings of this composition share.
    using implementation = typename validated::implementation;

    constexpr Daemonizer() requires(detail::is_complete<Given>&&...)
        : implementation{validated::options::choose()} {
        accept();
        (detail::run_check<Given, typename validated::core>(), ...);
    }
    Daemonizer() // a policy takes its text at run time: Daemonizer{PidFile{path}}
        requires(!(detail::is_complete<Given> && ...)) = delete;

    constexpr explicit Daemonizer(Given... given) requires(sizeof...(Given) != 0)
        : implementation{validated::options::choose(given...)} {
        accept();
        (detail::run_check<Given, typename validated::core>(), ...);
    }
    template <class... Other>
        requires(sizeof...(Other) != 0 && !std::same_as<void(Other...), void(Given...)>)
    explicit Daemonizer(const Other&...) = delete; // all types, or all values: Daemonizer{NoFork{}}

private:
    template <class Verdict>
    static constexpr bool fits_plan = std::same_as<Verdict, detail::planning::fits>;

    // Not asserted in the class: whatever is done with a rejected class would be further errors.
    static constexpr void accept() {
        using enum detail::rejection;
        using verdict = typename validated::verdict;
        constexpr auto why = validated::reason;
        static_assert(why != no_policy,
                      "daemonizer: what is no policy was given; a policy has a slot and steps");
        static_assert(why != not_copied,
                      "daemonizer: a policy is copied and assigned; no member of it is const or a "
                      "reference");
        static_assert(why != slot_without_name,
                      "daemonizer: the slot of a policy has no name; struct slot : own_slot { "
                      "static constexpr const char* name = \"...\"; };");
        static_assert(why != after, "daemonizer: what a slot comes after is a list; using after = "
                                    "slot_list<...>");
        static_assert(why != slot_twice || fits_plan<verdict>,
                      "daemonizer: a slot is filled twice; a composition takes one policy a slot");
        static_assert(why != order,
                      "daemonizer: slots name each other in `after`, so none can be the first");
        static_assert(why != host_files,
                      "daemonizer: the host models FileHost; see compose/start/host_facets.hpp");
        static_assert(why != host_processes,
                      "daemonizer: the host models ProcessHost, since the composition detaches; "
                      "see compose/start/host_facets.hpp");
        static_assert(why != host_signals,
                      "daemonizer: the host models SignalHost; see compose/start/host_facets.hpp");
        static_assert(why != host_report,
                      "daemonizer: the host models ReportHost, since the composition detaches; "
                      "see compose/start/host_facets.hpp");
        static_assert(why != host_locks,
                      "daemonizer: the host models LockHost, since there is a pid file; see "
                      "compose/start/host_facets.hpp");
        static_assert(why != no_fork,
                      "daemonizer: a policy in slots::fork has static constexpr bool detaches");
        static_assert(why != no_detach,
                      "daemonizer: a fork policy that detaches has static side detach(const auto& "
                      "start)");
        static_assert(why != no_stdio,
                      "daemonizer: a policy in slots::stdio has static constexpr bool replaces, "
                      "true if stderr becomes another file");
        static_assert(why != no_signals,
                      "daemonizer: a policy in slots::signals has static constexpr bool keeps, and "
                      "static constexpr bool collects(int signal)");
        static_assert(why != no_step_list,
                      "daemonizer: the steps of a policy are a list; using steps = step_list<...>");
        static_assert(why != no_step,
                      "daemonizer: a step derives from step or undoable_step and has static "
                      "constexpr const char* name");
        static_assert(why != step_lists || fits_plan<verdict>,
                      "daemonizer: what a step needs and gives are lists; using needs = "
                      "capabilities<...>; see wrong_step<step>");
        static_assert(why != state,
                      "daemonizer: a policy's state is made without arguments, and moves");
        static_assert(why != run || fits_plan<verdict>,
                      "daemonizer: a step has static bool run(const auto& start, const auto& "
                      "policy); see wrong_step<step>");
        static_assert(why != undo || fits_plan<verdict>,
                      "daemonizer: an undoable_step has static void undo(const auto& host, const "
                      "auto& policy, auto& state), in phase::check drop_launcher_copy, too; see "
                      "wrong_step<step>");
        static_assert(why != undo_of_step || fits_plan<verdict>,
                      "daemonizer: a step with undo derives from undoable_step, or nobody calls "
                      "it; see wrong_step<step>");
        static_assert(why != needs || fits_plan<verdict>,
                      "daemonizer: a step needs what no earlier step gives; see unmet<step, need>");
    }
};

Daemonizer()->Daemonizer<>;
template <class... Given>
Daemonizer(Given...) -> Daemonizer<Given...>;

} // namespace daemonizer

#include <daemonizer/system/toolchain/macros_on.hpp>

#endif // C++20

#endif
