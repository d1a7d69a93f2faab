// SPDX-License-Identifier: BSL-1.0
// What start() returns: a handle, or why there is none.
#ifndef DAEMONIZER_COMPOSE_RESULT_HPP
#define DAEMONIZER_COMPOSE_RESULT_HPP

#include <daemonizer/compose/failure.hpp>
#include <daemonizer/system/abi.hpp>

#include <utility>

#if defined(__cpp_exceptions)
#include <exception>
#endif

namespace daemonizer::inline DAEMONIZER_ABI {

/// Holds a value, or the reason why there is none. Moves and copies as its value does.
template <class T>
class [[nodiscard]] Result {
public:
    explicit Result(T&& value) : value_{std::move(value)} {}

    /// Whether there is a value. `*` and `->` are meaningful only where this is true.
    explicit operator bool() const { return good_; }
    auto operator*() -> T& { return value_; }
    auto operator->() -> T* { return &value_; }
    /// Meaningful only where the result is false.
    auto error() const -> const Failure& { return failure_; }

    /// Runs `start(value, failure)`, which says whether there is a value.
    template <class Start>
    auto fill(Start start) -> Result& {
        good_ = start(value_, failure_);
        return *this;
    }

private:
    T value_;
    Failure failure_;
    bool good_ = false;
};

#if defined(__cpp_exceptions)
/// Is thrown by `start_or_throw`; `what()` is the failure's text.
class StartError : public std::exception {
public:
    explicit StartError(const Failure& failure) : failure_{failure} {}
    auto what() const noexcept -> const char* override { return failure_.text(); }
    auto failure() const noexcept -> const Failure& { return failure_; }

private:
    Failure failure_;
};
#endif

} // namespace daemonizer

#endif
