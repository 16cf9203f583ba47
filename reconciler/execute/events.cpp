#include "reconciler/execute/events.h"

#include "compiler/base/hash.h"
#include "compiler/base/text.h"

namespace sluice::execute {
namespace {

// The API's own limits.
constexpr std::size_t kMaxNote = 1024;
constexpr std::size_t kMaxReason = 128;

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
          {"reason", CutText(reason, kMaxReason)},
          {"action", CutText(reason, kMaxReason)},
          {"note", CutText(note, kMaxNote)},
          {"reportingController", "sluice.dev/reconciler"},
          {"reportingInstance", CutText(subject.instance, kMaxReason)},
          {"regarding",
           {{"apiVersion", subject.object.kind.api_version},
            {"kind", subject.object.kind.kind},
            {"namespace", subject.object.namespace_},
            {"name", subject.object.name},
            {"uid", subject.uid}}}};
}

}  // namespace sluice::execute
