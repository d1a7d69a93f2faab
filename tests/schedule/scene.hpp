// SPDX-License-Identifier: BSL-1.0
// The scenes that are explored: which programs meet, and what happens to them.
#ifndef DAEMONIZER_TESTS_SCHEDULE_SCENE_HPP
#define DAEMONIZER_TESTS_SCHEDULE_SCENE_HPP

#include <csignal>
#include <string>
#include <vector>

namespace schedule {

struct Scene {
    std::string name{};
    std::vector<std::string>
        before{};                    ///< verbs of the probe that are at rest when the scene begins
    std::vector<std::string> meet{}; ///< those that are explored together
    int bound = 1;                   ///< of preemptions, in the ordinary run
    std::vector<int> signals{}; ///< one of them at each point, to each process of `meet` at most
    bool to_the_daemon_before = false; ///< the signals go to the daemon of `before` instead
    bool names_the_stranger = false;   ///< the pid file holds the number of the stranger
    int ignored = 0;                   ///< a signal that all programs are started without
    std::string fork = "double";

    auto title() const -> std::string { return fork + "-" + name; }
};

inline auto scenes_of(const std::string& fork) -> std::vector<Scene> {
    const std::vector<int> all{SIGKILL, SIGINT, SIGTERM, -SIGINT};
    std::vector<Scene> scenes{
        // One start.
        {.name = "start", .meet = {"serve"}},
        {.name = "start-fails", .meet = {"fail"}},
        {.name = "start-returns", .meet = {"return"}},
        {.name = "start-crashes", .meet = {"crash"}},
        {.name = "start-with-worker", .meet = {"worker"}},
        {.name = "start-signalled", .meet = {"serve"}, .bound = 0, .signals = all},
        {.name = "failure-signalled", .meet = {"fail"}, .bound = 0, .signals = all},
        {.name = "worker-signalled", .meet = {"worker"}, .bound = 0, .signals = {SIGKILL, SIGINT}},
        {.name = "start-under-nohup",
         .meet = {"serve"},
         .bound = 0,
         .signals = {SIGHUP},
         .ignored = SIGHUP},
        // Two on one pid file.
        {.name = "two-starts", .meet = {"serve", "serve"}},
        {.name = "two-starts-killed", .meet = {"serve", "serve"}, .bound = 0, .signals = {SIGKILL}},
        {.name = "two-starts-on-a-stale-file", // with the number of a process that lives
         .before = {"stranger"},
         .meet = {"serve", "serve"},
         .names_the_stranger = true},
        {.name = "failure-and-start", .meet = {"fail", "serve"}},
        {.name = "crash-and-start", .meet = {"crash-later", "serve"}},
        {.name = "start-at-a-crash",
         .before = {"serve"},
         .meet = {"serve"},
         .bound = 0,
         .signals = {SIGKILL},
         .to_the_daemon_before = true},
        // A new program in place, and a daemon that its monitor starts again.
        {.name = "upgrade", .before = {"upgradable"}, .meet = {"ask-upgrade"}},
        {.name = "upgrade-signalled",
         .before = {"upgradable"},
         .meet = {"ask-upgrade"},
         .bound = 0,
         .signals = {SIGKILL, SIGTERM, SIGUSR2},
         .to_the_daemon_before = true},
        {.name = "upgrade-and-start", .before = {"upgradable"}, .meet = {"ask-upgrade", "serve"}},
        {.name = "upgrade-and-stop", .before = {"upgradable"}, .meet = {"ask-upgrade", "stop"}},
        {.name = "upgrade-and-status", .before = {"upgradable"}, .meet = {"ask-upgrade", "status"}},
        {.name = "monitored-start", .meet = {"monitored"}},
        {.name = "monitored-signalled",
         .meet = {"monitored"},
         .bound = 0,
         .signals = {SIGKILL, SIGTERM}},
        {.name = "monitored-crash-and-start",
         .before = {"monitored"},
         .meet = {"serve"},
         .bound = 0,
         .signals = {SIGKILL, SIGTERM},
         .to_the_daemon_before = true},
        {.name = "monitored-stop", .before = {"monitored"}, .meet = {"stop"}},
        // Control.
        {.name = "start-and-stop", .meet = {"serve", "stop"}},
        {.name = "stop-and-start", .before = {"serve"}, .meet = {"stop", "serve"}},
        {.name = "stop-twice", .before = {"serve"}, .meet = {"stop", "stop"}},
        {.name = "restart", .before = {"serve"}, .meet = {"restart"}},
        {.name = "restart-twice", .before = {"serve"}, .meet = {"restart", "restart"}, .bound = 0},
        {.name = "start-and-status", .meet = {"serve", "status"}},
        {.name = "stop-and-status", .before = {"serve"}, .meet = {"stop", "status"}},
        // A worker that outlives its daemon.
        {.name = "worker-outlives", .meet = {"worker-crash-later"}},
        {.name = "worker-outlives-and-start", .meet = {"worker-crash-later", "serve"}, .bound = 0},
        {.name = "worker-returns", .meet = {"worker-returns"}},
        // A number that is no daemon's.
        {.name = "stranger-and-stop",
         .before = {"stranger"},
         .meet = {"stop"},
         .names_the_stranger = true},
        {.name = "stranger-start-and-stop",
         .before = {"stranger"},
         .meet = {"serve", "stop"},
         .names_the_stranger = true},
    };
    if (fork == "handoff") // which Monitor refuses
        std::erase_if(scenes,
                      [](const Scene& scene) { return scene.name.starts_with("monitored"); });
    for (Scene& scene : scenes)
        scene.fork = fork;
    return scenes;
}

} // namespace schedule

#endif
