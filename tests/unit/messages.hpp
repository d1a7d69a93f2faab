// SPDX-License-Identifier: BSL-1.0
#ifndef DAEMONIZER_TESTS_MESSAGES_HPP
#define DAEMONIZER_TESTS_MESSAGES_HPP

#include "recording_host.hpp"

/// What the daemon's side writes into the report's socket.
namespace messages {

using daemonizer::Failure;
using daemonizer::detail::Report;
using daemonizer::detail::ReportHead;

template <class T>
auto bytes(const T& value) -> recording::Arrives {
    return {std::string(reinterpret_cast<const char*>(&value), sizeof value)};
}
inline auto by(pid_t sender, recording::Arrives message) -> recording::Arrives {
    message.sender = sender;
    return message;
}
inline auto forked(pid_t daemon) { return by(daemon, bytes(ReportHead{ReportHead::kind::forked})); }
inline auto ready() { return bytes(ReportHead{ReportHead::kind::ready}); }
inline auto failed(const Failure& failure) {
    return bytes(Report{{ReportHead::kind::failed}, failure});
}
inline auto closed() { return by(0, {}); } // by nobody

inline auto failure(const char* step, const char* what, const char* why, int code, int status)
    -> Failure {
    Failure made{};
    made.name_step(step);
    made.describe(what, why, code, status);
    return made;
}

/// "PROGRAM: text", as the launcher says it.
inline auto line(const std::string& text) -> std::string {
    return std::string{program_invocation_short_name} + ": " + text + "\n";
}

} // namespace messages

#endif
