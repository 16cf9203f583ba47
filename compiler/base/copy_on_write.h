// A value that its copies share until one of them changes it.
#pragma once

#include <memory>
#include <utility>

namespace sluice {

// Reads like a `const T`. Copies of one belong to one thread.
template <typename T>
class CopyOnWrite {
 public:
  CopyOnWrite() : CopyOnWrite(T()) {}
  CopyOnWrite(T value)  // NOLINT(google-explicit-constructor): as the value itself
      : value_(std::make_shared<T>(std::move(value))) {}

  const T& operator*() const { return *value_; }
  const T* operator->() const { return value_.get(); }
  operator const T&() const { return *value_; }  // NOLINT(google-explicit-constructor): as the value itself

  // For a change. Good until this is copied: the copy would change too.
  T& Edit() {
    if (value_.use_count() > 1) value_ = std::make_shared<T>(*value_);
    return *value_;
  }

  friend bool operator==(const CopyOnWrite& a, const CopyOnWrite& b) {
    return a.value_ == b.value_ || *a.value_ == *b.value_;
  }

 private:
  std::shared_ptr<T> value_;
};

}  // namespace sluice
