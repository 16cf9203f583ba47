#include "reconciler/execute/events.h"

#include "compiler/base/hash.h"

namespace sluice::execute {
namespace {

// The API's own limits.
constexpr std::size_t kMaxNote = 1024;
constexpr std::size_t kMaxReason = 128;

// Cuts before a character, not in the middle of one.
std::string Cut(const std::string& text, std::size_t most) {
  if (text.size() <= most) return text;
  std::size_t end = most;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end);
}

}  // namespace

cluster::Json MakeEvent(const EventSubject& subject, bool warning, const std::string& reason, const std::string& note,
                        TimePoint now) {
  std::string time = FormatTime(now);
  time.insert(time.size() - 1, "000");  // metav1.MicroTime
  const std::string namespace_ = subject.object.namespace_.empty() ? "default" : subject.object.namespace_;
  const std::string id = Sha256(subject.uid + '\n' + time + '\n' + reason + '\n' + note).substr(0, 16);
  return {{"apiVersion", "events.k8s.io/v1"},
          {"kind", "Event"},
          {"metadata", {{"name", subject.object.name + "." + id}, {"namespace", namespace_}}},
          {"eventTime", time},
          {"type", warning ? "Warning" : "Normal"},
          {"reason", Cut(reason, kMaxReason)},
          {"action", Cut(reason, kMaxReason)},
          {"note", Cut(note, kMaxNote)},
          {"reportingController", "sluice.dev/reconciler"},
          {"reportingInstance", Cut(subject.instance, kMaxReason)},
          {"regarding",
           {{"apiVersion", subject.object.kind.api_version},
            {"kind", subject.object.kind.kind},
            {"namespace", subject.object.namespace_},
            {"name", subject.object.name},
            {"uid", subject.uid}}}};
}

}  // namespace sluice::execute
