// One request to an object or a collection, understood: which resource, which verb, in which view. What is wrong with
// it is a Status.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "reconciler/apiserver/render.h"
#include "reconciler/apiserver/selectors.h"
#include "reconciler/apiserver/statuses.h"
#include "reconciler/serve/server.h"

namespace sluice::apiserver {

// A Status that is to be answered.
struct Refusal {
  Json status;
};
template <typename T>
using OrRefusal = std::variant<T, Refusal>;

struct Call {
  serve::Request request;
  Resource resource;
  std::string namespace_, name, subresource;
  View view;

  // A parameter of the query, "" if it is not given.
  std::string Query(const std::string& parameter) const;
  bool Asks(const std::string& parameter) const;  // "true" or "1"
  bool dry_run() const { return !Query("dryRun").empty(); }
  // fieldManager, or what the user agent calls itself.
  std::string manager() const;
  // The media type of the body, without parameters.
  std::string content_type() const;
  ObjectKey key() const { return {resource.stored(), namespace_, name}; }
  Subject subject() const { return {&resource, name}; }
};

// "/apis/apps/v1/namespaces/shop/deployments/web/scale" as a Call; the Status of 404, 406 or 400 otherwise.
OrRefusal<Call> Understand(const serve::Request& request, const embedded::Store& store);

// The object in the body, its identity completed by the path; the Status of 400, 415 or 422 otherwise.
OrRefusal<Json> ReadBody(const Call& call);

// What a list and a watch ask for alike.
struct Selection {
  LabelSelector labels;
  FieldSelector fields;
  bool all() const { return labels.empty() && fields.empty(); }
};
OrRefusal<Selection> ReadSelection(const Call& call);

// resourceVersion: nullopt if none is given; an error Status if it is no number.
OrRefusal<std::optional<std::uint64_t>> ReadVersion(const Call& call);

}  // namespace sluice::apiserver
