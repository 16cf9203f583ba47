#include "tests/servers/ask.h"

#include <optional>

#include "reconciler/loop/real_loop.h"

namespace sluice::servers {

Result<measure::HttpResponse> Ask(measure::HttpRequest request) {
  loop::RealLoop loop;
  measure::CurlHttp http(loop);
  loop.SetWaiter(&http);
  std::optional<Result<measure::HttpResponse>> answer;
  http.Send(std::move(request), [&](Result<measure::HttpResponse> a) {
    answer = std::move(a);
    loop.Stop();
  });
  loop.Run();
  return std::move(*answer);
}

Result<measure::HttpResponse> AskFor(const std::string& url) {
  measure::HttpRequest request;
  request.url = url;
  return Ask(std::move(request));
}

}  // namespace sluice::servers
