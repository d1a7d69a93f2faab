// SPDX-License-Identifier: BSL-1.0
// All capability sets of the process, reduced to those that are kept, and proven.
#ifndef DAEMONIZER_IDENTITY_DETAIL_DROP_CAPABILITIES_HPP
#define DAEMONIZER_IDENTITY_DETAIL_DROP_CAPABILITIES_HPP

#include <daemonizer/host/identity_calls.hpp>
#include <daemonizer/system/abi.hpp>
#include <daemonizer/system/line_writer.hpp>
#include <daemonizer/system/missing_right.hpp>

#include <cerrno>
#include <cstdint>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

inline constexpr int most_capabilities = 64; // of capget(2); a kernel's own number is less

constexpr auto bit_of(int capability) -> std::uint64_t { return std::uint64_t{1} << capability; }

/// Calls `act(capability)` for all that the kernel has, whatever headers this was compiled with,
/// until it answers false. `has` is a host's call that says EINVAL beyond the last.
template <class Start, class Has, class Act>
auto each_capability(const Start& start, const char* what, Has has, Act act) -> bool {
    for (int capability = 0; capability != most_capabilities; ++capability) {
        const int answer = has(capability);
        if (answer == -EINVAL && capability != 0 && has(capability + 1) == -EINVAL)
            return true; // twice: a sandbox may refuse one
        if (!start.check(answer, what) || !act(capability, answer == 1))
            return false;
    }
    return true;
}

/// Takes all but `kept` out of the bounding set: no exec brings them back. What is out already
/// needs no right.
template <class Start>
auto reduce_bounding_set(const Start& start, std::uint64_t kept) -> bool {
    const auto& host = start.host();
    return detail::each_capability(
        start, "bounding set", [&](int c) { return host.is_in_bounding_set(c); },
        [&](int c, bool is_in) {
            if (!is_in || (kept & detail::bit_of(c)) != 0)
                return true;
            const int error = host.drop_from_bounding_set(c);
            return error >= 0 || detail::fail_lacking(start, "bounding set", error, "CAP_SETPCAP");
        });
}

/// Makes `kept` all that the process may do, and looks; then tries to get everything back.
/// Ambient capabilities that are no longer permitted go with them. capabilities(7)
template <class Start>
auto reduce_capabilities(const Start& start, std::uint64_t kept) -> bool {
    const auto& host = start.host();
    if (!start.check(host.set_capabilities({kept, kept, kept}), "capset"))
        return false;
    CapabilitySets now;
    if (!start.check(host.capabilities(now), "capget"))
        return false;
    if (now.effective != kept || now.permitted != kept || now.inheritable != kept)
        return start.fail("capset", "left others than were set", EPERM);
    if (host.set_capabilities({kept, ~std::uint64_t{0}, kept}) >= 0)
        return start.fail("capset", "can be undone", EPERM);
    return true;
}

/// Fails where the kernel would still keep capabilities over a change of user: a starter may have
/// asked for that (SECBIT_KEEP_CAPS), or this library.
template <class Start>
auto forget_keeping(const Start& start) -> bool {
    constexpr int keeps = 1 << 4;
    const auto& host = start.host();
    const int bits = host.secure_bits();
    if (!start.check(bits, "securebits"))
        return false;
    if ((bits & keeps) == 0)
        return true;
    if (!start.check(host.keep_capabilities(false), "PR_SET_KEEPCAPS"))
        return false;
    const int bits_now = host.secure_bits();
    return start.check(bits_now, "securebits") &&
           ((bits_now & keeps) == 0 || start.fail("securebits", "keep capabilities", EPERM));
}

} // namespace daemonizer::detail

#endif
