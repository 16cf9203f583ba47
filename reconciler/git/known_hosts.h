// OpenSSH's known_hosts (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT"): which key a host must show.
#pragma once

#include <string>
#include <string_view>

#include "compiler/base/result.h"

namespace sluice::git {

// The host as known_hosts names it: "example.org", or "[example.org]:2222" for a port other than 22. From
// "ssh://user@host:port/path" or "user@host:path".
std::string HostOf(std::string_view url);

// "ssh-ed25519" of a key blob, as it begins; "" if it is none.
std::string KeyType(std::string_view key_blob);
// "SHA256:…" as ssh-keygen -l prints it.
std::string Fingerprint(std::string_view key_blob);

// Whether `lines` hold `key_blob` for `host`. All lines count: several keys a host, hashed names, wildcards,
// negations, `@revoked`. kUnauthorized with the key's type and fingerprint if not.
Result<void> MatchHostKey(std::string_view lines, const std::string& host, std::string_view key_blob);

// The lines that give `host` a key, with its name in plain: what a reader understands that knows neither
// wildcards nor lists.
std::string LinesOf(std::string_view lines, const std::string& host);

// The same as MatchHostKey over a file, which is read anew each time. No file is kUnauthorized: nothing is trusted at
// first sight.
Result<void> CheckHostKey(const std::string& file, const std::string& host, std::string_view key_blob);

}  // namespace sluice::git
