// SPDX-License-Identifier: BSL-1.0
// reopen(): the member that stdio policies bring to a daemon.
#ifndef DAEMONIZER_STDIO_DETAIL_STDIO_MEMBERS_HPP
#define DAEMONIZER_STDIO_DETAIL_STDIO_MEMBERS_HPP

#include <daemonizer/compose/failure.hpp>
#include <daemonizer/compose/policy.hpp>
#include <daemonizer/system/abi.hpp>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// The member of a stdio policy with files. Its state has `reopen(host, policy)`: null, or why
/// it could not.
template <class Base>
struct reopening_members : Base {
    using Base::Base;

    /// Opens the log files anew, after a rename. On an error, which is said, the old ones stay.
    auto reopen() -> bool {
        if (Base::may_stay && this->stays())
            return true;
        const char* const why = this->template state_in<slots::stdio>().reopen(
            this->host(), this->template option_in<slots::stdio>());
        if (why == nullptr)
            return true;
        Failure failure;
        failure.name_step("stdio");
        failure.describe("reopen", why);
        this->complain(failure);
        return false;
    }
};

/// Refuses reopen(), in words, for a stdio policy without files.
template <class Base>
struct refusing_to_reopen : Base {
    using Base::Base;

    template <bool Supported = false>
    auto reopen() -> bool {
        static_assert(Supported,
                      "daemonizer: reopen() needs a stdio policy with files (LogStdio, FileStdio)");
        return false;
    }
};

} // namespace daemonizer::detail

#endif
