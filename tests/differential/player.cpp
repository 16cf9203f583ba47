#include "tests/differential/player.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "tests/differential/contents.h"
#include "tests/differential/naming.h"

namespace sluice::cluster {
namespace {

// Of an object that isn't there; another for each.
std::string NobodysUid(const ObjectKey& key) {
  return fmt::format("11111111-1111-4111-a111-{:012}",
                     key.kind.kind.size() * 1000 + static_cast<unsigned char>(key.name.front()));
}
constexpr const char* kNobodysVersion = "1";

class Player {
 public:
  explicit Player(Fixture& fixture) : fixture_(fixture) {}

  Json Perform(const Operation& operation);
  void Learn(const Json& object);

 private:
  struct Known {
    std::string first_uid, last_uid, first_version, last_version;
  };

  Request RequestOf(const Operation& operation, const Json& live);
  std::string Uid(const ObjectKey& key, Which which) const;
  std::string Version(const ObjectKey& key, Which which) const;
  void Resolve(Json& content) const;

  Fixture& fixture_;
  std::map<ObjectKey, Known> known_;
};

ObjectKey KeyOf(Fixture& fixture, const Operation& operation) {
  return {operation.kind, fixture.namespace_(), operation.name};
}

void Player::Learn(const Json& object) {
  Known& known = known_[cluster::KeyOf(object)];
  known.last_uid = Text(object, {"metadata", "uid"});
  known.last_version = Text(object, {"metadata", "resourceVersion"});
  if (!known.first_uid.empty()) return;
  known.first_uid = known.last_uid;
  known.first_version = known.last_version;
}

std::string Player::Uid(const ObjectKey& key, Which which) const {
  const auto found = known_.find(key);
  if (which == Which::kNone) return "";
  if (which == Which::kNever || found == known_.end()) return NobodysUid(key);
  return which == Which::kLast ? found->second.last_uid : found->second.first_uid;
}

std::string Player::Version(const ObjectKey& key, Which which) const {
  const auto found = known_.find(key);
  if (which == Which::kNone) return "";
  if (which == Which::kNever || found == known_.end()) return kNobodysVersion;
  return which == Which::kLast ? found->second.last_version : found->second.first_version;
}

// "uid of KIND NAME" in owner references.
void Player::Resolve(Json& content) const {
  if (List(content, {"metadata", "ownerReferences"}).empty()) return;
  for (Json& owner : cluster::Items(content["metadata"]["ownerReferences"])) {
    const Kind kind{Text(owner, {"apiVersion"}), Text(owner, {"kind"})};
    owner["uid"] = Uid({kind, fixture_.namespace_(), Text(owner, {"name"})}, Which::kLast);
  }
}

Request Player::RequestOf(const Operation& operation, const Json& live) {
  const ObjectKey key = KeyOf(fixture_, operation);
  Json object = operation.content;
  Resolve(object);
  object["apiVersion"] = operation.kind.api_version;
  object["kind"] = operation.kind.kind;
  object["metadata"]["name"] = operation.name;
  object["metadata"]["namespace"] = key.namespace_;
  if (operation.uid != Which::kNone) object["metadata"]["uid"] = Uid(key, operation.uid);
  if (operation.version != Which::kNone) object["metadata"]["resourceVersion"] = Version(key, operation.version);
  switch (operation.verb) {
    case Verb::kCreate:
      return Create{std::move(object), operation.manager};
    case Verb::kApply:
    case Verb::kForce:
      return Apply{std::move(object), operation.manager, operation.verb == Verb::kForce};
    case Verb::kReplace: {
      Json changed = live;
      changed.merge_patch(object);
      return Replace{std::move(changed), operation.manager};
    }
    case Verb::kReplaceBlindly:
      return Replace{std::move(object), operation.manager};
    case Verb::kStatus: {
      Json changed = live;
      changed["status"] = object["status"];
      for (const char* named : {"uid", "resourceVersion"}) changed["metadata"][named] = object["metadata"][named];
      return ReplaceStatus{std::move(changed)};
    }
    case Verb::kDelete:
    case Verb::kDeleteForeground:
      return Delete{key, Uid(key, operation.uid), Version(key, operation.version),
                    operation.verb == Verb::kDeleteForeground};
    case Verb::kGet:
      return Get{key};
    case Verb::kList:
      break;
  }
  return ListObjects{operation.kind, key.namespace_, operation.labels};
}

// The fields that a message about a conflict between managers names.
Json FieldsIn(const std::string& message) {
  std::set<std::string> fields;
  for (std::size_t at = 0; at < message.size();) {
    const std::size_t end = std::min(message.find_first_of(" \n,", at), message.size());
    const std::string word = message.substr(at, end - at);
    if (word.starts_with(".metadata") || word.starts_with(".spec") || word.starts_with(".data")) fields.insert(word);
    at = end + 1;
  }
  return fields;
}

Json Player::Perform(const Operation& operation) {
  Json live;
  if (operation.verb == Verb::kReplace || operation.verb == Verb::kStatus) {
    const auto got = Ask(fixture_, Get{KeyOf(fixture_, operation)});
    if (!got.ok()) return {{"error", ErrorCodeName(got.error().code)}};
    live = *got;
    if (operation.verb == Verb::kReplace) Learn(live);
  }
  const auto answer = Ask(fixture_, RequestOf(operation, live));
  if (!answer.ok()) {
    Json said = {{"error", ErrorCodeName(answer.error().code)}, {"message", answer.error().message}};
    if (answer.error().code == ErrorCode::kConflict) said["fields"] = FieldsIn(answer.error().message);
    return said;
  }
  if (operation.verb == Verb::kDelete || operation.verb == Verb::kDeleteForeground) return Json::object();
  if (operation.verb != Verb::kList) {
    Learn(*answer);
    return {{"object", *answer}};
  }
  for (const Json& item : (*answer)["items"]) Learn(item);
  return {{"items", (*answer)["items"]}};
}

// Objects by uid at their versions.
std::map<std::string, std::string> StateOf(const Json& items) {
  std::map<std::string, std::string> state;
  for (const Json& item : items) state[Text(item, {"metadata", "uid"})] = Text(item, {"metadata", "resourceVersion"});
  return state;
}

std::map<std::string, std::string> StateOf(const Told& told) {
  std::map<std::string, std::string> state;
  for (const Told::Heard& heard : told.events) {
    if (heard.type == EventType::kSynced) continue;
    const std::string uid = Text(heard.object, {"metadata", "uid"});
    if (heard.type == EventType::kDeleted) {
      state.erase(uid);
    } else {
      state[uid] = Text(heard.object, {"metadata", "resourceVersion"});
    }
  }
  return state;
}

// Makes an object that all watches of its kind see.
void MakeLast(Fixture& fixture, const Kind& kind) {
  for (std::uint64_t seed = 1;; ++seed) {
    Dice dice(seed);
    Json object = AnyContent(dice, kind, true);
    object["apiVersion"] = kind.api_version;
    object["kind"] = kind.kind;
    object["metadata"] = {{"name", "last"}, {"namespace", fixture.namespace_()}, {"labels", {{"app", "x"}}}};
    if (Ask(fixture, Create{std::move(object), "last"}).ok()) return;
    SLUICE_CHECK(seed < 100);
  }
}

const char* Name(EventType type) {
  constexpr const char* kNames[] = {"added", "modified", "deleted", "synced"};
  return kNames[static_cast<int>(type)];
}

}  // namespace

Seen Play(Fixture& fixture, const Operations& operations) {
  std::set<Kind> kinds;
  for (const Operation& operation : operations) kinds.insert(operation.kind);
  struct Watching {
    ListObjects what;
    std::shared_ptr<Told> told;
  };
  std::vector<Watching> watches;
  for (const Kind& kind : kinds) {
    for (const LabelSelector& labels : {LabelSelector{}, LabelSelector{{"app", "x"}}}) {
      const ListObjects what{kind, fixture.namespace_(), labels};
      watches.push_back({what, Listen(fixture, what)});
    }
  }
  const auto all = [&](const auto& so) { return [&, so] { return std::all_of(watches.begin(), watches.end(), so); }; };
  SLUICE_CHECK(fixture.Until(all([](const Watching& each) { return each.told->synced(); })));

  Seen seen;
  Player player(fixture);
  for (const Operation& operation : operations) {
    seen.answers.push_back({operation.kind, player.Perform(operation)});
  }
  // Who was told of the last object was told of all before.
  for (const Kind& kind : kinds) MakeLast(fixture, kind);
  for (const Watching& each : watches) {
    const auto left = Ask(fixture, each.what);
    SLUICE_CHECK(left.ok());
    const Json& items = (*left)["items"];
    const bool all_told = fixture.Until([&] { return StateOf(*each.told) == StateOf(items); });
    if (each.what.labels.empty()) seen.left.push_back({each.what.kind, {{"items", items}}});
    Json events = Json::array();
    for (const Told::Heard& heard : each.told->events) {
      if (heard.type == EventType::kSynced) continue;
      Json object = heard.object;
      object["metadata"].erase("managedFields");  // which a real cluster's watches leave out
      events.push_back({{"type", Name(heard.type)}, {"object", std::move(object)}});
    }
    const std::string watch = each.what.kind.kind + (each.what.labels.empty() ? "" : " app=x");
    seen.told.push_back({each.what.kind, {{"watch", watch}, {"events", std::move(events)}, {"complete", all_told}}});
    fixture.cluster().Cancel(each.told->id);
  }

  Naming naming(fixture.namespace_());
  for (auto* part : {&seen.answers, &seen.left, &seen.told}) {
    for (Seen::Answer& answer : *part) naming.Note(answer.said);
  }
  for (auto* part : {&seen.answers, &seen.left, &seen.told}) {
    for (Seen::Answer& answer : *part) naming.Apply(answer.said);
  }
  return seen;
}

}  // namespace sluice::cluster
