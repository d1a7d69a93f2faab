// SPDX-License-Identifier: BSL-1.0
// WorkingDirectory and KeepDirectory: where the daemon stands.
#ifndef DAEMONIZER_PROCESS_DIRECTORY_HPP
#define DAEMONIZER_PROCESS_DIRECTORY_HPP

#include <daemonizer/compose/start/base_directory.hpp>
#include <daemonizer/system/abi.hpp>

#include <type_traits>

namespace daemonizer::inline DAEMONIZER_ABI {

/// The starter's working directory stays, and keeps its file system busy.
struct KeepDirectory {
    using slot = slots::directory;
    using steps = step_list<>;
};
static_assert(Policy<KeepDirectory>);

/// Changes the working directory (APUE 13.3 rule 4): "/" by default, so that no file system is held
/// busy. A relative path starts where the launcher stands. Beside Chroot it is taken inside the new
/// root, once that is there.
/// Fails with chdir(2)'s errno.
template <fixed_string Path = "">
struct WorkingDirectory : Text<Path> {
    constexpr WorkingDirectory() requires(!Text<Path>::at_run_time) = default;
    constexpr explicit WorkingDirectory(TextArgument path) requires Text<Path>::at_run_time
        : Text<Path>{path} {}
    template <class... Wrong>
        requires(Text<Path>::at_run_time && sizeof...(Wrong) != 1)
    constexpr explicit WorkingDirectory(const Wrong&...) : Text<Path>{""} {
        static_assert(given_as_value<Wrong...>,
                      "daemonizer: WorkingDirectory takes one path: WorkingDirectory{path}");
    }

    struct Change : step<phase::session> {
        static constexpr const char* name = "directory";
        static auto run(const auto& start, const auto& policy) -> bool {
            using Start = std::remove_cvref_t<decltype(start)>;
            if constexpr (std::is_void_v<typename Start::template in<slots::chroot>>)
                return enter(start, policy);
            else
                return true; // done by Chroot
        }
        static auto enter(const auto& start, const auto& policy) -> bool {
            const char* const path = policy.characters();
            return detail::path_is_given(start, policy) &&
                   start.check(start.host().change_directory(path), path);
        }
    };
    using slot = slots::directory;
    using steps = step_list<Change>;
};
WorkingDirectory(TextArgument)->WorkingDirectory<>;
static_assert(Policy<WorkingDirectory<"/">> && Policy<WorkingDirectory<>>);

} // namespace daemonizer

#endif
