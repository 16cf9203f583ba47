#include "reconciler/kubernetes/frames.h"

namespace sluice::kubernetes {

Result<void> Frames::Take(std::string_view part, const std::function<bool(std::string_view value)>& give) {
  std::size_t begin = 0;  // in `part`, of the value that is being read
  for (std::size_t at = 0; at < part.size(); ++at) {
    const char c = part[at];
    if (in_text_) {
      if (escaped_) {
        escaped_ = false;
      } else if (c == '\\') {
        escaped_ = true;
      } else if (c == '"') {
        in_text_ = false;
      }
      continue;
    }
    if (depth_ == 0) {
      begin = at + 1;
      if (c == ' ' || c == '\t' || c == '\r' || c == '\n') continue;
      if (c != '{') return Error{ErrorCode::kInvalid, "something stands between two events"};
      begin = at;
      depth_ = 1;
      continue;
    }
    if (c == '"') in_text_ = true;
    if (c == '{' || c == '[') ++depth_;
    if ((c != '}' && c != ']') || --depth_ > 0) continue;
    bool more = false;
    if (begun_.empty()) {
      more = give(part.substr(begin, at + 1 - begin));
    } else {
      begun_.append(part.substr(begin, at + 1 - begin));
      const std::string value = std::move(begun_);
      begun_.clear();
      more = give(value);
    }
    begin = at + 1;
    if (!more) return {};
  }
  if (depth_ > 0) begun_.append(part.substr(begin));
  if (begun_.size() > kMostBytes) return Error{ErrorCode::kTooLarge, "an event has more than 16 MiB"};
  return {};
}

}  // namespace sluice::kubernetes
