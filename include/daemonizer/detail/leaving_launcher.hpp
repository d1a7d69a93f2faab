// SPDX-License-Identifier: BSL-1.0
#ifndef DAEMONIZER_DETAIL_LEAVING_LAUNCHER_HPP
#define DAEMONIZER_DETAIL_LEAVING_LAUNCHER_HPP

#include <daemonizer/detail/detaching.hpp>
#include <daemonizer/detail/launcher.hpp>
#include <daemonizer/detail/let_go.hpp>
#include <daemonizer/detail/own_texts.hpp>
#include <daemonizer/detail/parting.hpp>
#include <daemonizer/detail/say.hpp>

#include <cerrno>
#include <type_traits>

namespace daemonizer::detail {

/// Whose memory a launcher waits on: its own copy, or the one that the daemon goes on with.
enum class memory { own, shared };

/// The launcher of run(), which never returns to the program: it waits for the outcome of the start
/// and leaves with it. Without libc where the host knows how, so that neither a memory that is gone
/// nor one that is shared with the daemon is in its way.
template <class Start, memory Memory>
class LeavingLauncher {
    using Host = typename Start::leaving::type;
    static constexpr bool is_raw =
        !std::is_same_v<Host, std::remove_cvref_t<decltype(std::declval<Start>().host())>>;
    static constexpr bool copies_texts = is_raw && Memory == memory::shared;

public:
    /// To be made while the memory is still this process's own.
    explicit LeavingLauncher(const Start& start)
        : start_{start}, host_{Start::leaving::of(start.host())} {
        if constexpr (is_raw)
            find_symbols();
        if constexpr (copies_texts)
            each_text([this](const char*& text) { texts_.keep(text); });
    }

    /// `first` and what it is are those of Family. While it waits it gives back what it can of a
    /// memory of its own.
    [[noreturn]] void attend(Parting& parting, pid_t first, bool first_is_daemon) {
        Witness<Host, Start::seconds()> witness{
            host_, parting.watch, *start_.signals, parting.launcher, first, first_is_daemon};
        if (witness.attend(start_.failure, [&] { let_go(witness); }))
            host_.leave_at_once(0); // signals are blocked: its status cannot change any more
        fail();
    }

    /// Undoes, says why, and leaves; or dies of the signal that has cancelled the start.
    [[noreturn]] void fail() {
        start_.undo(host_);
        start_.signals->die(host_);
        say(host_, 2, start_.failure, program_);
        host_.leave_at_once(start_.failure.exit_status());
    }

private:
    /// What is read until the end, and not on the stack.
    void each_text(auto act) {
        act(program_);
        start_.core.each_text(act);
    }

    void let_go([[maybe_unused]] const auto& witness) {
        if constexpr (Memory == memory::own && is_raw && Start::needs_no_memory)
            let_go_of_memory(
                host_, [&] { return witness.has_news(); },
                [&](const Mapping& piece) {
                    bool needed = false;
                    each_text([&](const char* text) { needed = needed || piece.has(text); });
                    return needed;
                });
    }

    struct no_texts {};

    const Start& start_;
    std::conditional_t<is_raw, Host, const Host&> host_;
    const char* program_ = program_invocation_short_name;
    [[no_unique_address]] std::conditional_t<copies_texts, OwnTexts, no_texts> texts_;
};

} // namespace daemonizer::detail

#endif
