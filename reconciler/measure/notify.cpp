#include "reconciler/measure/notify.h"

#include <utility>

#include <fmt/format.h>

#include "reconciler/measure/request.h"

namespace sluice::measure {

void Notify(cluster::Cluster& cluster, http::Http& http, NotificationRequest request,
            std::function<void(Result<void>)> done) {
  FillRequest(cluster, request.node->request,
              {request.graph, &request.graph->functions, std::move(request.roots), request.namespace_, request.alive},
              [&http, key = request.key, done = std::move(done)](Result<http::HttpRequest> filled) {
                if (!filled) return done(filled.error());
                filled->headers.emplace_back("Idempotency-Key", key);
                http.Send(std::move(filled).value(), [done](const Result<http::HttpResponse>& answer) {
                  if (!answer) return done(answer.error());
                  if (answer->status >= 200 && answer->status <= 299) return done({});
                  done(Error{ErrorCode::kUnavailable, fmt::format("the answer's status is {}", answer->status)});
                });
              });
}

}  // namespace sluice::measure
