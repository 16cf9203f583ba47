#include "reconciler/apiserver/reads.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include <fmt/format.h>

#include "reconciler/apiserver/scales.h"

namespace sluice::apiserver {
namespace {

using embedded::Object;

// Of a watch that doesn't say how long it wants to last (--min-request-timeout).
constexpr std::int64_t kWatchSeconds = 1'800;

Refusal Refused(const std::string& message) { return {FailureStatus(422, "Invalid", message)}; }

// Where a list goes on: its version, and the object after which. Opaque to clients; nobody gains by making one up.
struct Page {
  std::uint64_t version = 0;
  std::string namespace_, name;
};

std::string Encode(const Page& page) { return fmt::format("{}/{}/{}", page.version, page.namespace_, page.name); }

std::optional<Page> Decode(const std::string& token) {
  Page page;
  const std::size_t first = token.find('/');
  const std::size_t second = first == std::string::npos ? first : token.find('/', first + 1);
  if (second == std::string::npos) return std::nullopt;
  const auto [end, error] = std::from_chars(token.data(), token.data() + first, page.version);
  if (error != std::errc() || end != token.data() + first) return std::nullopt;
  page.namespace_ = token.substr(first + 1, second - first - 1);
  page.name = token.substr(second + 1);
  return page;
}

// Which state a list shows, and from where.
struct ListPlace {
  std::uint64_t version = 0;
  bool exact = false;  // as of that version, not the newest
  std::optional<Page> after;
};

OrRefusal<ListPlace> PlaceOf(const Call& call, const embedded::Store& store, const History& history) {
  const auto read = ReadVersion(call);
  if (const auto* refusal = std::get_if<Refusal>(&read)) return *refusal;
  const auto version = std::get<0>(read);
  const std::string match = call.Query("resourceVersionMatch");
  ListPlace place{store.version(), false, std::nullopt};
  if (const std::string token = call.Query("continue"); !token.empty()) {
    place.after = Decode(token);
    if (!place.after) return Refusal{FailureStatus(400, "BadRequest", "continue key is not valid")};
    if (version && *version != 0) {
      return Refusal{
          FailureStatus(400, "BadRequest", "specifying resource version is not allowed when using continue")};
    }
    place.version = place.after->version;
    place.exact = true;
    if (place.version > store.version() || !history.Covers(call.resource.stored(), place.version)) {
      return Refusal{
          ExpiredStatus("The provided continue parameter is too old to display a consistent list result. "
                        "You must start a new list without the continue parameter.")};
    }
    return place;
  }
  if (!match.empty() && match != "Exact" && match != "NotOlderThan") {
    return Refused(fmt::format("resourceVersionMatch: Unsupported value: \"{}\"", match));
  }
  if (!match.empty() && !version) {
    return Refused(
        "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided");
  }
  if (version && *version > store.version()) return Refusal{TooNewStatus(*version, store.version())};
  const bool paged = !call.Query("limit").empty() && call.Query("limit") != "0";
  if (match == "Exact" || (match.empty() && paged && version && *version != 0)) {
    if (*version == 0)
      return Refused("resourceVersionMatch: Forbidden: \"Exact\" is forbidden for resourceVersion \"0\"");
    if (!history.Covers(call.resource.stored(), *version)) {
      return Refusal{ExpiredStatus(fmt::format("The resourceVersion for the provided list is too old: {}", *version))};
    }
    place.version = *version;
    place.exact = true;
  }
  return place;
}

std::size_t LimitOf(const Call& call) {
  const std::string text = call.Query("limit");
  std::size_t limit = 0;
  std::from_chars(text.data(), text.data() + text.size(), limit);
  return limit;
}

bool Follows(const Object& object, const Page& page) {
  return std::tie(object.key().namespace_, object.key().name) > std::tie(page.namespace_, page.name);
}

}  // namespace

serve::Response GetObject(const Call& call, const embedded::Store& store, TimePoint now) {
  const auto version = ReadVersion(call);
  if (const auto* refusal = std::get_if<Refusal>(&version)) return Respond(refusal->status);
  if (const auto wanted = std::get<0>(version); wanted && *wanted > store.version()) {
    return Respond(TooNewStatus(*wanted, store.version()));
  }
  const Object object = store.Find(call.key());
  if (object == nullptr) return Respond(StatusOf({ErrorCode::kNotFound, ""}, call.subject()));
  if (call.subresource == "scale") return {200, "application/json", Dump(ScaleOf(*object))};
  return {200, "application/json", RenderObject(call.resource, *Served(call.resource, object), call.view, now)};
}

serve::Response ListObjects(const Call& call, const embedded::Store& store, const History& history, TimePoint now) {
  const auto selection = ReadSelection(call);
  if (const auto* refusal = std::get_if<Refusal>(&selection)) return Respond(refusal->status);
  const auto place = PlaceOf(call, store, history);
  if (const auto* refusal = std::get_if<Refusal>(&place)) return Respond(refusal->status);
  const auto& [version, exact, after] = std::get<ListPlace>(place);
  const Selection& wanted = std::get<Selection>(selection);
  const Kind kind = call.resource.stored();
  const std::vector<Object> all =
      exact ? history.ListAt(store, kind, call.namespace_, version) : store.List(kind, call.namespace_, {});
  const std::size_t limit = LimitOf(call);
  ListMeta meta{version, "", std::nullopt};
  std::vector<cluster::SharedJson> found;
  Page last;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const Object& object = all[i];
    if ((after && !Follows(object, *after)) || !wanted.labels.Matches(*object)) continue;
    cluster::SharedJson served = Served(call.resource, object);
    if (!wanted.fields.Matches(*served)) continue;
    if (limit > 0 && found.size() == limit) {
      meta.next = Encode({version, last.namespace_, last.name});
      if (wanted.all()) meta.remaining = all.size() - i;
      break;
    }
    last = {0, object.key().namespace_, object.key().name};
    found.push_back(std::move(served));
  }
  return {200, "application/json", RenderList(call.resource, found, meta, call.view, now)};
}

