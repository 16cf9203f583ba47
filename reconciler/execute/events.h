// Events of the Events API: hints for people, never the record.
#pragma once

#include <string>

#include "compiler/base/time.h"
#include "reconciler/cluster/cluster.h"

namespace sluice::execute {

struct EventSubject {
  cluster::ObjectKey object;
  std::string uid;
  std::string instance;  // who reports
};

// events.k8s.io/v1. The name is made of what is said and when: the same said twice is one object.
cluster::Json MakeEvent(const EventSubject& subject, bool warning, const std::string& reason, const std::string& note,
                        TimePoint now);

}  // namespace sluice::execute
