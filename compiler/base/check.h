// For what can only be a bug of ours: prints where, and aborts. Never on outside input.
#pragma once

namespace sluice {

[[noreturn]] void CheckFailed(const char* file, int line, const char* condition);

}  // namespace sluice

#define SLUICE_CHECK(condition)                              \
  do {                                                       \
    if (!(condition)) {                                      \
      ::sluice::CheckFailed(__FILE__, __LINE__, #condition); \
    }                                                        \
  } while (false)
