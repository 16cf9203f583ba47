// Which names Kubernetes takes, and why it refuses the others.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::kubernetes {

// A service's objects are called NAME-REVISION (9 characters more); a label's value has at most 63.
inline constexpr std::size_t kMaxServiceName = 54;

// Each gives what is wrong with the name, as the end of a sentence that begins with it ("has an upper-case
// letter"), or nothing if it is right.

// DNS-1035 label: Services. [a-z]([-a-z0-9]*[a-z0-9])?, at most `limit` characters.
std::optional<std::string> FaultOfServiceName(std::string_view name, std::size_t limit = 63);
// DNS-1123 label: namespaces, containers.
std::optional<std::string> FaultOfLabel(std::string_view name);
// DNS-1123 subdomain: most other objects, Secrets, Gateways.
std::optional<std::string> FaultOfSubdomain(std::string_view name);
// IANA service name (RFC 6335): ports. At most 15 characters, at least one letter.
std::optional<std::string> FaultOfPortName(std::string_view name);
// Environment variables: letters, digits, `_`, `-` and `.`, no digit first.
std::optional<std::string> FaultOfEnvName(std::string_view name);
// Keys of Secrets and ConfigMaps: letters, digits, `_`, `-` and `.`.
std::optional<std::string> FaultOfDataKey(std::string_view key);
// Host of a route (Gateway API Hostname): a subdomain, its first label may be `*`.
std::optional<std::string> FaultOfHost(std::string_view host);
// Path prefix of a route (HTTPPathMatch): absolute, without `//`, `/./`, `/../`, `?`, `#`.
std::optional<std::string> FaultOfPath(std::string_view path);

// The same name in a form that FaultOfServiceName takes, for fixes: "Check_Out" → "check-out". Empty if
// nothing is left.
std::string ToServiceName(std::string_view name);

}  // namespace sluice::kubernetes
