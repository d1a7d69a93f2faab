// SPDX-License-Identifier: BSL-1.0
// Where one execution departs from the usual order, as text that can be replayed.
#ifndef DAEMONIZER_TESTS_SCHEDULE_PLAN_HPP
#define DAEMONIZER_TESTS_SCHEDULE_PLAN_HPP

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace schedule {

/// At `point`, which is a step of the stage that is explored, `process` goes on instead of the
/// usual one; or `signal` is sent to it first, a negative one to its process group.
struct Departure {
    int point;
    int process;
    int signal = 0;
};

using Plan = std::vector<Departure>;

/// "12>2" process 2 goes on at point 12; "15!1:9" process 1 gets KILL at point 15; "-" the usual.
inline auto text_of(const Plan& plan) -> std::string {
    std::string text;
    for (const Departure& departure : plan) {
        text += (text.empty() ? "" : ",") + std::to_string(departure.point);
        text += departure.signal == 0 ? ">" : "!";
        text += std::to_string(departure.process);
        if (departure.signal != 0)
            text += ":" + std::to_string(departure.signal);
    }
    return text.empty() ? "-" : text;
}

inline auto plan_of(const std::string& text) -> Plan {
    Plan plan;
    const char* at = text == "-" ? "" : text.c_str();
    while (*at != '\0') {
        Departure departure{};
        int length = 0;
        if (std::sscanf(at, "%d!%d:%d%n", &departure.point, &departure.process, &departure.signal,
                        &length) != 3 &&
            std::sscanf(at, "%d>%d%n", &departure.point, &departure.process, &length) != 2) {
            std::fprintf(stderr, "schedule: '%s' is no schedule\n", at);
            std::exit(2);
        }
        plan.push_back(departure);
        at += length;
        if (*at == ',')
            ++at;
    }
    return plan;
}

} // namespace schedule

#endif
