// SPDX-License-Identifier: BSL-1.0
// $JOURNAL_STREAM: which stream is journald's.
#ifndef DAEMONIZER_LOGGING_DETAIL_JOURNAL_STREAM_HPP
#define DAEMONIZER_LOGGING_DETAIL_JOURNAL_STREAM_HPP

#include <daemonizer/compose/policy.hpp>
#include <daemonizer/system/abi.hpp>

#include <sys/stat.h>
#include <type_traits>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// Whether the stdio policy connects stderr to the journal, unless the start stays.
template <class Start>
constexpr bool has_journal_policy = requires {
    requires Start::template in<slots::stdio>::is_journal;
};

/// Whether the stdio policy has connected stderr to the journal.
template <class Start>
auto has_journal_on_stderr([[maybe_unused]] const Start& start) -> bool {
    if constexpr (has_journal_policy<Start>)
        return !std::remove_cvref_t<decltype(start.core)>::may_stay || !start.core.stays();
    else
        return false;
}

/// Whether `variable`, "DEVICE:INODE", names the file of `stream`. A variable that is merely set
/// says nothing: children inherit it with other streams. systemd.exec(5).
inline auto names_stream(const char* variable, const struct stat& stream) -> bool {
    if (variable == nullptr)
        return false;
    unsigned long long numbers[2] = {0, 0};
    for (int which = 0; which != 2; ++which) {
        const char* const first = variable;
        for (; *variable >= '0' && *variable <= '9'; ++variable)
            numbers[which] = numbers[which] * 10 + static_cast<unsigned>(*variable - '0');
        if (variable == first || *variable != (which == 0 ? ':' : '\0'))
            return false;
        ++variable;
    }
    return numbers[0] == stream.st_dev && numbers[1] == stream.st_ino;
}

} // namespace daemonizer::detail

#endif
