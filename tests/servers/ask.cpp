#include "tests/servers/ask.h"

#include <optional>

#include "reconciler/loop/real_loop.h"

namespace sluice::servers {

Result<http::HttpResponse> Ask(http::HttpRequest request) {
  loop::RealLoop loop;
  http::CurlHttp http(loop);
  loop.SetWaiter(&http);
  std::optional<Result<http::HttpResponse>> answer;
  http.Send(std::move(request), [&](Result<http::HttpResponse> a) {
    answer = std::move(a);
    loop.Stop();
  });
  loop.Run();
  return std::move(*answer);
}

Result<http::HttpResponse> AskFor(const std::string& url) {
  http::HttpRequest request;
  request.url = url;
  return Ask(std::move(request));
}

}  // namespace sluice::servers
