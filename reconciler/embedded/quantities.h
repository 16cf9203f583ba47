// Kubernetes quantities as objects hold them: "250m", "64Mi", 3.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "compiler/base/number.h"
#include "reconciler/embedded/fields.h"

namespace sluice::embedded {

// k8s.io/apimachinery/pkg/api/resource: a number and the way in which it is written.
class Quantity {
 public:
  // In powers of 1000, of 1024, or with an exponent.
  enum class Form { kDecimal, kBinary, kExponent };

  Quantity(const Number& value, Form form) : value_(value), form_(form) {}

  // nullopt for what is no quantity, or none that fits a Number.
  static std::optional<Quantity> Parse(std::string_view text);
  // A JSON text or number.
  static std::optional<Quantity> Of(const Json& json);
  static Quantity OfThousandths(std::int64_t thousandths, Form form);

  const Number& value() const { return value_; }
  // Rounded up, as Quantity.MilliValue.
  std::int64_t thousandths() const;
  // As the API server writes it: the largest unit that leaves a whole number; "1500m", "1k", "64Mi".
  std::string ToString() const;

 private:
  Number value_;
  Form form_;
};

}  // namespace sluice::embedded
