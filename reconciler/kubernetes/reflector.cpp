#include "reconciler/kubernetes/reflector.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "reconciler/kubernetes/request.h"

namespace sluice::kubernetes {
namespace {

using cluster::Json;
using cluster::Text;

// client-go's: 800 ms, doubled up to 30 s, forgotten after two minutes of health; each with chance.
constexpr Duration kFirstPause{800};
constexpr Duration kLongestPause{30'000};
constexpr Duration kHealthy{120'000};
// A stream that ends at once without a word is a failure, however politely it ends.
constexpr Duration kTooShort{1'000};
constexpr int kShortestWatchSeconds = 300;
constexpr Duration kWatchSpread{300'000};
// Bookmarks come about once a minute. A stream that is silent for longer is taken up anew: it may be half open.
constexpr Duration kSilence{150'000};
// The end of a list is due at once: a server that is silent in its midst for as long as a request may take has lost it,
// and nobody should wait for the next bookmark to find out.
constexpr Duration kSilenceInList{30'000};
// A kind that the server doesn't have may be defined at any time.
constexpr Duration kLookForKind{30'000};

constexpr int kCutLists = 3;

constexpr const char* kInitialEventsEnd = "k8s.io/initial-events-end";

// Often half of an object, and of no use to who watches: whoever keeps a part of the object would keep it, too.
constexpr const char* kOwners = "managedFields";

Json WithoutOwners(Json object) {
  if (Find(object, {"metadata", kOwners}) != nullptr) object["metadata"].erase(kOwners);
  return object;
}

// In an event.
std::vector<cluster::Names> LeftOut(const cluster::ListObjects& what) {
  std::vector<cluster::Names> names{{"object", "metadata", kOwners}};
  for (const std::string& member : what.unread) names.push_back({"object", member});
  return names;
}

}  // namespace

Reflector::Reflector(Client& client, Discovery& discovery, cluster::ListObjects what, cluster::EventHandler tell,
                     Trouble trouble)
    : client_(client),
      discovery_(discovery),
      what_(std::move(what)),
      left_out_(LeftOut(what_)),
      trouble_(std::move(trouble)),
      mirror_(what_.kind, [this, tell = std::move(tell)](const cluster::Event& event) {
        if (!stopped_) tell(event);
      }) {}

void Reflector::Start() {
  if (!stopped_) Begin();
}

void Reflector::Stop() {
  stopped_ = true;
  client_.loop().Cancel(timer_);
  CloseStream();
}

void Reflector::CloseStream() {
  if (stream_ != http::StreamId::kNone) client_.Close(stream_);
  stream_ = http::StreamId::kNone;
  ++opened_;
}

void Reflector::After(Duration pause, void (Reflector::*next)()) {
  client_.loop().Cancel(timer_);
  timer_ = client_.loop().After(pause, [self = shared_from_this(), next] {
    self->timer_ = loop::TimerId::kNone;
    if (!self->stopped_) (self.get()->*next)();
  });
}

void Reflector::TryAgain(const std::string& why) {
  const Duration most = std::min(kLongestPause, kFirstPause * (1 << std::min(failures_, 10)));
  ++failures_;
  if (trouble_ && !why.empty() && why != told_trouble_) {
    told_trouble_ = why;
    trouble_(what_.kind, why);
  }
  After(most / 2 + client_.Within(most / 2), &Reflector::Resume);
}

void Reflector::Resume() {
  if (!resource_) return Begin();
  if (!version_.empty() && !listing_) return Watch();
  streams_lists_ ? StreamList() : List("");
}

void Reflector::Begin() {
  discovery_.Find(what_.kind, [self = shared_from_this()](const Result<std::optional<Resource>>& resource) {
    if (!self->stopped_) self->Found(resource);
  });
}

void Reflector::Found(const Result<std::optional<Resource>>& resource) {
  if (!resource) return TryAgain(resource.error().message);
  if (!*resource) {
    // There is none of a kind that the server is sure not to have.
    mirror_.BeginList();
    mirror_.EndList();
    version_.clear();
    if (!stopped_) After(kLookForKind, &Reflector::Begin);
    return;
  }
  resource_ = **resource;
  Resume();
}

void Reflector::Open(const std::string& query) {
  CloseStream();
  frames_ = {};
  events_ = 0;
  opened_at_ = client_.loop().Now();
  std::string path = resource_->Path(what_.namespace_) + "?watch=true&allowWatchBookmarks=true" + query;
  if (!what_.labels.empty()) path += "&labelSelector=" + SelectorOf(what_.labels);
  path += fmt::format("&timeoutSeconds={}", kShortestWatchSeconds + client_.Within(kWatchSpread).count() / 1'000);
  const std::uint64_t mine = opened_;
  const auto still = [weak = weak_from_this(), mine]() -> std::shared_ptr<Reflector> {
    auto self = weak.lock();
    return self != nullptr && !self->stopped_ && self->opened_ == mine ? self : nullptr;
  };
  stream_ = client_.Open(path, kSilence,
                         {[still](std::string_view part) {
                            if (const auto self = still()) self->OnPart(part);
                          },
                          [still](const Result<http::HttpResponse>& end) {
                            if (const auto self = still()) self->OnEnd(end);
                          }});
}

void Reflector::StreamList() {
  listing_ = true;
  mirror_.BeginList();
  Open("&sendInitialEvents=true&resourceVersionMatch=NotOlderThan" +
       (version_.empty() ? "" : "&resourceVersion=" + Encoded(version_)));
  heard_of_list_ = 0;
  if (stream_ != http::StreamId::kNone) After(kSilenceInList, &Reflector::ListenToList);
}

void Reflector::ListenToList() {
  if (!listing_ || stream_ == http::StreamId::kNone) return;
  if (std::exchange(heard_of_list_, events_) != events_) return After(kSilenceInList, &Reflector::ListenToList);
  CloseStream();
  DoubtStreamedLists();
  TryAgain("nothing was heard of the list for " + FormatDuration(kSilenceInList));
}

void Reflector::Watch() {
  listing_ = false;
  Open("&resourceVersion=" + Encoded(version_));
}

void Reflector::List(const std::string& continue_) {
  listing_ = true;
  if (continue_.empty()) mirror_.BeginList();
  client_.Send(Build(what_, *resource_, continue_), [self = shared_from_this()](const Answer& answer) {
    if (!self->stopped_) self->Listed(answer);
  });
}

void Reflector::Listed(const Answer& answer) {
  if (!answer.result) {
    if (answer.no_resource) {
      resource_.reset();
      discovery_.Forget(what_.kind.api_version);
    }
    return TryAgain(answer.result.error().message);
  }
  const Json& list = *answer.result;
  for (Json item : cluster::List(list, {"items"})) {
    if (!item.is_object()) continue;
    item["apiVersion"] = what_.kind.api_version;
    item["kind"] = what_.kind.kind;
    mirror_.Saw(cluster::Share(WithoutOwners(std::move(item))));
    if (stopped_) return;
  }
  const std::string next = Text(list, {"metadata", "continue"});
  if (!next.empty()) return List(next);
  version_ = Text(list, {"metadata", "resourceVersion"});
  mirror_.EndList();
  if (stopped_) return;
  Synced();
  Watch();
}

void Reflector::Synced() {
  listing_ = false;
  cut_lists_ = 0;
  if (!std::exchange(told_trouble_, {}).empty() && trouble_) trouble_(what_.kind, "");
}

void Reflector::OnPart(std::string_view part) {
  if (part.empty()) {
    // Something may be heard at any time now; a list has to be heard to its end.
    if (!listing_) Synced();
    return;
  }
  const std::uint64_t mine = opened_;
  const auto taken = frames_.Take(part, [&](std::string_view text) {
    Json event = cluster::ParseJson(text, left_out_);
    ++events_;
    const bool more = OnEvent(std::move(event));
    return more && !stopped_ && opened_ == mine;
  });
  if (stopped_ || opened_ != mine || taken.ok()) return;
  CloseStream();
  version_.clear();
  TryAgain(taken.error().message);
}

// Whether the stream goes on.
bool Reflector::OnEvent(Json event) {
  const std::string type = Text(event, {"type"});
  Json* object = cluster::MemberOf(event, "object");
  if (object != nullptr && type == "ERROR") {
    Ended(ErrorOfStatus(*object, false));
    return false;
  }
  const std::string version = object == nullptr ? "" : Text(*object, {"metadata", "resourceVersion"});
  const bool change = type == "ADDED" || type == "MODIFIED" || type == "DELETED";
  if (version.empty() || (!change && type != "BOOKMARK")) {
    // Something that we don't understand may have been a change.
    CloseStream();
    listing_ = true;
    TryAgain("an event that is none of a watch's");
    return false;
  }
  if (!told_trouble_.empty() && !listing_) Synced();
  if (type == "BOOKMARK") {
    version_ = version;
    if (listing_ && cluster::Says(*object, {"metadata", "annotations", kInitialEventsEnd}, "true")) {
      mirror_.EndList();
      if (!stopped_) Synced();
    }
    return true;
  }
  const cluster::SharedJson shared = cluster::Share(std::move(*object));
  if (type == "DELETED") {
    mirror_.Gone(shared);
  } else {
    mirror_.Saw(shared);
  }
  // The objects of a list come in no order of versions.
  if (!listing_) version_ = version;
  return true;
}

void Reflector::OnEnd(const Result<http::HttpResponse>& end) {
  stream_ = http::StreamId::kNone;
  const Duration lived = client_.loop().Now() - opened_at_;
  if (end && end->status == 200) {
    // The server ends a watch after the time that was asked for, or when it restarts.
    if (lived < kTooShort && events_ == 0) return TryAgain("");
    if (listing_) {
      DoubtStreamedLists();
      return TryAgain("the list was cut off");
    }
    failures_ = 0;
    return Watch();
  }
  if (lived >= kHealthy) failures_ = 0;
  if (!end) {
    if (listing_) DoubtStreamedLists();
    // A stream that worked and was lost, or was silent because nothing happened, is taken up again; one that can't be
    // had is trouble.
    const bool worked = events_ > 0 || lived >= kHealthy;
    return TryAgain(worked && !listing_ ? "" : end.error().message);
  }
  const Answer answer = Understand(end, false, client_.loop().Now());
  if (answer.refused) client_.Refused(opened_at_);
  const bool refused_list = listing_ && (end->status == 400 || end->status == 415 || end->status == 422);
  if (refused_list && streams_lists_) {
    streams_lists_ = false;
    return List("");
  }
  if (answer.no_resource) {
    resource_.reset();
    version_.clear();
    discovery_.Forget(what_.kind.api_version);
  }
  Ended(answer.result.ok() ? Error{ErrorCode::kUnavailable, "no watch"} : answer.result.error());
}

// A server may take the request for one and never come to the list's end.
void Reflector::DoubtStreamedLists() {
  if (++cut_lists_ >= kCutLists) streams_lists_ = false;
}

// Of a stream that ended with an error of the server's.
void Reflector::Ended(const Error& error) {
  CloseStream();
  const bool too_new = error.message.find("Too large resource version") != std::string::npos;
  if (error.code == ErrorCode::kGone || too_new) {
    version_.clear();
    // Once is the way of watches; again and again is a failure.
    if (failures_ == 0) {
      ++failures_;
      return Resume();
    }
  }
  TryAgain(error.message);
}

}  // namespace sluice::kubernetes
