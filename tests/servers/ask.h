// HTTP as the program speaks it, waited for.
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "reconciler/http/curl_http.h"

namespace sluice::servers {

// Sends it with CurlHttp on a loop of its own and runs that until the answer is here.
Result<http::HttpResponse> Ask(http::HttpRequest request);
Result<http::HttpResponse> AskFor(const std::string& url);

}  // namespace sluice::servers
