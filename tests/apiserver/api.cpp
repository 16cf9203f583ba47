#include "tests/apiserver/api.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <catch2/catch.hpp>

namespace sluice::apiserver {

std::vector<std::string> Reader::Types() const {
  std::vector<std::string> types;
  for (const Json& piece : pieces) types.push_back(piece.value("type", ""));
  return types;
}

Api::Api(embedded::Options options) {
  auto opened = embedded::EmbeddedCluster::Open(loop_, std::move(options));
  cluster_ = std::move(opened).value();
  server_ = std::make_unique<ApiServer>(loop_, *cluster_, ApiOptions{});
}

serve::Request Api::Make(const std::string& method, const std::string& target, const Headers& headers) const {
  serve::Request request;
  request.method = method;
  request.headers = headers;
  const std::size_t question = std::min(target.find('?'), target.size());
  request.path = target.substr(0, question);
  std::string_view rest = std::string_view(target).substr(std::min(question + 1, target.size()));
  while (!rest.empty()) {
    const std::string_view one = rest.substr(0, rest.find('&'));
    const std::size_t equals = std::min(one.find('='), one.size());
    request.query.emplace(one.substr(0, equals), serve::Decoded(one.substr(std::min(equals + 1, one.size())), true));
    rest.remove_prefix(std::min(one.size() + 1, rest.size()));
  }
  return request;
}

Answered Api::Ask(const std::string& method, const std::string& target, const Json& body, const Headers& headers) {
  return AskText(method, target, body.is_null() ? "" : body.dump(), headers);
}

Answered Api::AskText(const std::string& method, const std::string& target, const std::string& body,
                      const Headers& headers) {
  serve::Request request = Make(method, target, headers);
  request.body = body;
  std::optional<serve::Response> got;
  server_->Handle(request, [&](serve::Response response) { got = std::move(response); });
  REQUIRE(loop_.RunUntil([&] { return got.has_value(); }, loop_.Now() + std::chrono::minutes(1)));
  return {got->status, cluster::ParseJson(got->body)};
}

Answered Api::Patch(const std::string& target, const std::string& type, const Json& patch) {
  return Ask("PATCH", target, patch, {{"content-type", type}});
}

std::shared_ptr<Reader> Api::Watch(const std::string& target, const Headers& headers) {
  std::optional<serve::Response> got;
  server_->Handle(Make("GET", target + (target.find('?') == std::string::npos ? "?" : "&") + "watch=true", headers),
                  [&](serve::Response response) { got = std::move(response); });
  REQUIRE(loop_.RunUntil([&] { return got.has_value(); }, loop_.Now() + std::chrono::minutes(1)));
  if (got->stream == nullptr) {
    refused = cluster::ParseJson(got->body);
    return nullptr;
  }
  auto reader = std::make_shared<Reader>();
  got->stream(reader);
  return reader;
}

Json ConfigMapOf(const std::string& name, Json data, Json labels) {
  return {{"apiVersion", "v1"},
          {"kind", "ConfigMap"},
          {"metadata", {{"name", name}, {"labels", std::move(labels)}}},
          {"data", std::move(data)}};
}

Json DeploymentOf(const std::string& name, int replicas) {
  const Json labels = {{"app", name}};
  return {{"apiVersion", "apps/v1"},
          {"kind", "Deployment"},
          {"metadata", {{"name", name}, {"labels", labels}}},
          {"spec",
           {{"replicas", replicas},
            {"selector", {{"matchLabels", labels}}},
            {"template",
             {{"metadata", {{"labels", labels}}},
              {"spec", {{"containers", Json::array({{{"name", "web"}, {"image", "shop/web:1"}}})}}}}}}}};
}

}  // namespace sluice::apiserver
