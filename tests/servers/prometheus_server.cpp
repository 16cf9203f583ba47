#include "tests/servers/prometheus_server.h"

#include <chrono>
#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <poll.h>

#include "tests/servers/ask.h"

namespace sluice::servers {
namespace {

std::string Number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  return fmt::format("{}", value);
}

// OpenMetrics' text form, with times.
std::string OpenMetrics(const std::vector<HistorySeries>& history) {
  std::string text;
  for (const HistorySeries& series : history) {
    std::string labels;
    for (const auto& [name, value] : series.labels)
      labels += fmt::format("{}{}=\"{}\"", labels.empty() ? "" : ",", name, value);
    for (const HistorySample& sample : series.samples) {
      text += fmt::format("{}{{{}}} {} {}.{:03}\n", series.name, labels, Number(sample.value), sample.at_ms / 1000,
                          sample.at_ms % 1000);
    }
  }
  return text + "# EOF\n";
}

}  // namespace

std::unique_ptr<PrometheusServer> PrometheusServer::Start(const std::vector<HistorySeries>& history,
                                                          const std::vector<ScrapeTarget>& targets) {
  if (!HavePrograms({"prometheus", "promtool"})) return nullptr;
  std::unique_ptr<PrometheusServer> made(new PrometheusServer);
  const std::string& d = made->scratch_.path();
  made->Configure(targets);
  const bool written = made->WriteHistory(history);
  const int port = FreePort();
  made->url_ = fmt::format("http://127.0.0.1:{}", port);
  made->server_ = std::make_unique<Server>(
      std::vector<std::string>{*FindProgram("prometheus"), "--config.file=" + d + "/prometheus.yml",
                               "--storage.tsdb.path=" + d + "/data", "--storage.tsdb.retention.time=100y",
                               fmt::format("--web.listen-address=127.0.0.1:{}", port), "--log.level=warn"},
      d + "/server.log");
  if (!written || !made->server_->WaitUntilListening(port) || !made->WaitUntilReady()) {
    PrintSkipped("Prometheus doesn't start: " + ReadFile(d + "/server.log"));
    return nullptr;
  }
  return made;
}

bool PrometheusServer::WriteHistory(const std::vector<HistorySeries>& history) {
  if (history.empty()) return true;
  const std::string& d = scratch_.path();
  WriteFile(d + "/history", OpenMetrics(history));
  return Run({*FindProgram("promtool"), "tsdb", "create-blocks-from", "openmetrics", d + "/history", d + "/data"},
             d + "/server.log") == 0;
}

void PrometheusServer::Configure(const std::vector<ScrapeTarget>& targets) {
  nlohmann::json groups = nlohmann::json::array();
  for (const ScrapeTarget& target : targets) {
    nlohmann::json group = {{"targets", {target.address}}, {"labels", nlohmann::json::object()}};
    for (const auto& [name, value] : target.labels) group["labels"][name] = value;
    groups.push_back(std::move(group));
  }
  WriteFile(scratch_.path() + "/targets.json", groups.dump());
  WriteFile(scratch_.path() + "/prometheus.yml", fmt::format(R"(global: {{scrape_interval: 1s, scrape_timeout: 1s}}
scrape_configs:
- job_name: pods
  file_sd_configs: [{{files: ["{}/targets.json"]}}]
)",
                                                             scratch_.path()));
}

// It listens before it has read its history.
bool PrometheusServer::WaitUntilReady() {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(15);
  while (server_->IsRunning() && std::chrono::steady_clock::now() < deadline) {
    const auto answer = AskFor(url_ + "/-/ready");
    if (answer.ok() && answer->status == 200) return true;
    poll(nullptr, 0, 50);
  }
  return false;
}

}  // namespace sluice::servers
