// SPDX-License-Identifier: BSL-1.0
// The launcher of run(): it waits for the outcome of a start and leaves with it.
#ifndef DAEMONIZER_LAUNCH_DETAIL_EXITING_LAUNCHER_HPP
#define DAEMONIZER_LAUNCH_DETAIL_EXITING_LAUNCHER_HPP

#include <daemonizer/compose/event.hpp>
#include <daemonizer/compose/start/fork_context.hpp>
#include <daemonizer/compose/start/print_failure.hpp>
#include <daemonizer/launch/detail/detachment.hpp>
#include <daemonizer/launch/detail/release_memory.hpp>
#include <daemonizer/launch/detail/startup_wait.hpp>
#include <daemonizer/launch/detail/status_report.hpp>
#include <daemonizer/launch/detail/staying_parent.hpp>
#include <daemonizer/launch/detail/string_copies.hpp>
#include <daemonizer/system/abi.hpp>

#include <cerrno>
#include <cstring>
#include <type_traits>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// Whose memory a launcher waits on: its own copy, or the one that the daemon goes on with.
enum class memory { own, shared };

template <class Core>
struct [[gnu::visibility("hidden")]] LauncherCopies;

/// What a launcher needs of a start: copies.
template <class Core>
struct LauncherCopies {
    explicit LauncherCopies(const auto& start) : core{start.core}, signals{*start.signals} {}

    Core core;
    StartSignals signals;
    Failure failure;
    StringCopies texts;

    void keep(const char*& text) { texts.keep(text); }
};

template <class Core>
struct [[gnu::visibility("hidden")]] LauncherOriginals;

/// The same where it is, in memory that the launcher keeps.
template <class Core>
struct LauncherOriginals {
    explicit LauncherOriginals(const auto& start)
        : core{start.core}, failure{start.failure}, signals{*start.signals} {}

    Core& core;
    Failure& failure;
    StartSignals& signals;

    void keep(const char*&) {}
};

template <class Start, memory Memory>
class [[gnu::visibility("hidden")]] ExitingLauncher;

/// The launcher of run(), which never returns to the program: it waits for the outcome of the start
/// and leaves with it. Without libc where the host knows how, and with copies of what it needs, so
/// that neither a memory that is gone nor one that is shared with the daemon is in its way. All of
/// its code is hidden in the object that it is compiled into: a call that is bound late would read
/// the dynamic linker's data.
template <class Start, memory Memory>
class ExitingLauncher {
    using Host = typename Start::leaving::type;
    using Core = std::remove_cvref_t<decltype(std::declval<Start>().core)>;
    static constexpr bool is_raw =
        !std::is_same_v<Host, std::remove_cvref_t<decltype(std::declval<Start>().host())>>;
    /// A state that is more than its bytes may have the rest of it in the memory that would go, and
    /// a large one has no place on the stack.
    static constexpr bool lets_go = Memory == memory::own && is_raw && Start::needs_no_memory &&
                                    std::is_trivially_copyable_v<Core> &&
                                    std::is_copy_constructible_v<Core> && sizeof(Core) <= 16 << 10;
    static constexpr bool copies = is_raw && (Memory == memory::shared || lets_go);

public:
    /// To be made while the memory is still this process's own.
    explicit ExitingLauncher(const Start& start)
        : host_{Start::leaving::of(start.host())}, kept_{start} {
        if constexpr (is_raw)
            detail::bind_symbols();
        each_text([this](const char*& text) { kept_.keep(text); });
    }

    /// `first` and `known`, the daemon, are those of ProcessTree. While it waits it gives back what
    /// it can of a memory of its own.
    [[noreturn]] void wait_and_leave(Detachment& detachment, pid_t first, volatile pid_t& known) {
        StartupWait<Host, Start::seconds(), parent_may_stay<Core>> startup{
            host_, detachment.watch, kept_.signals, detachment.launcher, first, known};
        if constexpr (parent_may_stay<Core>)
            if (detail::parent_stays(kept_.core))
                startup.processes().parent_stays();
        // The terminal first: a launcher that is killed once the daemon knows leaves that behind,
        // and the terminal may be stopped.
        const auto tell = [this](pid_t daemon) {
            show(nullptr);
            kept_.core.tell(host_, event::launched{daemon});
        };
        const auto pass_on = [this](Report& report) {
            const bool is_status = show(&report);
            if (is_status)
                kept_.core.tell(host_, event::starting{StatusReport::text_in(report)});
            return is_status || detail::pass_to_manager(host_, kept_.core, report);
        };
        if (startup.wait_for_outcome(
                kept_.failure, [&] { give_memory_back(startup); }, pass_on, tell)) {
            host_.leave_at_once(0); // signals are blocked: its status cannot change any more
        }
        fail();
    }

    /// As fail(), for what belongs to no step.
    [[noreturn]] void fail(const char* step, const char* what, int error) {
        start().fail_step(step, what, error);
        fail();
    }

    /// Undoes, says why, and leaves; or dies of the signal that has cancelled the start.
    [[noreturn]] void fail() {
        kept_.core.tell(host_, event::not_launched{kept_.failure});
        start().undo(host_);
        show(nullptr);
        kept_.signals.die(host_);
        detail::print_failure(host_, 2, kept_.failure, program_);
        host_.leave_at_once(kept_.failure.exit_status());
    }

private:
    [[gnu::cold, gnu::noinline]] auto show(Report* report) const -> bool {
        return take_status<Host> != nullptr && take_status<Host>(host_, program_, report);
    }

    auto start() -> Start { return {{kept_.core, kept_.failure, &kept_.signals}}; }

    /// What is read until the end, and is no part of the core.
    void each_text(auto act) {
        act(program_);
        kept_.core.each_text(act);
    }

    void give_memory_back([[maybe_unused]] const auto& startup) {
        constexpr unsigned long large = 1UL << 20;
        if constexpr (lets_go)
            detail::release_memory(
                host_, large, [&] { return startup.has_news(); },
                [&](auto& mappings) {
                    mappings.leave_out_all_around(this);
                    each_text([&](const char* text) { // it may have been too long to be copied
                        mappings.leave_out(text, std::strlen(text) + 1);
                    });
                });
    }

    // The room for texts is last: most of its pages are never touched.
    [[no_unique_address]] std::conditional_t<is_raw, Host, const Host&> host_;
    const char* program_ = program_invocation_short_name;
    std::conditional_t<copies, LauncherCopies<Core>, LauncherOriginals<Core>> kept_;
};

} // namespace daemonizer::detail

#endif
