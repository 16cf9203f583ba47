// The built-in functions: one table for the checker and for evaluation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "compiler/graph/expression.h"
#include "compiler/graph/operations.h"
#include "compiler/graph/value.h"

namespace sluice::graph {

// What functions are called with.
struct BuiltinCall {
  const Value* arguments = nullptr;
  std::size_t count = 0;
  Arithmetic arithmetic = Arithmetic::kExact;

  const Value& operator[](std::size_t i) const { return arguments[i]; }
  // None for an argument that was left out.
  Value Get(std::size_t i) const { return i < count ? arguments[i] : Value(); }
};

// `parameters` and `result` are written as the language writes types, `T` standing for any one type: "T" in
// the result is what the arguments named it, "whole" is int where the last parameter was left out and T where
// it was not. A parameter that ends in `?` may be left out; a last one that
// ends in `…` may be repeated.
struct Builtin {
  std::string_view name;
  std::vector<std::string_view> parameter_names;
  std::vector<std::string_view> parameters;
  std::string_view result;
  Evaluation (*implementation)(const BuiltinCall& call);
  std::string_view doc;
};

// Sorted by name.
const std::vector<Builtin>& Builtins();
// Null if there is none.
const Builtin* FindBuiltin(std::string_view name);
bool AcceptsCount(const Builtin& builtin, std::size_t arguments);

// Implementations, by family. Each gets as many arguments as the table allows; kinds are checked inside,
// because run-time values come from outside.
namespace builtin {
Evaluation Count(const BuiltinCall& call);
Evaluation Join(const BuiltinCall& call);
Evaluation Split(const BuiltinCall& call);
Evaluation Replace(const BuiltinCall& call);
Evaluation Lower(const BuiltinCall& call);
Evaluation Trim(const BuiltinCall& call);
Evaluation RegexEscape(const BuiltinCall& call);
Evaluation UrlEncode(const BuiltinCall& call);
Evaluation Base64(const BuiltinCall& call);
Evaluation ParseJson(const BuiltinCall& call);
Evaluation ParseCsv(const BuiltinCall& call);

Evaluation Keys(const BuiltinCall& call);
Evaluation At(const BuiltinCall& call);
Evaluation First(const BuiltinCall& call);
Evaluation Last(const BuiltinCall& call);
Evaluation Sorted(const BuiltinCall& call);
Evaluation Range(const BuiltinCall& call);
Evaluation Merge(const BuiltinCall& call);
Evaluation Endpoints(const BuiltinCall& call);

Evaluation Min(const BuiltinCall& call);
Evaluation Max(const BuiltinCall& call);
Evaluation Sum(const BuiltinCall& call);
Evaluation Round(const BuiltinCall& call);
Evaluation Floor(const BuiltinCall& call);
Evaluation Ceil(const BuiltinCall& call);
Evaluation ToNumber(const BuiltinCall& call);
Evaluation Epoch(const BuiltinCall& call);
Evaluation Ln(const BuiltinCall& call);
Evaluation Exp(const BuiltinCall& call);
Evaluation Sqrt(const BuiltinCall& call);
}  // namespace builtin

}  // namespace sluice::graph
