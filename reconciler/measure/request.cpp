#include "reconciler/measure/request.h"

#include <map>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "compiler/base/base64.h"
#include "compiler/graph/codec.h"

namespace sluice::measure {
namespace {

using graph::SecretKey;
using graph::Value;

// A request whose Secrets are still references.
class Filler : public std::enable_shared_from_this<Filler> {
 public:
  Filler(cluster::Cluster& cluster, const graph::RequestTemplate& request, Filling filling,
         std::function<void(Result<http::HttpRequest>)> reply)
      : cluster_(cluster), template_(request), filling_(std::move(filling)), reply_(std::move(reply)) {}

  void Start() {
    Evaluated();
    Next();
  }

 private:
  // Fetches what is still missing, one after the other, then answers.
  void Next() {
    if (filling_.alive != nullptr && !*filling_.alive) return;
    for (const auto& [name, content] : secrets_) {
      if (content || error_) continue;
      const cluster::ObjectKey key{{"v1", "Secret"}, filling_.namespace_, name};
      cluster_.Send(cluster::Get{key}, [self = shared_from_this(), name = name](Result<cluster::SharedJson> got) {
        self->Got(name, std::move(got));
        self->Next();
      });
      return;
    }
    if (!error_) Assemble();
    if (error_) return reply_(*std::move(error_));
    reply_(std::move(out_));
  }

  void Got(const std::string& name, Result<cluster::SharedJson> got) {
    if (!got) {
      error_ = Error{got.error().code,
                     fmt::format("Secret {}/{}: {}", filling_.namespace_, name,
                                 got.error().code == ErrorCode::kNotFound ? "does not exist" : got.error().message)};
      return;
    }
    secrets_[name] = std::move(got).value();
  }

  Value Evaluate(const graph::ExpressionPtr& expression, const std::string& what) {
    if (expression == nullptr || error_) return {};
    graph::Evaluation result = graph::Evaluate(*expression, *filling_.functions, filling_.roots);
    if (result.kind == graph::Evaluation::Kind::kValue) {
      if (const SecretKey* secret = result.value.as_secret()) secrets_.try_emplace(secret->name);
      return std::move(result.value);
    }
    error_ = Error{ErrorCode::kInvalid, fmt::format("the request's {}: {}", what, result.message)};
    return {};
  }

  void Evaluated() {
    url_ = Evaluate(template_.url, "address");
    for (const auto& [name, expression] : template_.query) {
      query_.emplace_back(name, Evaluate(expression, "query parameter " + name));
    }
    for (const auto& [name, expression] : template_.headers) {
      headers_.emplace_back(name, Evaluate(expression, "header " + name));
    }
    json_ = Evaluate(template_.json, "body");
    text_ = Evaluate(template_.text, "body");
    bearer_ = Evaluate(template_.bearer, "token");
    user_ = Evaluate(template_.basic_user, "user");
    password_ = Evaluate(template_.basic_password, "password");
  }

  // The text of a value, a Secret's content included.
  std::string Reveal(const Value& value) {
    const SecretKey* secret = value.as_secret();
    if (secret == nullptr) return value.ToText();
    const cluster::Json& object = *secrets_.at(secret->name);
    const auto data = object.find("data");
    if (data != object.end() && data->is_object() && data->contains(secret->key)) {
      const cluster::Json& encoded = data->at(secret->key);
      if (auto decoded = encoded.is_string() ? FromBase64(encoded.get<std::string>()) : std::nullopt) return *decoded;
    }
    error_ = Error{ErrorCode::kNotFound,
                   fmt::format("Secret {}/{} has no key `{}`", filling_.namespace_, secret->name, secret->key)};
    return "";
  }

  // A token or password from a file often ends in a newline, which no header may hold.
  std::string RevealLine(const Value& value) {
    std::string text = Reveal(value);
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
    if (text.find_first_of("\r\n") != std::string::npos) {
      error_ = Error{ErrorCode::kInvalid, "a header's value has several lines"};
    }
    return text;
  }

  void Assemble() {
    out_.method = template_.method.empty() ? "GET" : template_.method;
    out_.timeout = template_.timeout;
    out_.url = RevealLine(url_);
    bool first = out_.url.find('?') == std::string::npos;
    for (const auto& [name, value] : query_) {
      if (value.is_none()) continue;
      out_.url += fmt::format("{}{}={}", first ? "?" : "&", UrlEncode(name), UrlEncode(Reveal(value)));
      first = false;
    }
    for (const auto& [name, value] : headers_) {
      if (value.is_none()) continue;
      if (value.as_secret() != nullptr)
        out_.secret_headers.emplace_back(name, http::Secret(RevealLine(value)));
      else
        out_.headers.emplace_back(name, RevealLine(value));
    }
    if (!bearer_.is_none())
      out_.secret_headers.emplace_back("Authorization", http::Secret("Bearer " + RevealLine(bearer_)));
    if (!user_.is_none() || !password_.is_none()) {
      const std::string pair = RevealLine(user_) + ":" + RevealLine(password_);
      out_.secret_headers.emplace_back("Authorization", http::Secret("Basic " + ToBase64(pair)));
    }
    if (template_.json != nullptr) {
      out_.body = graph::EncodeValue(json_);
      out_.headers.emplace_back("Content-Type", "application/json");
    } else if (template_.text != nullptr) {
      out_.body = text_.ToText();
      out_.headers.emplace_back("Content-Type", "text/plain; charset=utf-8");
    }
  }

  cluster::Cluster& cluster_;
  const graph::RequestTemplate& template_;
  const Filling filling_;
  const std::function<void(Result<http::HttpRequest>)> reply_;
  Value url_, json_, text_, bearer_, user_, password_;
  std::vector<std::pair<std::string, Value>> query_, headers_;
  std::map<std::string, cluster::SharedJson> secrets_;
  std::optional<Error> error_;
  http::HttpRequest out_;
};

}  // namespace

void FillRequest(cluster::Cluster& cluster, const graph::RequestTemplate& request, Filling filling,
                 std::function<void(Result<http::HttpRequest>)> reply) {
  std::make_shared<Filler>(cluster, request, std::move(filling), std::move(reply))->Start();
}

std::string UrlEncode(std::string_view text) {
  constexpr std::string_view kUnreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  std::string encoded;
  for (const char c : text) {
    if (kUnreserved.find(c) != std::string_view::npos)
      encoded += c;
    else
      encoded += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return encoded;
}

}  // namespace sluice::measure
