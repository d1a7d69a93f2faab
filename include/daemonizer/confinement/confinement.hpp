// SPDX-License-Identifier: BSL-1.0
// How much of a Landlock policy the kernel enforces: what `daemon.confinement()` returns.
#ifndef DAEMONIZER_CONFINEMENT_CONFINEMENT_HPP
#define DAEMONIZER_CONFINEMENT_CONFINEMENT_HPP

#include <daemonizer/system/abi.hpp>

namespace daemonizer::inline DAEMONIZER_ABI {

/// Says how much of a Landlock policy is in force. A plain value.
class Confinement {
public:
    /// The parts of a Landlock policy, each of which needs a Landlock ABI of the kernel.
    enum part : unsigned char {
        files = 1,             ///< paths opened, made, removed, executed: ABI 1 (Linux 5.13)
        truncation = 2,        ///< truncate(2), O_TRUNC: ABI 3 (6.2)
        tcp = 4,               ///< TCP ports bound and connected to: ABI 4 (6.7)
        devices = 8,           ///< ioctl(2) on devices opened from now on: ABI 5 (6.10)
        abstract_sockets = 16, ///< connections to abstract Unix sockets of others: ABI 6 (6.12)
        signals = 32,          ///< signals to processes outside: ABI 6
        all = 63,              ///< every part
    };
    /// How much of the policy is in force.
    enum class level : unsigned char {
        none,   ///< the kernel has no Landlock, or it is off
        partly, ///< the kernel is older than some part of the policy
        fully,  ///< everything that the policy forbids is forbidden
    };
    using enum level;

    constexpr Confinement() = default;
    /// Describes a policy with the parts `wanted` on a kernel that has this ABI.
    constexpr Confinement(int abi, unsigned wanted)
        : abi_{static_cast<unsigned char>(abi)}, wanted_{static_cast<unsigned char>(wanted)} {}

    /// The Landlock ABI whose rights are in force, at most the newest that this library knows; 0
    /// where none is.
    constexpr auto abi() const -> int { return abi_; }
    /// True for a part that is in force.
    constexpr auto enforces(part which) const -> bool { return (in_force() & which) != 0; }
    /// True for a part that the policy wants and that the kernel cannot enforce.
    constexpr auto lacks(part which) const -> bool { return (wanted_ & ~in_force() & which) != 0; }
    /// Returns how much of what the policy wants is in force.
    constexpr auto enforced() const -> level {
        return in_force() == 0 ? none : in_force() == wanted_ ? fully : partly;
    }
    /// `enforced()` as a word, for a log.
    constexpr auto text() const -> const char* {
        return enforced() == none ? "none" : enforced() == fully ? "fully" : "partly";
    }

    /// The parts that a kernel of this ABI can enforce.
    static constexpr auto parts_of(int abi) -> unsigned {
        unsigned parts = 0;
        if (abi >= 1)
            parts |= files;
        if (abi >= 3)
            parts |= truncation;
        if (abi >= 4)
            parts |= tcp;
        if (abi >= 5)
            parts |= devices;
        if (abi >= 6)
            parts |= abstract_sockets | signals;
        return parts;
    }

private:
    constexpr auto in_force() const -> unsigned { return wanted_ & parts_of(abi_); }

    unsigned char abi_ = 0;
    unsigned char wanted_ = 0;
};

} // namespace daemonizer

#endif
