#include "reconciler/apiserver/watch_hub.h"

#include <algorithm>
#include <utility>

#include "reconciler/apiserver/statuses.h"

namespace sluice::apiserver {

using cluster::EventType;
using embedded::Change;
using embedded::Object;

namespace {

// From a commit to its events, as in embedded::Lags: what is committed meanwhile goes with it.
constexpr Duration kLag{2};
// As the API server's watch cache.
constexpr Duration kBookmarkEvery{60'000};
constexpr std::size_t kMaxTexts = 512;

}  // namespace

bool WatchRequest::Selects(const Object& object) const {
  if (object == nullptr || (!namespace_.empty() && object.key().namespace_ != namespace_)) return false;
  if (!labels.Matches(*object)) return false;
  return fields.empty() || fields.Matches(*Served(resource, object));
}

struct WatchHub::Watcher {
  Watcher(WatchRequest asked, std::shared_ptr<serve::Stream> to)
      : request(std::move(asked)), stream(std::move(to)), kind(request.resource.stored()) {}

  WatchRequest request;
  std::shared_ptr<serve::Stream> stream;
  cluster::Kind kind;
  std::size_t initial_told = 0;
  bool columns_told = false;  // of a table
  loop::TimerId timeout = loop::TimerId::kNone;
};

WatchHub::WatchHub(loop::Loop& loop, embedded::EmbeddedCluster& cluster, const History& history)
    : loop_(loop), cluster_(cluster), history_(history) {}

WatchHub::~WatchHub() {
  loop_.Cancel(deliver_);
  loop_.Cancel(bookmarks_);
  for (const auto& [kind, watchers] : watchers_) {
    for (const auto& watcher : watchers) {
      loop_.Cancel(watcher->timeout);
      watcher->stream->on_room = nullptr;
      watcher->stream->on_closed = nullptr;
    }
  }
}

void WatchHub::Open(WatchRequest request, std::shared_ptr<serve::Stream> stream) {
  durable_ = cluster_.store().version();
  const auto watcher = std::make_shared<Watcher>(std::move(request), std::move(stream));
  watchers_[watcher->kind].insert(watcher);
  ++size_;
  const std::weak_ptr<Watcher> weak = watcher;
  watcher->stream->on_room = [this, weak] {
    if (const auto alive = weak.lock()) Pump(alive);
  };
  watcher->stream->on_closed = [this, weak] {
    if (const auto alive = weak.lock()) Close(alive);
  };
  watcher->timeout = loop_.After(watcher->request.timeout, [this, weak] {
    const auto alive = weak.lock();
    if (alive == nullptr) return;
    const bool done = alive->initial_told == alive->request.initial.size() && !alive->request.initial_end;
    if (alive->request.bookmarks && done && alive->stream->room()) TellBookmark(*alive, false);
    alive->stream->End();
    Close(alive);
  });
  if (bookmarks_ == loop::TimerId::kNone) bookmarks_ = loop_.After(kBookmarkEvery, [this] { SendBookmarks(); });
  Pump(watcher);
}

void WatchHub::OnChange(const cluster::Kind& kind) {
  if (size_ == 0) return;
  changed_.insert(kind);
  if (deliver_ == loop::TimerId::kNone) deliver_ = loop_.After(kLag, [this] { Deliver(); });
}

void WatchHub::Deliver() {
  deliver_ = loop::TimerId::kNone;
  if (!cluster_.Durable().ok()) return;  // and never will be: nobody may hear of it
  durable_ = cluster_.store().version();
  for (const cluster::Kind& kind : std::exchange(changed_, {})) {
    const auto found = watchers_.find(kind);
    if (found == watchers_.end()) continue;
    const std::vector<std::shared_ptr<Watcher>> watchers(found->second.begin(), found->second.end());
    for (const auto& watcher : watchers) Pump(watcher);
  }
}

void WatchHub::SendBookmarks() {
  bookmarks_ = size_ == 0 ? loop::TimerId::kNone : loop_.After(kBookmarkEvery, [this] { SendBookmarks(); });
  for (const auto& [kind, watchers] : watchers_) {
    for (const auto& watcher : watchers) {
      const WatchRequest& request = watcher->request;
      const bool behind = watcher->initial_told < request.initial.size() || request.initial_end ||
                          history_.After(kind, request.version) != nullptr;
      if (request.bookmarks && !behind && watcher->stream->room()) TellBookmark(*watcher, false);
    }
  }
}

void WatchHub::Pump(const std::shared_ptr<Watcher>& watcher) {
  if (watcher->stream->closed()) return Close(watcher);
  if (!history_.Covers(watcher->kind, watcher->request.version)) return Expire(watcher);
  while (watcher->stream->room() && Tell(*watcher)) {
  }
}

bool WatchHub::Tell(Watcher& watcher) {
  WatchRequest& request = watcher.request;
  if (watcher.initial_told < request.initial.size()) {
    watcher.stream->Write(EventText(watcher, "ADDED", request.initial[watcher.initial_told++]));
    return true;
  }
  if (!request.initial.empty()) {
    request.initial = {};
    watcher.initial_told = 0;
  }
  if (std::exchange(request.initial_end, false)) {
    TellBookmark(watcher, true);
    return true;
  }
  const Change* next = history_.After(watcher.kind, request.version);
  if (next == nullptr || next->object.version() > durable_) {
    if (next == nullptr) request.version = std::max(request.version, durable_);
    return false;
  }
  request.version = next->object.version();
  const bool was = next->type != EventType::kAdded && request.Selects(next->before);
  const bool is = next->type != EventType::kDeleted && request.Selects(next->object);
  if (was || is) {
    watcher.stream->Write(EventText(watcher, !was ? "ADDED" : is ? "MODIFIED" : "DELETED", next->object));
  }
  return true;
}

void WatchHub::TellBookmark(Watcher& watcher, bool initial_end) {
  const WatchRequest& request = watcher.request;
  Json metadata = {{"resourceVersion", std::to_string(request.version)}, {"creationTimestamp", nullptr}};
  if (initial_end) metadata["annotations"] = {{"k8s.io/initial-events-end", "true"}};
  Json object = {
      {"kind", request.resource.kind.kind}, {"apiVersion", request.resource.kind.api_version}, {"metadata", metadata}};
  if (request.view.form == Form::kMetadata) object = MetadataOf(object);
  if (request.view.form == Form::kTable) {
    object = {{"kind", "Table"},
              {"apiVersion", "meta.k8s.io/v1"},
              {"metadata", {{"resourceVersion", std::to_string(request.version)}}},
              {"columnDefinitions", nullptr},
              {"rows", Json::array({{{"cells", Json::array()}, {"object", MetadataOf(object)}}})}};
  }
  watcher.stream->Write(
      std::make_shared<const std::string>(Dump({{"type", "BOOKMARK"}, {"object", std::move(object)}}) + "\n"));
}

WatchHub::Text WatchHub::EventText(Watcher& watcher, const char* type, const Object& object) {
  const WatchRequest& request = watcher.request;
  const auto make = [&](const std::string& shown) {
    return std::make_shared<const std::string>(std::string("{\"type\":\"") + type + "\",\"object\":" + shown + "}\n");
  };
  if (request.view.form == Form::kTable) {
    // Ages differ from one moment to the next. The columns are told once.
    Json table = cluster::ParseJson(
        RenderObject(request.resource, *Served(request.resource, object), request.view, loop_.Now()));
    if (std::exchange(watcher.columns_told, true)) table["columnDefinitions"] = nullptr;
    return make(Dump(table));
  }
  const auto key = std::make_tuple(object.version(), std::string(type), static_cast<int>(request.view.form),
                                   request.resource.kind.api_version);
  Text& text = texts_[key];
  if (text != nullptr) return text;
  text = make(RenderObject(request.resource, *Served(request.resource, object), request.view, loop_.Now()));
  Text made = text;
  if (texts_.size() > kMaxTexts) texts_.erase(texts_.begin());
  return made;
}

void WatchHub::Expire(const std::shared_ptr<Watcher>& watcher) {
  if (!watcher->stream->room()) {
    watcher->stream->Abort();
    return Close(watcher);
  }
  const Json status = ExpiredStatus("too old resource version: " + std::to_string(watcher->request.version) + " (" +
                                    std::to_string(cluster_.store().version()) + ")");
  watcher->stream->Write(std::make_shared<const std::string>(Dump({{"type", "ERROR"}, {"object", status}}) + "\n"));
  watcher->stream->End();
  Close(watcher);
}

void WatchHub::Close(const std::shared_ptr<Watcher>& watcher) {
  if (watchers_[watcher->kind].erase(watcher) == 0) return;
  --size_;
  loop_.Cancel(watcher->timeout);
  watcher->stream->on_room = nullptr;
  watcher->stream->on_closed = nullptr;
}

}  // namespace sluice::apiserver
