#include "tests/kubernetes/server.h"

#include <algorithm>
#include <utility>

#include <catch2/catch.hpp>

namespace sluice::kubernetes {

using cluster::Json;

namespace {

constexpr const char* kUrl = "https://api";

std::string PathOf(const http::HttpRequest& request) {
  REQUIRE(request.url.starts_with(kUrl));
  return request.url.substr(std::string(kUrl).size());
}

}  // namespace

void Server::Send(http::HttpRequest request, std::function<void(Result<http::HttpResponse>)> reply) {
  ++asked;
  waiting_.push_back({std::move(request), std::move(reply)});
}

http::StreamId Server::Open(http::HttpRequest request, Handler handler) {
  const auto id = static_cast<http::StreamId>(++opened);
  streams_.push_back({std::move(request), std::move(handler), id});
  return id;
}

void Server::Close(http::StreamId stream) {
  std::erase_if(streams_, [&](const Stream& open) { return open.id == stream; });
}

std::string Server::Next() {
  Settle();
  if (waiting_.empty()) return "";
  taken_ = std::move(waiting_.front());
  waiting_.pop_front();
  return PathOf(taken_.request);
}

bool Server::Idle() {
  Settle();
  return waiting_.empty();
}

void Server::Answer(int status, const Json& body, std::vector<std::pair<std::string, std::string>> headers) {
  taken_.reply(http::HttpResponse{status, body.is_null() ? "" : body.dump(), std::move(headers)});
  Settle();
}

void Server::Fail(Error error) {
  taken_.reply(std::move(error));
  Settle();
}

void Server::AnswerDiscovery() {
  REQUIRE(Next() == "/api/v1");
  Answer(200, {{"resources", Json::array({{{"name", "configmaps"}, {"kind", "ConfigMap"}, {"namespaced", true}},
                                          {{"name", "pods/log"}, {"kind", "Pod"}, {"namespaced", true}}})}});
}

std::string Server::Watching() {
  Settle();
  if (streams_.empty()) return "";
  const std::string path = PathOf(streams_.back().request);
  return path.substr(0, path.find("&timeoutSeconds="));
}

void Server::Push(const Json& event) { PushText(event.dump() + "\n"); }

void Server::PushText(std::string_view text) {
  REQUIRE(!streams_.empty());
  const auto on_part = streams_.back().handler.on_part;
  on_part(text);
  Settle();
}

void Server::End(Result<http::HttpResponse> end) {
  REQUIRE(!streams_.empty());
  const Stream ended = std::move(streams_.back());
  streams_.pop_back();
  ended.handler.on_end(std::move(end));
  Settle();
}

Json StatusJson(int code, const std::string& reason) {
  return {{"kind", "Status"},  {"apiVersion", "v1"}, {"status", "Failure"},
          {"message", reason}, {"reason", reason},   {"code", code}};
}

}  // namespace sluice::kubernetes
