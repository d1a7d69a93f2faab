// SPDX-License-Identifier: BSL-1.0
// run() and start(): what all spellings of a composition share.
#ifndef DAEMONIZER_COMPOSE_COMPOSITION_HPP
#define DAEMONIZER_COMPOSE_COMPOSITION_HPP

#include <daemonizer/compose/detail/body.hpp>
#include <daemonizer/compose/detail/caught.hpp>
#include <daemonizer/compose/result.hpp>
#include <daemonizer/compose/running.hpp>
#include <daemonizer/system/abi.hpp>

#include <type_traits>
#include <utility>

namespace daemonizer::inline DAEMONIZER_ABI {

/// The one implementation of all spellings of a composition: its policies in the order of slots.
template <class... Policies>
class Composition {
    using core_type = detail::StartData<Policies...>;
    using Fork = typename core_type::template in<slots::fork>;

public:
    /// The handle of start(), and what the body is handed.
    using running_type = Running<Policies...>;

    constexpr explicit Composition(const detail::Options<Policies...>& options)
        : options_{options} {}

    /// The type of the policy that fills `Slot`, or void.
    template <class Slot>
    using policy_in = typename core_type::template in<Slot>;

    /// The policy that fills `Slot`, with its options.
    template <class Slot>
    constexpr auto option() const -> const auto& {
        return options_.template get<typename core_type::template in<Slot>>();
    }

    /// Starts the daemon. Returns in the launcher once the outcome is known, and in the daemon;
    /// both hold a handle, or the launcher an error. Prints nothing. See Running and Failure.
    auto start() const -> Result<running_type> {
        Result<running_type> result{running_type{options_}};
        result.fill([](running_type& running, Failure& failure) {
            return running.template begin<true>(failure) != running_type::outcome::failed;
        });
        return result;
    }

#if defined(__cpp_exceptions)
    /// As start(), but throws StartError in the launcher where that returns an error.
    auto start_or_throw() const -> running_type {
        auto result = start();
        if (!result)
            throw StartError{result.error()};
        return std::move(*result);
    }
#endif

    /// Starts the daemon and runs `body()`, which is ready when entered, or `body(daemon)`, which
    /// says `daemon.ready()` itself. Returns in the daemon alone, with the body's status. The
    /// launcher leaves: 0 ready; the body's own status (1 for 0) where it returned before; 128 +
    /// signal where the daemon was killed before; 124 after StartTimeout; 1 where a step failed.
    /// Every status but 0 comes with a line on stderr, "PROGRAM: STEP: WHAT: REASON".
    template <class Body>
    [[nodiscard]] auto run(Body&& body) const -> int {
        if constexpr (detail::check_body<std::remove_reference_t<Body>, running_type>())
            return start_and_serve(body);
        return 1;
    }

private:
    template <class Body>
    auto start_and_serve(Body& body) const -> int {
        running_type running{options_};
        if (const int status = begin(running); status != 0)
            return status;
#if defined(__cpp_exceptions)
        try {
            return serve(body, running);
        } catch (...) {
            return caught(running);
        }
#else
        return serve(body, running);
#endif
    }

    /// Returns 0 in the daemon, or the status of a failed start without a fork. The launcher
    /// leaves.
    static auto begin(running_type& running) -> int {
        Failure failure;
#if defined(__cpp_exceptions)
        try {
            if (running.template begin<false>(failure) == running_type::outcome::daemon)
                return 0;
        } catch (...) {
            if (std::current_exception() == nullptr)
                thread_has_ended(running, failure);
            throw;
        }
#else
        if (running.template begin<false>(failure) == running_type::outcome::daemon)
            return 0;
#endif
        detail::print_failure(running.core_.host(), 2, failure);
        if constexpr (Fork::detaches)
            if (running.core_.has_launcher())
                running.core_.host().leave_at_once(failure.exit_status());
        return failure.exit_status();
    }

    /// Inlined, so that the compiler sees of an empty composition that nothing is left to be
    /// undone.
    template <class Body>
        requires detail::takes_nothing<Body>
    [[gnu::always_inline]] static auto serve(Body& body, running_type& running) -> int {
        running.announce(); // no body has shown a status, or forked a worker
        running.become_ready();
        const int status = detail::status_of([&] { return body(); });
        running.give_back(status);
        return status;
    }
    template <class Body>
    static auto serve(Body& body, running_type& running) -> int {
        const int status = detail::status_of([&] { return body(running); });
        [[maybe_unused]] const bool failed = running.has_not_started();
        running.finish(status);
        if constexpr (!Fork::detaches || core_type::may_lack_launcher)
            // No launcher says it: no 0 for what never was ready.
            if (failed && !running.core_.has_launcher() && (status & 0xff) == 0)
                return 1;
        return status;
    }

#if defined(__cpp_exceptions)
    /// Handles a thread that has ended in a step (pthread_exit, or cancelled). A process leaves
    /// with 0 after its last thread: a launcher must not. A daemon's launcher sees its end, and
    /// reports it.
    [[gnu::cold]] static void thread_has_ended(running_type& running, const Failure& failure) {
        const auto& host = running.core_.host();
        if constexpr (Fork::detaches) {
            if (running.core_.template state<Fork>().daemon == 0 || running.core_.stays())
                detail::print_failure(host, 2, failure);
            if (!running.core_.stays())
                host.leave_at_once(1);
        } else {
            detail::print_failure(host, 2, failure);
        }
    }

    /// Handles what unwinds the body. Before ready an exception is a failure of the start. After it
    /// the daemon gives back what it held, and throws the exception on. The end of the body's
    /// thread (pthread_exit, or cancelled) always goes on, since other threads may.
    [[gnu::cold]] static auto caught(running_type& running) -> int {
        const bool was_starting = running.is_starting();
        Failure failure;
        failure.name_step("daemon");
        const bool thrown =
            detail::describe_exception(failure, was_starting ? "not ready" : "failed");
        if (!thrown)
            failure.describe("not ready", "the body's thread has ended");
        if (thrown || was_starting)
            running.tell(failure);
        running.finish(1);
        if (!thrown || !was_starting)
            throw;
        return 1;
    }
#endif

    detail::Options<Policies...> options_;
};

} // namespace daemonizer

#endif
