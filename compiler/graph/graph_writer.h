// Writes what graph_fields.h names as JSON text. Private to this folder.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "compiler/graph/expression_codec.h"
#include "compiler/graph/graph_fields.h"
#include "compiler/graph/value_codec.h"

namespace sluice::graph {

class GraphWriter {
 public:
  static constexpr bool kReading = false;

  GraphWriter(std::string& out, bool spans) : out_(out), spans_(spans) {}

  bool HasSpans() const { return spans_; }

  template <typename T>
  void Field(std::string_view name, const T& value) {
    Key(name);
    Write(value);
  }
  void Required(std::string_view name, const ExpressionPtr& value) { Field(name, value); }
  template <typename T>
  void Optional(std::string_view name, const std::vector<T>& values) {
    if (!values.empty()) {
      Field(name, values);
    }
  }
  template <typename T>
  void Optional(std::string_view name, const std::optional<T>& value) {
    if (value) {
      Field(name, *value);
    }
  }
  void Optional(std::string_view name, bool value) {
    if (value) {
      Field(name, value);
    }
  }
  void Exact(std::string_view name, const Value& value) {
    Key(name);
    AppendExactValue(out_, value);
  }
  template <typename... Ts>
  void Kind(std::string_view name, const std::variant<Ts...>& value) {
    Key(name);
    AppendJsonString(out_, kNodeWords[value.index()]);
  }
  template <typename... Ts>
  void Alternative(std::string_view name, const std::variant<Ts...>& value) {
    Key(name);
    std::visit([this](const auto& alternative) { this->Write(alternative); }, value);
  }
  void Outcomes(std::string_view name, const Disposition (&outcomes)[kOutcomeCount]) {
    Key(name);
    out_ += '{';
    first_ = true;
    for (std::size_t i = 0; i < kOutcomeCount; ++i) {
      Field(kOutcomeWords[i], outcomes[i]);
    }
    out_ += '}';
    first_ = false;
  }

  template <typename T>
  void Write(const T& value) {
    if constexpr (std::is_enum_v<T>) {
      AppendJsonString(out_, WordsOf(value)[static_cast<std::size_t>(value)]);
    } else {
      out_ += '{';
      first_ = true;
      Fields(*this, value);
      out_ += '}';
      first_ = false;
    }
  }
  void Write(bool value) { out_ += value ? "true" : "false"; }
  void Write(std::int32_t value) { out_ += std::to_string(value); }
  void Write(std::uint32_t value) { out_ += std::to_string(value); }
  void Write(Duration value) { out_ += std::to_string(value.count()); }
  void Write(const std::string& value) { AppendJsonString(out_, value); }
  void Write(const Value& value) { AppendValue(out_, value); }
  // A ratio that doesn't end is text.
  void Write(const Number& value) {
    if (value.IsDecimal()) {
      out_ += value.ToString();
    } else {
      AppendJsonString(out_, value.ToString());
    }
  }
  void Write(const ExpressionPtr& value) {
    if (value) {
      AppendExpression(out_, *value);
    } else {
      out_ += "null";
    }
  }
  template <typename T>
  void Write(const std::optional<T>& value) {
    if (value) {
      Write(*value);
    } else {
      out_ += "null";
    }
  }
  template <typename T>
  void Write(const std::vector<T>& values) {
    out_ += '[';
    for (std::size_t i = 0; i < values.size(); ++i) {
      out_ += i == 0 ? "" : ",";
      Write(values[i]);
    }
    out_ += ']';
  }
  // Pairs keep their order: [["name", value], …].
  void Write(const std::pair<std::string, ExpressionPtr>& pair) {
    out_ += '[';
    AppendJsonString(out_, pair.first);
    out_ += ',';
    Write(pair.second);
    out_ += ']';
  }
  void Write(const FunctionTable& functions) {
    out_ += '{';
    first_ = true;
    for (const auto& [name, function] : functions) {
      Field(name, function);
    }
    out_ += '}';
    first_ = false;
  }

 private:
  void Key(std::string_view name) {
    if (!first_) {
      out_ += ',';
    }
    first_ = false;
    AppendJsonString(out_, name);
    out_ += ':';
  }

  std::string& out_;
  bool spans_;
  bool first_ = true;
};

}  // namespace sluice::graph
