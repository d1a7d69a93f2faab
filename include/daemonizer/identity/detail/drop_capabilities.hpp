// SPDX-License-Identifier: BSL-1.0
// Reduces all capability sets of the process to those that are kept, and proves it.
#ifndef DAEMONIZER_IDENTITY_DETAIL_DROP_CAPABILITIES_HPP
#define DAEMONIZER_IDENTITY_DETAIL_DROP_CAPABILITIES_HPP

#include <daemonizer/host/identity_calls.hpp>
#include <daemonizer/system/abi.hpp>
#include <daemonizer/system/line_writer.hpp>
#include <daemonizer/system/missing_right.hpp>

#include <cerrno>
#include <cstdint>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

inline constexpr int most_capabilities = 64; // capget(2) has room for them; no kernel has so many

constexpr auto bit_of(int capability) -> std::uint64_t { return std::uint64_t{1} << capability; }

/// Calls `act(capability)` for each capability that the kernel has, until it answers false. Asks
/// the kernel by `has`, a call of the host that answers EINVAL beyond the last: the headers may be
/// older.
template <class Start, class Has, class Act>
auto each_capability(const Start& start, const char* what, Has has, Act act) -> bool {
    for (int capability = 0; capability != most_capabilities; ++capability) {
        const int answer = has(capability);
        if (answer == -EINVAL && capability != 0 && has(capability + 1) == -EINVAL)
            return true; // asked twice, since a sandbox may refuse a single one
        if (!start.check(answer, what) || !act(capability, answer == 1))
            return false;
    }
    return true;
}

/// Takes all but `kept` out of the bounding set, so that no execve(2) brings them back. Needs no
/// right for what is out already.
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

/// Reduces the permitted, effective and inheritable sets to `kept` and reads them back; then tries
/// to get everything back. The kernel drops ambient capabilities that are no longer permitted.
/// capabilities(7)
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

/// Clears the flag by which the kernel keeps capabilities over a change of user, which the starter
/// (SECBIT_KEEP_CAPS) or this library may have set. Fails if it is still set.
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
