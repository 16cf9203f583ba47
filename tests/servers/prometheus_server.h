// Debian's Prometheus over a history that is written beforehand, and over what it scrapes.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/git/fixture.h"
#include "tests/servers/process.h"

namespace sluice::servers {

// One series of a history: its name and labels as written ("up{job=\"a\"}") and samples in time.
struct HistorySample {
  std::int64_t at_ms = 0;
  double value = 0;
};
struct HistorySeries {
  std::string name;
  std::vector<std::pair<std::string, std::string>> labels;
  std::vector<HistorySample> samples;  // ascending in time
};

// A target to scrape each second: "host:port", and labels as a discovery would give them.
struct ScrapeTarget {
  std::string address;
  std::vector<std::pair<std::string, std::string>> labels;
};

class PrometheusServer {
 public:
  // Prints "SKIPPED: …" and gives null where there is no Prometheus.
  static std::unique_ptr<PrometheusServer> Start(const std::vector<HistorySeries>& history,
                                                 const std::vector<ScrapeTarget>& targets = {});

  const std::string& url() const { return url_; }  // "http://127.0.0.1:PORT"
  void Stop() { server_->Kill(); }

 private:
  PrometheusServer() = default;
  bool WriteHistory(const std::vector<HistorySeries>& history);
  void Configure(const std::vector<ScrapeTarget>& targets);
  bool WaitUntilReady();

  git::ScratchDirectory scratch_;
  std::string url_;
  std::unique_ptr<Server> server_;
};

}  // namespace sluice::servers
