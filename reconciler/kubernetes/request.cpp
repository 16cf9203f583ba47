#include "reconciler/kubernetes/request.h"

#include <utility>

#include <fmt/format.h>

namespace sluice::kubernetes {
namespace {

using cluster::Json;

constexpr int kPage = 500;

ApiRequest WithBody(std::string method, std::string path, std::string type, const Json& body) {
  return {std::move(method), std::move(path), std::move(type), YamlSafe(body)};
}

struct Building {
  const Resource& resource;
  const std::string& continue_;

  std::string PathOf(const cluster::ObjectKey& key, bool named) const {
    return resource.Path(key.namespace_, named ? key.name : "");
  }

  ApiRequest operator()(const cluster::Get& get) const { return {"GET", PathOf(get.key, true), "", ""}; }
  // Without a version the answer is the newest state, which alone may be the reason for a deletion.
  ApiRequest operator()(const cluster::ListObjects& list) const {
    std::string path = resource.Path(list.namespace_) + fmt::format("?limit={}", kPage);
    if (!list.labels.empty()) path += "&labelSelector=" + SelectorOf(list.labels);
    if (!continue_.empty()) path += "&continue=" + Encoded(continue_);
    return {"GET", std::move(path), "", ""};
  }
  ApiRequest operator()(const cluster::Create& create) const {
    return WithBody("POST",
                    PathOf(cluster::KeyOf(create.object), false) +
                        "?fieldValidation=Strict&fieldManager=" + Encoded(create.manager),
                    "application/json", create.object);
  }
  ApiRequest operator()(const cluster::Apply& apply) const {
    return WithBody("PATCH",
                    PathOf(cluster::KeyOf(apply.object), true) + "?fieldValidation=Strict&fieldManager=" +
                        Encoded(apply.manager) + (apply.force ? "&force=true" : "&force=false"),
                    "application/apply-patch+yaml", apply.object);
  }
  ApiRequest operator()(const cluster::Replace& replace) const {
    return WithBody("PUT",
                    PathOf(cluster::KeyOf(replace.object), true) +
                        "?fieldValidation=Strict&fieldManager=" + Encoded(replace.manager),
                    "application/json", replace.object);
  }
  ApiRequest operator()(const cluster::ReplaceStatus& replace) const {
    return WithBody("PUT", PathOf(cluster::KeyOf(replace.object), true) + "/status", "application/json",
                    replace.object);
  }
  ApiRequest operator()(const cluster::Delete& remove) const {
    Json preconditions = {{"uid", remove.uid}};
    if (!remove.resource_version.empty()) preconditions["resourceVersion"] = remove.resource_version;
    return WithBody("DELETE", PathOf(remove.key, true), "application/json",
                    {{"kind", "DeleteOptions"},
                     {"apiVersion", "v1"},
                     {"preconditions", std::move(preconditions)},
                     {"propagationPolicy", remove.foreground ? "Foreground" : "Background"}});
  }
};

}  // namespace

cluster::Kind KindOf(const cluster::Request& request) {
  if (const auto* get = std::get_if<cluster::Get>(&request)) return get->key.kind;
  if (const auto* list = std::get_if<cluster::ListObjects>(&request)) return list->kind;
  if (const auto* create = std::get_if<cluster::Create>(&request)) return cluster::KeyOf(create->object).kind;
  if (const auto* apply = std::get_if<cluster::Apply>(&request)) return cluster::KeyOf(apply->object).kind;
  if (const auto* replace = std::get_if<cluster::Replace>(&request)) return cluster::KeyOf(replace->object).kind;
  if (const auto* replace = std::get_if<cluster::ReplaceStatus>(&request)) return cluster::KeyOf(replace->object).kind;
  return std::get<cluster::Delete>(request).key.kind;
}

ApiRequest Build(const cluster::Request& request, const Resource& resource, const std::string& continue_) {
  return std::visit(Building{resource, continue_}, request);
}

std::string SelectorOf(const cluster::LabelSelector& labels) {
  std::string selector;
  for (const auto& [label, value] : labels) {
    selector += fmt::format("{}{}{}", selector.empty() ? "" : ",", label, value ? "=" + *value : "");
  }
  return Encoded(selector);
}

std::string Encoded(std::string_view text) {
  constexpr const char* kDigits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const bool plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
    if (plain) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
    }
  }
  return out;
}

// YAML forbids some characters that JSON may hold as they are (YAML 1.1 §5.1), and reads an escape of half a
// character beyond U+FFFF as a mistake: those few are escaped, all others stay.
std::string YamlSafe(const Json& json) {
  const std::string text = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  std::string safe;
  safe.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto byte = [&](std::size_t offset) {
      return at + offset < text.size() ? static_cast<unsigned char>(text[at + offset]) : 0U;
    };
    if (byte(0) == 0x7FU) {
      safe += "\\u007f";
    } else if (byte(0) == 0xC2U && byte(1) >= 0x80U && byte(1) < 0xA0U) {
      safe += fmt::format("\\u{:04x}", byte(1));
      at += 1;
    } else if (byte(0) == 0xE2U && byte(1) == 0x80U && (byte(2) == 0xA8U || byte(2) == 0xA9U)) {
      safe += byte(2) == 0xA8U ? "\\u2028" : "\\u2029";
      at += 2;
    } else if (byte(0) == 0xEFU && byte(1) == 0xBBU && byte(2) == 0xBFU) {
      safe += "\\ufeff";
      at += 2;
    } else if (byte(0) == 0xEFU && byte(1) == 0xBFU && byte(2) >= 0xBEU) {
      safe += byte(2) == 0xBEU ? "\\ufffe" : "\\uffff";
      at += 2;
    } else {
      safe += text[at];
    }
  }
  return safe;
}

}  // namespace sluice::kubernetes
