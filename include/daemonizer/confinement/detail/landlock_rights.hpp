// SPDX-License-Identifier: BSL-1.0
// Landlock's rights, by the ABI that brought them.
#ifndef DAEMONIZER_CONFINEMENT_DETAIL_LANDLOCK_RIGHTS_HPP
#define DAEMONIZER_CONFINEMENT_DETAIL_LANDLOCK_RIGHTS_HPP

#include <daemonizer/confinement/confinement.hpp>
#include <daemonizer/host/confinement_structs.hpp>
#include <daemonizer/system/abi.hpp>

#include <cstddef>
#include <cstdint>

namespace daemonizer::inline DAEMONIZER_ABI::detail::landlock {

/// The ABI that this library was tested with. Rights of a newer ABI are left alone; otherwise what
/// a daemon may do would change when its kernel is updated.
inline constexpr int newest_abi = 7;

// LANDLOCK_ACCESS_FS_*, in the order of their bits.
inline constexpr std::uint32_t execute = 1U << 0, write_file = 1U << 1, read_file = 1U << 2,
                               read_directory = 1U << 3, remove_directory = 1U << 4,
                               remove_file = 1U << 5, make_device = 1U << 6 | 1U << 11,
                               make_directory = 1U << 7, make_file = 1U << 8, make_socket = 1U << 9,
                               make_fifo = 1U << 10, make_link = 1U << 12, refer = 1U << 13,
                               truncate = 1U << 14, device_control = 1U << 15;

// LANDLOCK_ACCESS_NET_*.
inline constexpr std::uint32_t bind_tcp = 1U << 0, connect_tcp = 1U << 1;

inline constexpr std::uint32_t reading = read_file | read_directory;
/// All but making device nodes and executing: a daemon should not run what it writes.
inline constexpr std::uint32_t writing = reading | write_file | remove_directory | remove_file |
                                         make_directory | make_file | make_socket | make_fifo |
                                         make_link | refer | truncate | device_control;
/// The rights that a rule for a file may have; with a directory's rights it would be EINVAL.
inline constexpr std::uint32_t of_files =
    execute | write_file | read_file | truncate | device_control;

/// Returns what a ruleset takes away: the parts that the policy wants and the ABI has.
constexpr auto rights(int abi, unsigned wanted) -> LandlockRights {
    const unsigned parts = wanted & Confinement::parts_of(abi);
    LandlockRights taken{};
    taken.files = (1U << 13) - 1;
    if (abi >= 2)
        taken.files |= refer; // an older ABI always forbids that
    if ((parts & Confinement::truncation) != 0)
        taken.files |= truncate;
    if ((parts & Confinement::devices) != 0)
        taken.files |= device_control;
    if ((parts & Confinement::tcp) != 0)
        taken.tcp = bind_tcp | connect_tcp;
    if ((parts & Confinement::abstract_sockets) != 0)
        taken.scopes |= 1U;
    if ((parts & Confinement::signals) != 0)
        taken.scopes |= 2U;
    return taken;
}

/// Returns how many bytes of LandlockRights a kernel of this ABI knows.
constexpr auto size_of_rights(int abi) -> std::size_t { return abi >= 6 ? 24 : abi >= 4 ? 16 : 8; }

struct PathRule {
    const char* path;
    std::uint32_t rights;
    bool may_be_missing;
};
struct PortRule {
    std::uint16_t port;
    std::uint8_t rights;
};

} // namespace daemonizer::detail::landlock

#endif
