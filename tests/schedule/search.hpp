// SPDX-License-Identifier: BSL-1.0
// Goes through all plans of a scene up to a bound.
#ifndef DAEMONIZER_TESTS_SCHEDULE_SEARCH_HPP
#define DAEMONIZER_TESTS_SCHEDULE_SEARCH_HPP

#include "execution.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <random>

namespace schedule {

struct Found {
    long executions = 0, diverged = 0, left_out = 0;
    bool knows_all = true; ///< of what is left out: nothing would follow from it
    double seconds = 0;
    std::map<std::string, std::pair<Plan, std::string>> violations; ///< the shortest plan of each
    struct Outcome {
        long times = 0;
        Plan first;
    };
    std::map<std::string, Outcome> outcomes;
};

/// Level by level: the plans of n departures are those of n - 1 with one more behind the last. Most
/// bugs need one or two (Musuvathi and Qadeer, PLDI 2007), and the first plan found is a shortest.
/// A signal is a departure that costs nothing; a plan has at most one.
class Search {
public:
    Search(const Options& options, const Scene& scene, int bound, double seconds)
        : options_{options}, scene_{scene}, bound_{bound}, limit_{seconds} {}

    auto run() -> Found {
        const auto begun = std::chrono::steady_clock::now();
        const auto passed = [&] {
            return std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
        };
        std::mt19937 random{1};
        for (std::vector<Plan> level{Plan{}}; !level.empty();) {
            std::vector<Plan> next;
            for (const Plan& plan : level) {
                if (!options_.planted.empty() && !found_.violations.empty())
                    break; // that is what was asked
                if (passed() > limit_) {
                    ++found_.left_out;
                    found_.knows_all = found_.knows_all && plan.size() == longest();
                    continue;
                }
                execute(plan, next);
            }
            if (!options_.planted.empty() && !found_.violations.empty())
                break;
            // What does not fit into the time is a sample.
            std::shuffle(next.begin(), next.end(), random);
            level = std::move(next);
        }
        found_.seconds = passed();
        return found_;
    }

private:
    void execute(const Plan& plan, std::vector<Plan>& next) {
        constexpr int attempts = 3; // a number that the kernel gives out again may disturb
        for (int attempt = 1;; ++attempt) {
            Execution execution{options_, scene_, plan};
            execution.run();
            if (execution.diverged && attempt != attempts)
                continue;
            ++found_.executions;
            if (execution.diverged) {
                ++found_.diverged;
                return;
            }
            if (Found::Outcome& same = found_.outcomes[execution.outcome]; same.times++ == 0)
                same.first = plan;
            for (const Violation& violation : execution.violations)
                found_.violations.try_emplace(violation.kind, plan, violation.detail);
            extend(plan, execution.points, next);
            return;
        }
    }

    auto longest() const -> std::size_t {
        return static_cast<std::size_t>(bound_) + (scene_.signals.empty() ? 0 : 1);
    }

    void extend(const Plan& plan, const std::vector<Point>& points, std::vector<Plan>& next) const {
        const bool has_signal = std::any_of(plan.begin(), plan.end(),
                                            [](const Departure& each) { return each.signal != 0; });
        const int used = static_cast<int>(plan.size()) - (has_signal ? 1 : 0);
        const int last = plan.empty() ? -1 : plan.back().point;
        for (int point = last + 1; point < static_cast<int>(points.size()); ++point) {
            const Point& here = points[static_cast<std::size_t>(point)];
            const auto add = [&](int process, int signal) {
                Plan longer = plan;
                longer.push_back({point, process, signal});
                next.push_back(std::move(longer));
            };
            if (used < bound_)
                for (const int other : here.others)
                    add(other, 0);
            if (!has_signal)
                for (const int target : here.targets)
                    for (const int signal : scene_.signals)
                        add(target, signal);
        }
    }

    const Options& options_;
    const Scene& scene_;
    const int bound_;
    const double limit_;
    Found found_;
};

} // namespace schedule

#endif
