// What an embedded cluster is told at its start: how slow it is, its seed, what its images do, who calls it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "compiler/base/time.h"

namespace sluice::embedded {

// Shares are counted in millionths.
constexpr std::int64_t kMillion = 1'000'000;

// A delay drawn evenly between both ends, inclusive.
struct Lag {
  Duration least{0};
  Duration most{0};
};

// How late each part of the cluster is. The defaults are those of a small, healthy cluster.
struct Lags {
  Lag request{Duration(1), Duration(5)};       // from the call to the commit
  Lag answer{Duration(1), Duration(3)};        // from the commit to the answer
  Lag watch{Duration(2), Duration(30)};        // from the commit to a watcher's event
  Lag controller{Duration(5), Duration(50)};   // from a controller's event to its work
  Lag endpoints{Duration(50), Duration(250)};  // from a pod's change to its Service's slices
  Lag gateway{Duration(100), Duration(500)};   // from a route's change to its conditions
  Lag proxy{Duration(50), Duration(400)};      // from a route or slice to the requests that follow it
  Duration half_route{1'000};                  // from hearing of one half of a route's change to hearing of the other
  Lag start{Duration(200), Duration(900)};     // from a pod's creation to its running container
};

// Time and share of failing requests from then on.
struct ErrorRate {
  Duration from{0};              // since the pod became ready, but see ImageBehaviour::counts_from
  std::int32_t per_million = 0;  // of requests answered with 500
};
// Time and how long requests take from then on.
struct LatencyChange {
  Duration from{0};  // as of ErrorRate
  Duration median{20}, p99{80};
};

// From `from` until before `to`; without an end, for good.
struct Interval {
  TimePoint from{};
  std::optional<TimePoint> to;

  bool Holds(TimePoint at) const { return at >= from && (!to || at < *to); }
};

// What pods do that run an image. The first entry whose pattern fits the image decides.
struct ImageBehaviour {
  std::string pattern = "*";  // `*` stands for any text
  bool pull_fails = false;    // ImagePullBackOff for good
  // Pods that were made before then were pulled and became ready as those of any image: of one whose ways change.
  std::optional<TimePoint> spares_before;
  bool starts = true;                   // false: CreateContainerConfigError
  Duration ready_after{1000};           // from the running container to Ready
  bool ready = true;                    // false: runs, never ready
  std::optional<Duration> crash_after;  // exits with `exit_code` so long after each start
  // Of a pod that is run to an end (restartPolicy Never or OnFailure): how long until it exits by itself.
  std::optional<Duration> runs_for;  // 1 s unless said
  // 1 unless said for what crashes, 0 for what is run to an end.
  std::optional<int> exit_code;
  bool out_of_memory = false;  // what ends it is OOMKilled (exit code 137)
  std::string says;            // the last lines of its log
  Duration flap_every{0};      // > 0: in each such period Ready is lost for its last `flap_for`
  Duration flap_for{0};
  Duration stop_after{1000};      // how long it serves on once it is told to end (after preStop)
  std::vector<Interval> crashes;  // containers exit with 1: those that run as one begins, later ones at once
  std::vector<Interval> unready;  // containers run and no pod is ready
  std::vector<ErrorRate> errors;  // ascending in time
  Duration latency_median{20};
  Duration latency_p99{80};
  std::vector<LatencyChange> latencies;  // ascending in time; before the first one, as said above
  // Since when the times of `errors` and `latencies` count for all pods; unless said, each pod's since it became ready.
  std::optional<TimePoint> counts_from;
  // What one of its containers uses. A millionth of a second of a processor is what one of them does in that time.
  std::int64_t cpu_per_request = 1'000;    // millionths of a second
  std::int64_t cpu_at_rest = 1;            // thousandths of a processor
  std::int64_t memory = 32 * 1024 * 1024;  // bytes
};

// Requests that come from outside the objects: to a host through its routes, or to a Service in the cluster.
struct Load {
  std::string host;  // either host …
  std::string path = "/";
  std::string method = "GET";
  std::map<std::string, std::string> headers;
  std::map<std::string, std::string> query;
  std::string namespace_;  // … or namespace and service
  std::string service;
  std::int32_t per_second = 20;
};

// The image table: `images` and `loads` of a world file.
struct World {
  std::vector<ImageBehaviour> images;
  std::vector<Load> loads;
  // Requests a second to each route's host, and to each Service that no route names and that isn't one
  // revision's, as far as `loads` says nothing about it. 0: none.
  std::int32_t default_per_second = 20;
};

struct Options {
  std::uint64_t seed = 1;
  Lags lags;
  World world;
  // A namespace comes into being with its first object. Kubernetes refuses such a write.
  bool create_namespaces = true;
  std::string state_file;        // "" : nothing is kept
  Duration traffic_tick{1'000};  // requests are carried once in each
  // As rarely while nothing changes that a request would notice, and at once when something does: for virtual time, in
  // which whole days pass. Not above `traffic_tick`: always once a tick.
  Duration traffic_rest{0};
  Duration ledger_retention{900'000};  // of single ticks; sums are kept for good
  Duration scrape_interval{5'000};
  Duration metrics_retention{3'600'000};
  Duration usage_resolution{15'000};  // what pods use is measured once in each (metrics-server's --metric-resolution)
};

}  // namespace sluice::embedded
