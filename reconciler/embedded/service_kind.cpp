#include "reconciler/embedded/service_kind.h"

#include <algorithm>
#include <set>
#include <string>
#include <string_view>

#include <fmt/format.h>

namespace sluice::embedded {
namespace {

constexpr std::int64_t kMostPort = 65535;

Error WrongService(const Json& service, std::string_view what) {
  return Error{ErrorCode::kInvalid, fmt::format("{}: {}", ToString(cluster::KeyOf(service)), what)};
}

// RFC 6335: at most 15 of letters, digits and single hyphens inside, one letter at least.
bool IsPortName(std::string_view name) {
  const auto letter = [](char c) { return c >= 'a' && c <= 'z'; };
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  return !name.empty() && name.size() <= 15 && name.front() != '-' && name.back() != '-' &&
         name.find("--") == std::string_view::npos && std::any_of(name.begin(), name.end(), letter) &&
         std::all_of(name.begin(), name.end(), [&](char c) { return letter(c) || digit(c) || c == '-'; });
}

bool IsPort(const Json& port) {
  return port.is_number_integer() && port.get<std::int64_t>() > 0 && port.get<std::int64_t>() <= kMostPort;
}

std::string WrongIn(const Json& port, bool only) {
  if (!port.contains("port") || !IsPort(port["port"])) return "port: Invalid value: must be between 1 and 65535";
  const std::string protocol = Text(port, {"protocol"}, "TCP");
  if (protocol != "TCP" && protocol != "UDP" && protocol != "SCTP") {
    return fmt::format("protocol: Unsupported value: \"{}\": supported values: \"SCTP\", \"TCP\", \"UDP\"", protocol);
  }
  const auto target = port.find("targetPort");
  if (target != port.end() && !IsPort(*target) && !(target->is_string() && IsPortName(Text(port, {"targetPort"})))) {
    return fmt::format("targetPort: Invalid value: {}: must be a port or its name", target->dump());
  }
  return only || !Text(port, {"name"}).empty() ? "" : "name: Required value";
}

}  // namespace

void FillService(Json& spec) {
  Default(spec, "type", "ClusterIP");
  Default(spec, "sessionAffinity", "None");
  if (Says(spec, {"sessionAffinity"}, "ClientIP")) {
    Default(spec, "sessionAffinityConfig", {{"clientIP", {{"timeoutSeconds", 10800}}}});
  } else {
    spec.erase("sessionAffinityConfig");
  }
  if (List(spec, {"ports"}).empty()) return;
  for (Json& port : Items(spec["ports"])) {
    if (!port.is_object()) continue;
    Default(port, "protocol", "TCP");
    if (!port.contains("port")) continue;
    if (Integer(port, {"targetPort"}, -1) == 0 || Text(port, {"targetPort"}, "-").empty()) port.erase("targetPort");
    Default(port, "targetPort", port["port"]);
  }
}

Result<void> ValidateService(const Json& service) {
  if (Text(service, {"metadata", "name"}).size() > 63)
    return WrongService(service, "metadata.name: at most 63 characters");
  const Json& ports = List(service, {"spec", "ports"});
  const bool needs_none =
      Says(service, {"spec", "clusterIP"}, "None") || Says(service, {"spec", "type"}, "ExternalName");
  if (ports.empty() && !needs_none) return WrongService(service, "spec.ports: Required value");
  std::set<std::string> names, numbers;
  for (const Json& port : ports) {
    if (const std::string wrong = WrongIn(port, ports.size() == 1); !wrong.empty()) {
      return WrongService(service, "spec.ports." + wrong);
    }
    const std::string name = Text(port, {"name"});
    const std::string number = fmt::format("{} {}", Text(port, {"protocol"}, "TCP"), Integer(port, {"port"}));
    if ((!name.empty() && !names.insert(name).second) || !numbers.insert(number).second) {
      return WrongService(service, fmt::format("spec.ports: Duplicate value: {}", port.dump()));
    }
  }
  const std::string affinity = Text(service, {"spec", "sessionAffinity"}, "None");
  if (affinity == "None" || affinity == "ClientIP") return {};
  return WrongService(service, fmt::format("spec.sessionAffinity: Unsupported value: \"{}\"", affinity));
}

}  // namespace sluice::embedded
