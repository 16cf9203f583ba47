// A request of the port as one of the API's. Pure.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "reconciler/cluster/cluster.h"
#include "reconciler/kubernetes/client.h"
#include "reconciler/kubernetes/discovery.h"

namespace sluice::kubernetes {

// The kind that a request is about.
cluster::Kind KindOf(const cluster::Request& request);
// Lists are read in pages: one of at most 500 objects after `continue_`, "" for the first.
ApiRequest Build(const cluster::Request& request, const Resource& resource, const std::string& continue_ = "");

// "app=web,tier=front", percent-encoded.
std::string SelectorOf(const cluster::LabelSelector& labels);
std::string Encoded(std::string_view text);

// JSON that a YAML 1.1 reader takes for the same: bodies of server-side apply are read as YAML.
std::string YamlSafe(const cluster::Json& json);

}  // namespace sluice::kubernetes
