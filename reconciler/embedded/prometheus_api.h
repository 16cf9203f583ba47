// Prometheus' HTTP API over the embedded series: /api/v1/query, /api/v1/query_range, /-/healthy.
#pragma once

#include <string>

#include "compiler/base/time.h"
#include "reconciler/embedded/time_series.h"
#include "reconciler/http/http.h"

namespace sluice::embedded {

// `target` is path and query as in the request line. Parameters may also stand in a form body.
http::HttpResponse AnswerPrometheus(const std::string& target, const std::string& form, const TimeSeries& series,
                                    TimePoint now);

// A value as Prometheus writes it: shortest decimal, "NaN", "+Inf", "-Inf".
std::string FormatValue(double value);

// The parameters of a query string or form, decoded; the last one of a name counts.
std::map<std::string, std::string> Parameters(const std::string& text);

}  // namespace sluice::embedded
