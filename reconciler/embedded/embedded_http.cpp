#include "reconciler/embedded/embedded_http.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "reconciler/embedded/prometheus_api.h"

namespace sluice::embedded {
namespace {

constexpr const char* kPrometheusApi = "/api/v1/query";

using http::HttpRequest;
using http::HttpResponse;
using HttpReply = std::function<void(Result<HttpResponse>)>;

constexpr Lag kAnswer{Duration(1), Duration(15)};

std::string Lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return text;
}

// (name, namespace) of a Service's DNS name, or empty texts.
std::pair<std::string, std::string> ServiceOf(std::string host) {
  for (const char* tail : {".cluster.local", ".svc"}) {
    if (host.ends_with(tail)) host.resize(host.size() - std::string_view(tail).size());
  }
  std::size_t dot = host.find('.');
  if (dot == std::string::npos || host.find('.', dot + 1) != std::string::npos) return {};
  return {host.substr(0, dot), host.substr(dot + 1)};
}

RequestShape ShapeOf(const HttpRequest& request, const Address& address) {
  RequestShape shape;
  shape.host = address.host;
  shape.method = request.method;
  std::size_t mark = address.target.find('?');
  shape.path = address.target.substr(0, mark);
  if (mark != std::string::npos) shape.query = Parameters(address.target.substr(mark + 1));
  for (const auto& [name, value] : request.headers) shape.headers[Lower(name)] = value;
  return shape;
}

}  // namespace

Result<Address> ParseAddress(const std::string& url) {
  Address address;
  std::size_t colon = url.find("://");
  if (colon != std::string::npos) address.scheme = Lower(url.substr(0, colon));
  if (address.scheme != "http" && address.scheme != "https") {
    return Error{ErrorCode::kInvalid, "not an absolute http or https URL"};
  }
  std::size_t begin = colon + 3;
  std::size_t end = std::min(url.find_first_of("/?#", begin), url.size());
  std::string authority = url.substr(begin, end - begin);
  if (std::size_t at = authority.rfind('@'); at != std::string::npos) authority = authority.substr(at + 1);
  std::size_t port = authority.rfind(':');
  bool literal = authority.starts_with('[');
  if (port != std::string::npos && !(literal && authority.find(']') > port)) {
    address.port = authority.substr(port + 1);
    authority.resize(port);
  }
  address.host = Lower(authority);
  address.target = url.substr(end, url.find('#', end) - end);
  if (!address.target.starts_with('/')) address.target = "/" + address.target;
  if (address.host.empty()) return Error{ErrorCode::kInvalid, "the URL has no host"};
  return address;
}

void EmbeddedHttp::AnswerQuery(const HttpRequest& request, const Address& address, const HttpReply& reply) {
  if (trouble_ == Trouble::kSlow) {
    loop_.After(request.timeout, [reply] { reply(Error{ErrorCode::kUnavailable, "timed out"}); });
    return;
  }
  loop_.After(random_.Within(kAnswer), [this, alive = alive_, target = address.target, body = request.body, reply] {
    if (!*alive) return;
    if (trouble_ == Trouble::kDown) {
      reply(Error{ErrorCode::kUnavailable, "connection refused"});
      return;
    }
    static const TimeSeries kEmpty{Duration(0)};
    const TimeSeries& series = trouble_ == Trouble::kEmpty ? kEmpty : traffic_.series();
    HttpResponse response = AnswerPrometheus(target, body, series, loop_.Now());
    if (response.body.size() > http::kMaxAnswerBytes) {
      reply(Error{ErrorCode::kTooLarge, fmt::format("more than {} bytes", http::kMaxAnswerBytes)});
      return;
    }
    reply(std::move(response));
  });
}

void EmbeddedHttp::Send(HttpRequest request, HttpReply reply) {
  if (first_) {
    if (std::optional<Result<HttpResponse>> answer = first_(request)) {
      loop_.After(random_.Within(kAnswer), [alive = alive_, answer = *std::move(answer), reply = std::move(reply)] {
        if (*alive) reply(answer);
      });
      return;
    }
  }
  auto address = ParseAddress(request.url);
  if (!address.ok()) {
    outside_.Send(std::move(request), std::move(reply));
    return;
  }
  auto [name, namespace_] = ServiceOf(address->host);
  if (name == "prometheus" && namespace_ == "monitoring") {
    AnswerQuery(request, *address, reply);
    return;
  }
  const std::size_t api = every_prometheus_ ? address->target.find(kPrometheusApi) : std::string::npos;
  if (api != std::string::npos && api < address->target.find('?')) {
    address->target.erase(0, api);
    AnswerQuery(request, *address, reply);
    return;
  }
  TrafficPlan plan;
  if (!name.empty()) plan = traffic_.proxy().Service(namespace_, name);
  if (!plan.found) plan = traffic_.proxy().Route(ShapeOf(request, *address));
  if (!plan.found) {
    outside_.Send(std::move(request), std::move(reply));
    return;
  }
  loop_.After(random_.Within(kAnswer),
              [this, alive = alive_, plan = std::move(plan), host = address->host, reply = std::move(reply)] {
                if (!*alive) return;
                std::optional<int> status = traffic_.Call(plan);
                if (!status) {
                  reply(Error{ErrorCode::kUnavailable, host + ": connection refused"});
                  return;
                }
                reply(HttpResponse{*status, *status == 200 ? "ok\n" : "internal server error\n"});
              });
}

void NoHttp::Send(HttpRequest request, HttpReply reply) {
  auto address = ParseAddress(request.url);
  std::string host = address.ok() ? address->host : "";
  loop_.After(Duration(1), [host, reply = std::move(reply)] {
    reply(Error{ErrorCode::kUnavailable, host + ": there is no network"});
  });
}

}  // namespace sluice::embedded
