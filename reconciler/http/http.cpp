#include "reconciler/http/http.h"

#include <algorithm>

namespace sluice::http {

std::string_view HeaderOf(const HttpResponse& response, std::string_view name) {
  const auto found = std::find_if(response.headers.begin(), response.headers.end(),
                                  [&](const auto& header) { return header.first == name; });
  return found == response.headers.end() ? std::string_view() : std::string_view(found->second);
}

}  // namespace sluice::http
