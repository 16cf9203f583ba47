#include "reconciler/apiserver/render.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "reconciler/apiserver/core_events.h"
#include "reconciler/apiserver/statuses.h"

namespace sluice::apiserver {
namespace {

std::string_view Trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

// Calls `visit` with each part of `text` between `by` until it returns true.
template <typename Visit>
void ForEachPart(std::string_view text, char by, Visit visit) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(by), text.size());
    if (visit(Trim(text.substr(0, end)))) return;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

// One media type with its parameters, as far as they matter.
struct MediaType {
  std::string_view type, as, group, version;
};

MediaType ReadMediaType(std::string_view text) {
  MediaType media;
  ForEachPart(text, ';', [&](std::string_view part) {
    if (media.type.empty()) media.type = part;
    if (part.starts_with("as=")) media.as = part.substr(3);
    if (part.starts_with("g=")) media.group = part.substr(2);
    if (part.starts_with("v=")) media.version = part.substr(2);
    return false;
  });
  return media;
}

std::optional<Form> FormOf(const MediaType& media) {
  if (media.type != "application/json" && media.type != "application/*" && media.type != "*/*") return std::nullopt;
  if (media.as.empty()) return Form::kObject;
  if (media.version != "v1") return std::nullopt;
  if (media.as == "Table") return Form::kTable;
  if (media.as.starts_with("PartialObjectMetadata")) return Form::kMetadata;
  return std::nullopt;
}

Json TableOf(const Resource& resource, const Json& metadata, Json rows) {
  return {{"kind", "Table"},
          {"apiVersion", "meta.k8s.io/v1"},
          {"metadata", metadata},
          {"columnDefinitions", TableColumns(resource)},
          {"rows", std::move(rows)}};
}

}  // namespace

std::optional<View> Negotiate(const std::string& accept, const std::string& include_object) {
  View view;
  if (include_object == "None") view.include = IncludeObject::kNone;
  if (include_object == "Object") view.include = IncludeObject::kObject;
  if (accept.empty()) return view;
  bool found = false;
  ForEachPart(accept, ',', [&](std::string_view part) {
    const auto form = FormOf(ReadMediaType(part));
    if (form) view.form = *form;
    found = form.has_value();
    return found;
  });
  return found ? std::optional(view) : std::nullopt;
}

bool WantsAggregated(const std::string& accept) {
  bool wants = false;
  ForEachPart(accept, ',', [&](std::string_view part) {
    const MediaType media = ReadMediaType(part);
    if (media.type != "application/json") return false;
    wants = media.as == "APIGroupDiscoveryList" && media.group == "apidiscovery.k8s.io" && media.version == "v2";
    return wants || media.as.empty();
  });
  return wants;
}

cluster::SharedJson Served(const Resource& resource, const embedded::Object& object) {
  return resource.kind == resource.stored() ? object.json() : cluster::Share(ToCoreEvent(*object));
}

std::string RenderObject(const Resource& resource, const Json& object, const View& view, TimePoint now) {
  if (view.form == Form::kObject) return Dump(object);
  if (view.form == Form::kMetadata) return Dump(MetadataOf(object));
  Json rows = Json::array();
  rows.push_back(TableRow(resource, object, view.include, now));
  return Dump(TableOf(resource, {{"resourceVersion", cluster::Text(object, {"metadata", "resourceVersion"})}},
                      std::move(rows)));
}

std::string RenderList(const Resource& resource, const std::vector<cluster::SharedJson>& objects, const ListMeta& meta,
                       const View& view, TimePoint now) {
  Json metadata = {{"resourceVersion", std::to_string(meta.version)}};
  if (!meta.next.empty()) metadata["continue"] = meta.next;
  if (meta.remaining) metadata["remainingItemCount"] = *meta.remaining;
  if (view.form == Form::kTable) {
    Json rows = Json::array();
    for (const auto& object : objects) rows.push_back(TableRow(resource, *object, view.include, now));
    return Dump(TableOf(resource, metadata, std::move(rows)));
  }
  const bool whole = view.form == Form::kObject;
  const std::string kind = whole ? resource.kind.kind + "List" : "PartialObjectMetadataList";
  const std::string api_version = whole ? resource.kind.api_version : "meta.k8s.io/v1";
  // Put together as text: a copy of all objects would cost more than their text does.
  std::string text = Dump({{"kind", kind}, {"apiVersion", api_version}, {"metadata", metadata}});
  text.back() = ',';
  text += "\"items\":[";
  for (const auto& object : objects) {
    if (text.back() != '[') text += ',';
    text += whole ? Dump(*object) : Dump(MetadataOf(*object));
  }
  return text + "]}";
}

}  // namespace sluice::apiserver
