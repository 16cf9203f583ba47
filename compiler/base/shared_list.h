// A list of values that other lists hold too.
#pragma once

#include <cstddef>
#include <iterator>
#include <memory>
#include <utility>
#include <vector>

namespace sluice {

// Copying one, or making one of parts of others, copies no value. Reads like a list of `const T&`.
template <typename T>
class SharedList {
 public:
  class Iterator {
   public:
    using iterator_category = std::forward_iterator_tag;
    using value_type = const T;
    using difference_type = std::ptrdiff_t;
    using pointer = const T*;
    using reference = const T&;

    explicit Iterator(const std::shared_ptr<const T>* at = nullptr) : at_(at) {}
    reference operator*() const { return **at_; }
    pointer operator->() const { return at_->get(); }
    Iterator& operator++() {
      ++at_;
      return *this;
    }
    Iterator operator++(int) { return Iterator(at_++); }
    friend bool operator==(const Iterator&, const Iterator&) = default;

   private:
    const std::shared_ptr<const T>* at_;
  };

  SharedList() = default;
  explicit SharedList(std::vector<T> values) {
    const auto owner = std::make_shared<const std::vector<T>>(std::move(values));
    items_.reserve(owner->size());
    for (const T& value : *owner) {
      items_.emplace_back(owner, &value);
    }
  }
  explicit SharedList(std::vector<std::shared_ptr<const T>> items) : items_(std::move(items)) {}

  std::size_t size() const { return items_.size(); }
  bool empty() const { return items_.empty(); }
  const T& operator[](std::size_t at) const { return *items_[at]; }
  const T& front() const { return *items_.front(); }
  Iterator begin() const { return Iterator(items_.data()); }
  Iterator end() const { return Iterator(items_.data() + items_.size()); }

 private:
  std::vector<std::shared_ptr<const T>> items_;
};

}  // namespace sluice
