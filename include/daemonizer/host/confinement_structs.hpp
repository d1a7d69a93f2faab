// SPDX-License-Identifier: BSL-1.0
// The kernel's structures of Landlock and seccomp, as far as a caller of the host fills them.
#ifndef DAEMONIZER_HOST_CONFINEMENT_STRUCTS_HPP
#define DAEMONIZER_HOST_CONFINEMENT_STRUCTS_HPP

#include <daemonizer/system/abi.hpp>

#include <cstdint>

// Own ones: <linux/landlock.h> of Debian 12 lacks most rights, and beside musl there is no
// <linux/>.
namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// struct landlock_ruleset_attr. An older kernel knows only the first members.
struct LandlockRights {
    std::uint64_t files;
    std::uint64_t tcp;
    std::uint64_t scopes;
};

/// struct sock_filter, an instruction of classic BPF.
struct FilterInstruction {
    std::uint16_t code;
    std::uint8_t if_true, if_false; ///< how many instructions to skip
    std::uint32_t value;

    auto operator==(const FilterInstruction&) const -> bool = default;
};

} // namespace daemonizer::detail

#endif
