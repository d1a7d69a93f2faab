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

/// The launcher of run(), which never returns to the program: it waits for the outcome of the start
/// and leaves with it. Without libc where the host knows how, so that neither a memory that is gone
/// nor one that is shared with the daemon is in its way.
template <class Start>
class LeavingLauncher {
    using Host = typename Start::leaving::type;
    static constexpr bool is_raw =
        !std::is_same_v<Host, std::remove_cvref_t<decltype(std::declval<Start>().host())>>;

public:
    /// To be made while the memory is still this process's own.
    explicit LeavingLauncher(const Start& start)
        : start_{start}, host_{Start::leaving::of(start.host())} {
        if constexpr (is_raw) {
            const auto keep = [this](const char*& text) { texts_.keep(text); };
            keep(program_);
            start.core.each_text(keep);
            find_symbols();
        }
    }

    /// `first` and what it is are those of Family. With `LetsGo` it gives back what it can of its
    /// memory while it waits.
    template <bool LetsGo>
    [[noreturn]] void attend(const Parting& parting, pid_t first, bool first_is_daemon) const {
        Family<Host> family{host_, parting.watch, first, first_is_daemon};
        Witness<Host> witness{host_, parting.watch, parting.launcher, family, start_.seconds()};
        const auto let_go = [&] {
            if constexpr (LetsGo && is_raw && Start::needs_no_memory)
                if (texts_.all_fit())
                    let_go_of_memory(host_, [&] { return parting.launcher.has_news(host_); });
        };
        if (witness.attend(start_.failure, let_go))
            host_.leave_at_once(0); // signals are blocked: its status cannot change any more
        fail();
    }

    /// Undoes, says why, and leaves.
    [[noreturn]] void fail() const {
        start_.undo(host_);
        say(host_, 2, start_.failure, program_);
        host_.leave_at_once(start_.failure.exit_status());
    }

private:
    struct no_texts {};

    const Start& start_;
    std::conditional_t<is_raw, Host, const Host&> host_;
    const char* program_ = program_invocation_short_name;
    [[no_unique_address]] std::conditional_t<is_raw, OwnTexts, no_texts> texts_;
};

} // namespace daemonizer::detail

#endif
