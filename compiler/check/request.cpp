#include "compiler/check/request.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "compiler/base/text.h"

namespace sluice::check {
namespace {

using graph::ExpressionPtr;
using graph::Operation;

constexpr std::array<std::string_view, 4> kMethods = {"GET", "POST", "PUT", "PATCH"};

bool IsNone(const ExpressionPtr& expression) {
  return expression->operation == Operation::kLiteral && expression->literal.is_none();
}

bool IsHttp(std::string_view url) {
  for (std::string_view scheme : {"http://", "https://"}) {
    if (url.size() > scheme.size() && url.substr(0, scheme.size()) == scheme && url[scheme.size()] != '/') {
      return true;
    }
  }
  return false;
}

class RequestBody {
 public:
  RequestBody(const Reader& reader, graph::RequestTemplate& request) : reader_(reader), request_(request) {}

  void operator()(const syntax::HeaderClause& clause);
  void operator()(const syntax::RequestClause& clause);
  void operator()(const syntax::BasicClause& clause);
  void operator()(const syntax::Later& later) { ReportLater(later, reader_.context()); }
  void Url(const syntax::ExpressionPtr& url);
  bool complete() const { return complete_; }

 private:
  // A part that may be left out by saying none.
  ExpressionPtr Part(const syntax::ExpressionPtr& expression, const Type& type, const std::string& what);
  void Query(const syntax::ExpressionPtr& value);

  const Reader& reader_;
  graph::RequestTemplate& request_;
  bool complete_ = true;
};

ExpressionPtr RequestBody::Part(const syntax::ExpressionPtr& expression, const Type& type, const std::string& what) {
  ExpressionPtr part = reader_.Residual(expression, type, what);
  complete_ = complete_ && part != nullptr;
  return part == nullptr || IsNone(part) ? nullptr : part;
}

void RequestBody::Url(const syntax::ExpressionPtr& url) {
  request_.url = Part(url, Type::Kind::kAny, "a request");
  if (request_.url == nullptr || request_.url->operation != Operation::kLiteral) {
    return;
  }
  const graph::Value& value = request_.url->literal;
  if (value.as_secret() != nullptr || (value.as_string() != nullptr && IsHttp(*value.as_string()))) {
    return;
  }
  reader_.Report(diagnostics::kNotAUrl, url->span,
                 value.as_string() != nullptr
                     ? fmt::format("the request's address `{}` does not begin with `http://HOST` or `https://HOST`",
                                   *value.as_string())
                     : fmt::format("the request's address is {}", value.KindName()));
}

void RequestBody::Query(const syntax::ExpressionPtr& value) {
  ExpressionPtr query = Part(value, Type::Map(Type::Kind::kAny), "`query`");
  if (query == nullptr) {
    return;
  }
  const auto entries = EntriesOf(*query);
  if (!entries) {
    reader_.Report(diagnostics::kWrongClauseValue, value->span,
                   "the names in `query` are not known before the rollout runs");
    return;
  }
  for (const auto& [name, item] : *entries) {
    if (!IsNone(item)) {
      request_.query.emplace_back(name, item);
    }
  }
}

void RequestBody::operator()(const syntax::HeaderClause& clause) {
  std::optional<std::string> name = reader_.Text(clause.name, "`header`");
  ExpressionPtr value = Part(clause.value, Type::Kind::kAny, "`header`");
  if (!name || value == nullptr) {
    return;
  }
  const bool token = !name->empty() && std::all_of(name->begin(), name->end(), [](char c) {
    // RFC 9110 §5.6.2.
    return (c > ' ' && c < '\x7f') && std::string_view("\"(),/:;<=>?@[\\]{}").find(c) == std::string_view::npos;
  });
  if (!token) {
    reader_.Report(diagnostics::kWrongClauseValue, clause.name->span, fmt::format("`{}` is no header's name", *name));
    return;
  }
  request_.headers.emplace_back(*name, std::move(value));
}

void RequestBody::operator()(const syntax::RequestClause& clause) {
  const std::string& word = clause.word.text;
  if (word == "query") {
    Query(clause.value);
  } else if (word == "bearer") {
    request_.bearer = Part(clause.value, Type(Type::Kind::kSecret).Optional(), "`bearer`");
  } else if (word == "timeout") {
    request_.timeout = reader_.Time(clause.value, "`timeout`", Duration(100)).value_or(request_.timeout);
  } else if (word == "body json") {
    request_.json = Part(clause.value, Type::Kind::kJson, "`body json`");
  } else if (word == "body text") {
    request_.text = Part(clause.value, Type::Kind::kString, "`body text`");
  }
}

void RequestBody::operator()(const syntax::BasicClause& clause) {
  request_.basic_user = Part(clause.user, Type::Kind::kAny, "`basic`");
  request_.basic_password = Part(clause.password, Type(Type::Kind::kSecret).Optional(), "`basic`");
}

}  // namespace

std::optional<graph::RequestTemplate> ReadRequest(const syntax::Request& request, const Reader& reader) {
  graph::RequestTemplate result;
  result.method = request.method.text;
  if (std::find(kMethods.begin(), kMethods.end(), result.method) == kMethods.end()) {
    reader.context()
        .Report(diagnostics::kUnknownClauseWord, request.method.span,
                fmt::format("`request` does not know the method `{}`", result.method))
        .Note("it knows GET, POST, PUT and PATCH")
        .Emit();
  }
  RequestBody body(reader, result);
  body.Url(request.url);
  for (const syntax::RequestItem& item : request.items) {
    std::visit(body, item);
  }
  return body.complete() && result.url != nullptr ? std::optional(std::move(result)) : std::nullopt;
}

}  // namespace sluice::check
