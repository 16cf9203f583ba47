// Addresses of git repositories, as they may be shown.
#pragma once

#include <string>
#include <string_view>

namespace sluice::git {

// `url` without its user, password, query and fragment: fit for logs, status and metrics. Text that is no
// address (a local path, "host:path") is given back without anything that stands before an '@'.
std::string RedactUrl(std::string_view url);

// `text` with every occurrence of `url`'s secret parts replaced by "***": for messages of libraries.
std::string RedactText(std::string text, std::string_view url);

}  // namespace sluice::git
