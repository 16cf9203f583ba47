#include "reconciler/cluster/json.h"

#include <algorithm>

namespace sluice::cluster {
namespace {

constexpr std::size_t kMaxDepth = 1'000;

// Builds a value from what the parser reads. Members are gathered as they come and sorted once their object ends: to
// insert each at its place would move the others again and again.
class Builder final : public nlohmann::json_sax<Json> {
 public:
  explicit Builder(const std::vector<Names>& left_out) : left_out_(left_out), matched_(left_out.size()) {}

  Json Take() { return std::move(whole_); }

  bool null() override { return Add(nullptr); }
  bool boolean(bool value) override { return Add(value); }
  bool number_integer(number_integer_t value) override { return Add(value); }
  bool number_unsigned(number_unsigned_t value) override { return Add(value); }
  bool number_float(number_float_t value, const string_t& /*text*/) override { return Add(value); }
  bool string(string_t& value) override { return Add(std::move(value)); }
  bool binary(binary_t& /*value*/) override { return false; }  // no JSON text has it

  bool start_object(std::size_t /*size*/) override { return Begin(true); }
  bool start_array(std::size_t /*size*/) override { return Begin(false); }

  bool key(string_t& name) override {
    if (skipped_from_ != 0) return true;
    Open& object = open_.back();
    object.name = std::move(name);
    if (IsLeftOut(object.name)) skipped_from_ = depth_;
    return true;
  }

  bool end_object() override {
    if (!End()) return true;
    auto members = std::move(open_.back().members);
    open_.pop_back();
    const auto before = [](const auto& a, const auto& b) { return a.first < b.first; };
    if (!std::is_sorted(members.begin(), members.end(), before)) {
      std::stable_sort(members.begin(), members.end(), before);
    }
    const auto same = [](const auto& a, const auto& b) { return a.first == b.first; };
    if (std::adjacent_find(members.begin(), members.end(), same) != members.end()) {
      // The last of each name: `unique` keeps the first.
      std::reverse(members.begin(), members.end());
      members.erase(std::unique(members.begin(), members.end(), same), members.end());
      std::reverse(members.begin(), members.end());
    }
    return Add(Json::object_t::Of(std::move(members)));
  }

  bool end_array() override {
    if (!End()) return true;
    Json array = std::move(open_.back().items);
    open_.pop_back();
    return Add(std::move(array));
  }

  bool parse_error(std::size_t /*at*/, const std::string& /*last*/, const Json::exception& /*error*/) override {
    return false;
  }

 private:
  // An object or an array whose end isn't read yet.
  struct Open {
    bool is_object;
    std::string name;  // of the member that is being read
    Json::object_t::sequence_type members;
    Json::array_t items;
  };

  bool Begin(bool is_object) {
    if (++depth_ > kMaxDepth) return false;
    if (skipped_from_ == 0) open_.push_back({is_object, {}, {}, {}});
    return true;
  }

  // Whether what ended is to be added.
  bool End() {
    --depth_;
    for (std::size_t& matched : matched_) matched = std::min(matched, depth_ == 0 ? 0 : depth_ - 1);
    if (skipped_from_ == 0) return true;
    if (skipped_from_ == depth_) skipped_from_ = 0;
    return false;
  }

  bool IsLeftOut(const std::string& name) {
    bool left_out = false;
    for (std::size_t i = 0; i < left_out_.size(); ++i) {
      // Names of arrays' elements are at no path.
      if (depth_ > left_out_[i].size() || matched_[i] < depth_ - 1 || left_out_[i][depth_ - 1] != name) {
        matched_[i] = std::min(matched_[i], depth_ - 1);
        continue;
      }
      matched_[i] = depth_;
      left_out = left_out || depth_ == left_out_[i].size();
    }
    return left_out;
  }

  template <typename Value>
  bool Add(Value&& value) {
    if (skipped_from_ != 0) {
      if (skipped_from_ == depth_) skipped_from_ = 0;
      return true;
    }
    if (open_.empty()) {
      whole_ = std::forward<Value>(value);
    } else if (open_.back().is_object) {
      open_.back().members.emplace_back(std::move(open_.back().name), std::forward<Value>(value));
    } else {
      open_.back().items.emplace_back(std::forward<Value>(value));
    }
    return true;
  }

  const std::vector<Names>& left_out_;
  std::vector<std::size_t> matched_;  // of each path: how many of its names lead to where we are
  std::vector<Open> open_;
  std::size_t depth_ = 0;
  std::size_t skipped_from_ = 0;  // the depth of the object whose member is left out; 0: none is
  Json whole_;
};

}  // namespace

Json ParseJson(std::string_view text, const std::vector<Names>& left_out) {
  Builder builder(left_out);
  return Json::sax_parse(text, &builder) ? builder.Take() : Json(Json::value_t::discarded);
}

Json* MemberOf(Json& json, std::string_view name) {
  return json.is_object() && json.contains(name) ? &json[name] : nullptr;
}

void Update(Json& json, const Json& others) {
  for (const auto& [name, member] : others.items()) json[name] = member;
}

const Json* Find(const Json& json, Path path) {
  const Json* at = &json;
  for (std::string_view name : path) {
    const auto* members = at->get_ptr<const Json::object_t*>();
    if (members == nullptr) return nullptr;
    const auto member = members->find(name);
    if (member == members->end()) return nullptr;
    at = &member->second;
  }
  return at;
}

std::string Text(const Json& json, Path path, std::string_view otherwise) {
  const Json* found = Find(json, path);
  return found != nullptr && found->is_string() ? found->get<std::string>() : std::string(otherwise);
}

bool Says(const Json& json, Path path, std::string_view text) {
  const Json* found = Find(json, path);
  const auto* said = found == nullptr ? nullptr : found->get_ptr<const std::string*>();
  return said != nullptr && *said == text;
}

std::int64_t Integer(const Json& json, Path path, std::int64_t otherwise) {
  const Json* found = Find(json, path);
  return found != nullptr && found->is_number() ? found->get<std::int64_t>() : otherwise;
}

bool Flag(const Json& json, Path path, bool otherwise) {
  const Json* found = Find(json, path);
  return found != nullptr && found->is_boolean() ? found->get<bool>() : otherwise;
}

const Json& List(const Json& json, Path path) {
  static const Json kEmpty = Json::array();
  const Json* found = Find(json, path);
  return found != nullptr && found->is_array() ? *found : kEmpty;
}

}  // namespace sluice::cluster
