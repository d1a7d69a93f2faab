// SPDX-License-Identifier: BSL-1.0
// The descriptors that an upgrade hands over, and their names.
#ifndef DAEMONIZER_SUPERVISION_DETAIL_STORED_DESCRIPTORS_HPP
#define DAEMONIZER_SUPERVISION_DETAIL_STORED_DESCRIPTORS_HPP

#include <daemonizer/system/abi.hpp>

#include <cstddef>
#include <cstring>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// A table of fixed size, since nothing here may allocate. It owns its descriptors, which are
/// close-on-exec and above 2. Plain bytes: it travels in a message.
struct StoredDescriptors {
    static constexpr int capacity = 32;
    static constexpr std::size_t longest_name = 63;

    struct Entry {
        int fd;
        char name[longest_name + 1];
    };

    /// Returns -1 where nothing has that name.
    auto find(const char* name) const -> int {
        for (int i = 0; i != count; ++i)
            if (std::strcmp(entries[i].name, name) == 0)
                return entries[i].fd;
        return -1;
    }

    /// Keeps a copy of `fd`, and closes the one that had the name. Returns false if the name is
    /// empty or too long, the table is full, or `fd` is not open.
    template <class Host>
    auto add(const Host& host, const char* name, int fd) -> bool {
        const std::size_t length = std::strlen(name);
        if (length == 0 || length > longest_name)
            return false;
        const int copy = host.duplicate_above_stdio(fd);
        if (copy < 0)
            return false;
        remove(host, name);
        if (count == capacity) {
            host.close(copy);
            return false;
        }
        Entry& entry = entries[count++];
        entry.fd = copy;
        std::memcpy(entry.name, name, length + 1);
        return true;
    }

    /// Returns false where nothing has that name.
    template <class Host>
    auto remove(const Host& host, const char* name) -> bool {
        for (int i = 0; i != count; ++i)
            if (std::strcmp(entries[i].name, name) == 0) {
                host.close(entries[i].fd);
                entries[i] = entries[--count];
                return true;
            }
        return false;
    }

    void each_descriptor(auto keep) const {
        for (int i = 0; i != count; ++i)
            keep(entries[i].fd);
    }

    int count = 0;
    Entry entries[capacity];
};

} // namespace daemonizer::detail

#endif
