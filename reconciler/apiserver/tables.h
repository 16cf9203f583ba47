// The tables that `kubectl get` shows: columns and cells of each kind (pkg/printers/internalversion).
#pragma once

#include <vector>

#include "compiler/base/time.h"
#include "reconciler/apiserver/resources.h"

namespace sluice::apiserver {

// What a row carries of its object.
enum class IncludeObject { kNone, kMetadata, kObject };

// meta.k8s.io/v1 columnDefinitions of a resource.
Json TableColumns(const Resource& resource);
// One row; `object` as it is served.
Json TableRow(const Resource& resource, const Json& object, IncludeObject include, TimePoint now);

// meta.k8s.io/v1 PartialObjectMetadata of an object.
Json MetadataOf(const Json& object);

// "12s", "5m3s", "3d": apimachinery's HumanDuration.
std::string HumanDuration(Duration duration);

// The text that `path`, a JSONPath such as `.status.conditions[?(@.type=="Ready")].message`, finds: what
// additionalPrinterColumns may say. "" if nothing is there.
std::string TextAtJsonPath(const Json& object, std::string_view path);

}  // namespace sluice::apiserver
