// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: slots name each other in `after`, so none can be the first
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

struct cache;
struct database : own_slot {
    static constexpr const char* name = "database";
#ifdef REJECT
    using after = slot_list<cache>;
#endif
};
struct cache : own_slot {
    static constexpr const char* name = "cache";
    using after = slot_list<database>;
};

template <class Slot>
struct Own {
    using slot = Slot;
    using steps = step_list<>;
};

int main() {
    return Daemonizer<Own<cache>, Own<database>>{}.run([] {});
}
