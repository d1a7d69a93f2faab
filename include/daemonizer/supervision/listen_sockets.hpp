// SPDX-License-Identifier: BSL-1.0
// ListenSockets: takes the sockets that a service manager passes, without libsystemd.
#ifndef DAEMONIZER_SUPERVISION_LISTEN_SOCKETS_HPP
#define DAEMONIZER_SUPERVISION_LISTEN_SOCKETS_HPP

#include <daemonizer/compose/policy.hpp>
#include <daemonizer/compose/text.hpp>
#include <daemonizer/supervision/detail/listen_variables.hpp>
#include <daemonizer/system/abi.hpp>

#include <cstring>

namespace daemonizer::inline DAEMONIZER_ABI {

/// A descriptor that was passed to the service, which need not be a socket (OpenFile=, stored
/// descriptors), and the name that it was given. Both belong to the daemon.
struct PassedSocket {
    int fd; ///< above 2, close-on-exec
    /// "unknown" if the manager gave none; several may have one name. The characters lie where the
    /// environment had them: a program that writes over that, as setproctitle(3) may, writes over
    /// the names, too, and finds its sockets before it does so.
    const char* name;
};

/// The descriptors that were passed, to iterate over: what `daemon.sockets()` returns.
class PassedSockets {
public:
    /// A forward iterator over PassedSocket.
    class iterator {
    public:
        iterator(int fd, const char* name) : socket_{fd, name} {}
        auto operator*() const -> const PassedSocket& { return socket_; }
        auto operator->() const -> const PassedSocket* { return &socket_; }
        auto operator++() -> iterator& {
            ++socket_.fd;
            socket_.name = detail::ListenVariables::next_name(socket_.name);
            return *this;
        }
        auto operator==(const iterator& other) const -> bool {
            return socket_.fd == other.socket_.fd;
        }

    private:
        PassedSocket socket_;
    };

    PassedSockets(int count, const char* names) : count_{count}, names_{names} {}
    /// The first, in the order in which the manager has passed them.
    auto begin() const -> iterator { return {detail::ListenVariables::first, names_}; }
    /// Behind the last.
    auto end() const -> iterator { return {detail::ListenVariables::first + count_, nullptr}; }
    /// How many there are.
    auto size() const -> int { return count_; }

private:
    int count_;
    const char* names_;
};

namespace detail {

template <class Base>
struct socket_members : Base {
    using Base::Base;

    /// The descriptors that were passed, in the manager's order; stored ones come last.
    auto sockets() -> PassedSockets {
        const auto& state = this->template state_in<slots::sockets>();
        return {state.count, state.names};
    }
    /// Returns the first of that name, or -1. It stays the daemon's.
    auto socket(const char* name) -> int {
        for (const PassedSocket& passed : sockets())
            if (std::strcmp(passed.name, name) == 0)
                return passed.fd;
        return -1;
    }
    template <class T>
    auto socket(const T& name) -> int {
        return socket(detail::characters_of(name));
    }
    template <class... Wrong>
        requires(sizeof...(Wrong) != 1)
    auto socket(const Wrong&...) -> int {
        static_assert(
            detail::is_accepted<Wrong...>,
            "daemonizer: socket() takes a name: socket(\"http\"); sockets() has them all");
        return -1;
    }
};

template <class Base>
struct without_sockets : Base {
    using Base::Base;

    template <bool Supported = false>
    auto sockets() -> PassedSockets {
        static_assert(Supported, "daemonizer: sockets() needs the policy ListenSockets");
        return {0, nullptr};
    }
    template <class T, bool Supported = false>
    auto socket(const T&) -> int {
        static_assert(Supported, "daemonizer: socket() needs the policy ListenSockets");
        return -1;
    }
};

} // namespace detail

/// Takes no sockets. The default.
struct NoSockets {
    using slot = slots::sockets;
    using steps = step_list<>;
    template <class Base>
    using members = detail::without_sockets<Base>;
};
static_assert(Policy<NoSockets>);

/// Takes the sockets that a service manager passes by LISTEN_FDS. The launcher takes them, because
/// LISTEN_PID has its number. Where LISTEN_PID names another process, or the variables are not set,
/// there are no sockets, and that is no error. A count or names that make no sense are an error.
/// The launcher removes the variables in any case, so that no child takes them for its own. The
/// sockets are close-on-exec and survive CloseDescriptors. Fails as step "sockets" with EINVAL, or
/// the errno of fcntl(2). Source: sd_listen_fds(3).
struct ListenSockets {
    struct state : detail::ListenVariables {
        void each_descriptor(auto keep) const {
            for (int fd = first; fd != first + this->count; ++fd)
                keep(fd);
        }
    };

    struct Take : step<phase::check> {
        static constexpr const char* name = "sockets";

        static auto run(const auto& start, const auto& policy) -> bool {
            auto& passed = start.state(policy);
            const char* wrong = nullptr;
            const int error = passed.take(start.host(), wrong);
            return error >= 0 || start.fail(wrong, error);
        }
    };

    using slot = slots::sockets;
    using steps = step_list<Take>;
    template <class Base>
    using members = detail::socket_members<Base>;
};
static_assert(Policy<ListenSockets>);

} // namespace daemonizer

#endif
