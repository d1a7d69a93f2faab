// SPDX-License-Identifier: BSL-1.0
// log(): the member that log policies bring to a daemon.
#ifndef DAEMONIZER_DETAIL_LOG_MEMBERS_HPP
#define DAEMONIZER_DETAIL_LOG_MEMBERS_HPP

namespace daemonizer::detail {

/// Of a composition without a log policy: refuses log(), in words.
template <class Base>
struct refusing_to_log : Base {
    using Base::Base;

    template <bool Supported = false>
    void log(int, const char*) {
        static_assert(Supported, "daemonizer: log() needs the policy Syslog");
    }
};

} // namespace daemonizer::detail

#endif
