// How a failure of the world is carried: a value or an `Error`, never an exception.
//
// A wrong plan is a `Diagnostic`, a bug of ours is a `SLUICE_CHECK`; neither is an `Error`.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "compiler/base/check.h"

namespace sluice {

// One code for each decision that a caller takes.
enum class ErrorCode {
  kInvalid,       // the request itself is wrong; the same request fails again
  kNotFound,      // the thing does not exist
  kExists,        // a thing of that name exists already
  kConflict,      // it changed since it was read; read again, decide again
  kGone,          // the version asked for is too old; list again
  kForbidden,     // not allowed; asking again changes nothing until someone allows it
  kUnauthorized,  // who asks could not be established
  kUnavailable,   // not reachable or overloaded; try again later; nothing was changed
  kAmbiguous,     // a write was sent and its answer lost; read before deciding anything else
  kTooLarge,      // over a limit
  kCancelled,     // given up by the caller
};

// The code's name as it appears in logs ("not found").
std::string_view ErrorCodeName(ErrorCode code);

struct Error {
  ErrorCode code = ErrorCode::kInvalid;
  std::string message;  // for people; the context is prepended as the error travels up

  // The same error with `context` and ": " in front of the message.
  Error Within(std::string_view context) &&;
};

// A `T` or the `Error` that prevented it. Must be looked at.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT(google-explicit-constructor)
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT(google-explicit-constructor)

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  // Requires ok().
  const T& value() const& {
    SLUICE_CHECK(ok());
    return std::get<0>(state_);
  }
  T& value() & {
    SLUICE_CHECK(ok());
    return std::get<0>(state_);
  }
  T&& value() && {
    SLUICE_CHECK(ok());
    return std::get<0>(std::move(state_));
  }
  const T& operator*() const& { return value(); }
  T& operator*() & { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  const T* operator->() const { return &value(); }
  T* operator->() { return &value(); }

  // Requires !ok().
  const Error& error() const& {
    SLUICE_CHECK(!ok());
    return std::get<1>(state_);
  }
  Error&& error() && {
    SLUICE_CHECK(!ok());
    return std::get<1>(std::move(state_));
  }

 private:
  std::variant<T, Error> state_;
};

// Success without a value, or the `Error`.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : failed_(true), error_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

  bool ok() const { return !failed_; }
  explicit operator bool() const { return ok(); }
  const Error& error() const {
    SLUICE_CHECK(failed_);
    return error_;
  }

 private:
  bool failed_ = false;
  Error error_;
};

}  // namespace sluice
