// SPDX-License-Identifier: BSL-1.0
// Tries again what nobody else can do later.
#ifndef DAEMONIZER_SYSTEM_TOOLCHAIN_INSIST_HPP
#define DAEMONIZER_SYSTEM_TOOLCHAIN_INSIST_HPP

#include <daemonizer/system/abi.hpp>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// Tries up to three times what a process cannot do without, such as what a program needs that has
/// just been executed: nobody else can go on in its place.
template <class Call>
[[gnu::cold, gnu::visibility("hidden")]] auto insist(Call call) -> decltype(call()) {
    auto answer = call();
    for (int i = 0; i != 2 && answer < 0; ++i)
        answer = call();
    return answer;
}

} // namespace daemonizer::detail

#endif
