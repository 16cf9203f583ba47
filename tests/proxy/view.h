// One namespace of an API server, shown as if it were a cluster: several reconcilers of one API server don't see each
// other, and each sees the same names.
#pragma once

#include <string>

namespace sluice::proxy {

class View {
 public:
  // What is asked of all namespaces is asked of `real`, which bears the name kShown. `real` occurs in nothing else.
  explicit View(std::string real) : real_(std::move(real)) {}

  static constexpr const char* kShown = "sluice-system";

  // Of a request: its path with its query, or its body.
  std::string Target(const std::string& target) const;
  std::string Inwards(std::string text) const;
  // Of an answer.
  std::string Outwards(std::string text) const;

  const std::string& real() const { return real_; }

 private:
  std::string real_;
};

}  // namespace sluice::proxy
