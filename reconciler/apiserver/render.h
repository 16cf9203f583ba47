// How an object is shown to whom asks: as it is, as a row of a table, or its metadata alone.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "reconciler/apiserver/resources.h"
#include "reconciler/apiserver/tables.h"

namespace sluice::apiserver {

enum class Form { kObject, kTable, kMetadata };

struct View {
  Form form = Form::kObject;
  IncludeObject include = IncludeObject::kMetadata;
};

// What an Accept header asks for, by the first form in it that is served; nullopt if none is (406).
std::optional<View> Negotiate(const std::string& accept, const std::string& include_object);
// Whether it would rather have aggregated discovery than the plain one.
bool WantsAggregated(const std::string& accept);

// The object as the resource serves it. Almost always the very one that is stored.
cluster::SharedJson Served(const Resource& resource, const embedded::Object& object);

// What a list says of itself.
struct ListMeta {
  std::uint64_t version = 0;
  std::string next;  // the token of the next page, "" if this is the last
  std::optional<std::size_t> remaining;
};

std::string RenderObject(const Resource& resource, const Json& object, const View& view, TimePoint now);
std::string RenderList(const Resource& resource, const std::vector<cluster::SharedJson>& objects, const ListMeta& meta,
                       const View& view, TimePoint now);

}  // namespace sluice::apiserver
