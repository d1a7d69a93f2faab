// SPDX-License-Identifier: BSL-1.0
// Finds the memory of this process that holds nothing but the program's data.
#ifndef DAEMONIZER_LAUNCH_DETAIL_OWN_MAPPINGS_HPP
#define DAEMONIZER_LAUNCH_DETAIL_OWN_MAPPINGS_HPP

#include <daemonizer/launch/detail/map_reader.hpp>
#include <daemonizer/system/abi.hpp>

#include <cstddef>
#include <fcntl.h>
#include <link.h>
#include <sys/auxv.h>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

class [[gnu::visibility("hidden")]] PrivateMappings;

/// Lists the large private mappings, without the parts that somebody still needs. The kernel makes
/// one mapping of neighbours: the program's data may be in one mapping with the thread's own
/// variables, or with lists of the dynamic linker's. So parts of a mapping are left out, too.
class PrivateMappings {
public:
    PrivateMappings() {} // not zeroed

    /// Takes those of at least `least` bytes, as many as there is room for; the rest is kept, and
    /// costs only time. False where /proc does not tell.
    template <class Host>
    auto read(const Host& host, unsigned long least) -> bool {
        const int maps = host.open(AT_FDCWD, "/proc/self/maps", O_RDONLY | O_CLOEXEC);
        if (maps < 0)
            return false;
        char text[1024];
        MapReader reader;
        Mapping found{};
        for (long size; (size = host.read(maps, text, sizeof text)) > 0;)
            for (const char* next = text; next != text + size; ++next)
                if (reader.take(*next, found) && found.size() >= least)
                    add(found);
        host.close(maps);
        return true;
    }

    /// Leaves out the whole mapping that an address is in.
    void leave_out_all_around(const void* address) {
        for (Mapping& mapping : *this)
            if (mapping.has(address))
                mapping.to = mapping.from;
    }

    /// Leaves out the pages of `size` bytes, and `margin` bytes before and behind them.
    void leave_out(unsigned long at, unsigned long size, unsigned long margin = 0) {
        const unsigned long page = ::getauxval(AT_PAGESZ);
        const unsigned long from = at < margin ? 0 : (at - margin) / page * page;
        const unsigned long to = (at + size + margin + page - 1) / page * page;
        for (unsigned i = 0, count = size_; i != count; ++i) {
            Mapping& mapping = mappings_[i];
            if (!mapping.meets({from, to}))
                continue;
            const unsigned long end = mapping.to;
            mapping.to = from > mapping.from ? from : mapping.from;
            if (to < end)
                add({to, end});
        }
    }
    void leave_out(const void* at, unsigned long size, unsigned long margin = 0) {
        leave_out(reinterpret_cast<unsigned long>(at), size, margin);
    }

    /// Leaves out what the dynamic linker has put in memory: objects, the thread's variables of
    /// each, and its lists of them, which a call needs that is bound late. The name of an object is
    /// where the lists about that object are. For objects that are there from the start this is a
    /// small memory of the linker's own; for those that were loaded later, anywhere in the
    /// program's heap. False where it has lists elsewhere: of an object that was unloaded, or in
    /// another namespace (dlmopen(3), LD_AUDIT).
    auto leave_out_what_is_linked() -> bool {
        Look look{*this, 0, 0, 0, false};
        ::dl_iterate_phdr(look_at, &look);
#if defined(__GLIBC__)
        return look.removed == 0 && look.added == look.objects;
#else
        return true; // musl binds all at once, and looks at no list afterwards
#endif
    }

    auto begin() -> Mapping* { return mappings_; }
    auto end() -> Mapping* { return mappings_ + size_; }

    /// How far libc's data about a thread may reach from that thread's variables.
    static constexpr unsigned long beside_thread = 4 << 10;

private:
    static constexpr unsigned room = 64;
    /// How far the lists about an object may be from its name.
    static constexpr unsigned long beside_name = 16 << 10;

    struct Look {
        PrivateMappings& mappings;
        unsigned long long objects, added, removed;
        bool is_past_linker; ///< the linker is the last, or nearly, that is there from the start
    };

    void add(const Mapping& mapping) {
        if (size_ != room)
            mappings_[size_++] = mapping;
    }

    static auto look_at(dl_phdr_info* object, std::size_t, void* data) -> int {
        auto& look = *static_cast<Look*>(data);
        ++look.objects;
        look.added = object->dlpi_adds;
        look.removed = object->dlpi_subs;
        for (unsigned i = 0; i != object->dlpi_phnum; ++i) {
            const auto& segment = object->dlpi_phdr[i];
            if (segment.p_type == PT_LOAD)
                look.mappings.leave_out(object->dlpi_addr + segment.p_vaddr, segment.p_memsz);
            if (segment.p_type == PT_TLS && object->dlpi_tls_data != nullptr)
                look.mappings.leave_out(object->dlpi_tls_data, segment.p_memsz, beside_thread);
        }
#if defined(__GLIBC__)
        if (look.is_past_linker)
            look.mappings.leave_out_all_around(object->dlpi_name);
        else
            look.mappings.leave_out(object->dlpi_name, 1, beside_name);
        look.is_past_linker = look.is_past_linker || object->dlpi_addr == ::getauxval(AT_BASE);
#endif
        return 0;
    }

    unsigned size_ = 0;
    Mapping mappings_[room];
};

} // namespace daemonizer::detail

#endif
