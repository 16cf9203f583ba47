// What the pods use: processor time for the requests that they answer, memory, as the metrics server would say it. It
// asks the nodes once in each `usage_resolution`, so what it says is an average over that time, and as old at most.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "reconciler/embedded/autoscaling.h"
#include "reconciler/embedded/options.h"
#include "reconciler/embedded/store.h"
#include "reconciler/loop/loop.h"

namespace sluice::embedded {

class Usage {
 public:
  // Both must outlive it. Measures nothing before Start.
  Usage(loop::Loop& loop, const Store& store, const Options& options);
  ~Usage();
  Usage(const Usage&) = delete;
  Usage& operator=(const Usage&) = delete;

  // From now on somebody asks.
  void Start();
  bool started() const { return timer_ != loop::TimerId::kNone; }
  // The first container of the pod with that uid did so much: millionths of a second of a processor.
  void Serve(const std::string& uid, std::int64_t work);

  // The last measurement of each container of a pod, by its name, in thousandths of a processor or of a byte; nothing
  // before there are two measurements of it, or one if its containers are young.
  std::map<std::string, PodUsage> OfContainers(const std::string& uid, const std::string& resource) const;

 private:
  // What a node knows of a pod at one moment.
  struct Point {
    TimePoint at{};
    std::int64_t served = 0;  // millionths of a second of a processor, since the pod was first seen
  };
  struct Amount {
    std::int64_t cpu = 0;     // thousandths of a processor
    std::int64_t memory = 0;  // bytes
  };
  struct Measured {
    Point last{};
    TimePoint started{};  // when the youngest container began to run
    Duration window{};    // of what follows; 0: not measured yet
    std::map<std::string, Amount> containers = {};
  };

  void Measure();
  void Measure(const Object& pod, std::map<std::string, Measured>& measured);

  loop::Loop& loop_;
  const Store& store_;
  const Options& options_;
  loop::TimerId timer_ = loop::TimerId::kNone;
  std::map<std::string, std::int64_t> served_;  // by the pod's uid, as in Point
  std::map<std::string, Measured> measured_;    // by the pod's uid
};

}  // namespace sluice::embedded
