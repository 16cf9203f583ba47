// Kubernetes quantities: how numbers of a plan are written in an object, and what texts of objects say.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "compiler/base/number.h"

namespace sluice::kubernetes {

// Processor time: "2", "250m". Nothing if it is no whole number of thousandths (the finest that
// Kubernetes schedules).
std::optional<std::string> CpuText(const Number& cores);

// Bytes: "256Mi", "1500M", "1000". The largest unit that leaves a whole number, binary units first.
// Nothing if it is no whole number of bytes.
std::optional<std::string> BytesText(const Number& bytes);

// A number of anything: "1500m", "2k". nullopt for one below 0, finer than thousandths, or too large.
std::optional<std::string> DecimalText(const Number& number);

// A Kubernetes quantity as a number: "100m" is 1/10, "1Gi" is 1073741824, "1e3" is 1000. Nothing if the
// text is no quantity. Source: k8s.io/apimachinery/pkg/api/resource, Quantity.
std::optional<Number> ParseQuantity(std::string_view text);

}  // namespace sluice::kubernetes
