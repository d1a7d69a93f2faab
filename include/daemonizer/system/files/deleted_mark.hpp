// SPDX-License-Identifier: BSL-1.0
// The path of a running program whose file has been replaced.
#ifndef DAEMONIZER_SYSTEM_FILES_DELETED_MARK_HPP
#define DAEMONIZER_SYSTEM_FILES_DELETED_MARK_HPP

#include <daemonizer/system/abi.hpp>

#include <cstddef>
#include <cstring>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// Takes away what the kernel appends to the target of /proc/self/exe once the file was removed or
/// replaced; the path is then that of the file which stands there now. A file may have such a name:
/// `names_program()` tells whether `path`, as it is, names the program that runs. Returns whether
/// there was a mark.
template <class NamesProgram>
auto take_deleted_mark(char* path, std::size_t length, NamesProgram names_program) -> bool {
    constexpr char mark[] = " (deleted)";
    constexpr std::size_t size = sizeof mark - 1;
    if (length <= size || std::strcmp(path + length - size, mark) != 0 || names_program())
        return false;
    path[length - size] = '\0';
    return true;
}

} // namespace daemonizer::detail

#endif