bool IsWatch(const Call& call) {
  return call.request.method == "GET" && call.Asks("watch") && call.subresource.empty();
}

OrRefusal<WatchRequest> BeginWatch(const Call& call, const embedded::Store& store, double chance) {
  auto selection = ReadSelection(call);
  if (const auto* refusal = std::get_if<Refusal>(&selection)) return *refusal;
  const auto read = ReadVersion(call);
  if (const auto* refusal = std::get_if<Refusal>(&read)) return *refusal;
  const auto version = std::get<0>(read);
  const bool send_initial = call.Asks("sendInitialEvents");
  const std::string match = call.Query("resourceVersionMatch");
  if (!call.Query("sendInitialEvents").empty() && match != "NotOlderThan") {
    return Refused(
        "resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
  }
  if (call.Query("sendInitialEvents").empty() && !match.empty()) {
    return Refused(
        "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is "
        "provided");
  }
  if (send_initial && !call.Asks("allowWatchBookmarks")) {
    return Refused("sendInitialEvents: Forbidden: sendInitialEvents requires allowWatchBookmarks");
  }
  if (version && *version > store.version()) return Refusal{TooNewStatus(*version, store.version())};

  WatchRequest request;
  request.resource = call.resource;
  request.namespace_ = call.namespace_;
  request.labels = std::move(std::get<Selection>(selection).labels);
  request.fields = std::move(std::get<Selection>(selection).fields);
  request.view = call.view;
  request.bookmarks = call.Asks("allowWatchBookmarks");
  std::int64_t seconds = 0;
  const std::string timeout = call.Query("timeoutSeconds");
  std::from_chars(timeout.data(), timeout.data() + timeout.size(), seconds);
  if (seconds <= 0) seconds = kWatchSeconds + static_cast<std::int64_t>(chance * kWatchSeconds);
  request.timeout = Duration(std::min<std::int64_t>(seconds, 86'400) * 1000);
  // Without a version, or from "any", a watch begins with what is there; so does one that asks for it.
  const bool from_now = send_initial || (call.Query("sendInitialEvents").empty() && (!version || *version == 0));
  if (from_now) {
    for (Object& object : store.List(call.resource.stored(), call.namespace_, {})) {
      if (request.Selects(object)) request.initial.push_back(std::move(object));
    }
  }
  request.initial_end = send_initial;
  request.version = from_now || !version || *version == 0 ? store.version() : *version;
  return request;
}

}  // namespace sluice::apiserver
