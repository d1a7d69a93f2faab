// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: a step needs what no earlier step gives; see unmet<step, need>
// expect: database_is_open
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

struct database_is_open {};

template <phase Place>
struct Database {
    struct Open : step<Place> {
        static constexpr const char* name = "database";
        using gives = capabilities<database_is_open>;
        static auto run(const auto&, const auto&) -> bool { return true; }
    };
    struct slot : own_slot {
        static constexpr const char* name = "database";
    };
    using steps = step_list<Open>;
};

struct Cache {
    struct Fill : step<phase::record> {
        static constexpr const char* name = "cache";
        using needs = capabilities<database_is_open>;
        static auto run(const auto&, const auto&) -> bool { return true; }
    };
    struct slot : own_slot {
        static constexpr const char* name = "cache";
    };
    using steps = step_list<Fill>;
};

int main() {
#ifdef REJECT
    return Daemonizer<Cache, Database<phase::targets>>{}.run([] {}); // given too late
#else
    return Daemonizer<Cache, Database<phase::session>>{}.run([] {});
#endif
}
