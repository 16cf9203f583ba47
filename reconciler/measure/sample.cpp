#include "reconciler/measure/sample.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "compiler/graph/codec.h"
#include "reconciler/measure/request.h"

namespace sluice::measure {
namespace {

using graph::Evaluation;
using graph::Value;
using Kind = graph::Evaluation::Kind;

constexpr int kMaxDepth = 64;

// Whether an expression, or a function that it calls, takes a field of that name.
bool Mentions(const graph::Expression* expression, const graph::FunctionTable& functions, std::string_view field,
              std::set<std::string>& visited) {
  if (expression == nullptr) return false;
  if (expression->operation == graph::Operation::kMember && expression->name == field) return true;
  if (expression->operation == graph::Operation::kCall && visited.insert(expression->name).second) {
    const auto function = functions.find(expression->name);
    if (function != functions.end() && Mentions(function->second.body.get(), functions, field, visited)) return true;
  }
  return std::any_of(
      expression->operands.begin(), expression->operands.end(),
      [&](const graph::ExpressionPtr& operand) { return Mentions(operand.get(), functions, field, visited); });
}

bool ReadsText(const graph::Measure& measure, const graph::FunctionTable& functions) {
  std::set<std::string> visited;
  return Mentions(measure.value.get(), functions, "text", visited) ||
         Mentions(measure.no_data_when.get(), functions, "text", visited) ||
         Mentions(measure.error_when.get(), functions, "text", visited);
}

class Sampler : public std::enable_shared_from_this<Sampler> {
 public:
  Sampler(cluster::Cluster& cluster, http::Http& http, loop::Loop& loop, SampleRequest request,
          std::function<void(decide::Sample)> done)
      : cluster_(cluster), http_(http), loop_(loop), request_(std::move(request)), done_(std::move(done)) {
    sample_.sequence = request_.sequence;
  }

  void Next() {
    if (next_ == gate().measures.size()) return Keep();
    graph::Roots roots = request_.roots;
    roots.insert_or_assign("now", Value(loop_.Now()));
    FillRequest(cluster_, measure().request,
                {request_.graph, &functions(), std::move(roots), request_.namespace_, request_.alive},
                [self = shared_from_this()](Result<http::HttpRequest> filled) { self->Filled(std::move(filled)); });
  }

 private:
  const graph::Gate& gate() const { return request_.graph->gates[request_.gate]; }
  const graph::Measure& measure() const { return gate().measures[next_]; }
  const graph::FunctionTable& functions() const { return request_.graph->functions; }

  bool gone() const { return request_.alive != nullptr && !*request_.alive; }

  void Filled(Result<http::HttpRequest> filled) {
    if (!filled) return End(Kind::kError, filled.error().message);
    http_.Send(std::move(filled).value(),
               [self = shared_from_this()](Result<http::HttpResponse> answer) { self->Answered(std::move(answer)); });
  }

  void Answered(Result<http::HttpResponse> answer) {
    if (gone()) return;
    if (!answer) return End(Kind::kError, answer.error().message);
    if (answer->status < 200 || answer->status > 299) {
      return End(Kind::kError, fmt::format("the answer's status is {}", answer->status));
    }
    if (answer->body.size() > http::kMaxAnswerBytes) return End(Kind::kError, "the answer is larger than 1 MiB");
    graph::Map response;
    response.Set("status", Value(answer->status));
    auto json = graph::DecodeValue(answer->body, kMaxDepth);
    if (json.ok()) {
      response.Set("json", std::move(json).value());
    } else if (!ReadsText(measure(), functions())) {
      return End(Kind::kError, "the answer is not JSON: " + json.error().message);
    }
    response.Set("text", Value(std::move(answer->body)));
    Read(Value(std::move(response)));
  }

  void Read(Value response) {
    graph::Roots roots = request_.roots;
    roots.insert_or_assign("now", Value(loop_.Now()));
    roots.insert_or_assign("response", std::move(response));
    if (Is(measure().error_when, roots)) return End(Kind::kError, "the provider's `error when` holds");
    if (Is(measure().no_data_when, roots)) return End(Kind::kNoData, "the provider has no data");
    if (ended_) return;
    Evaluation value = graph::Evaluate(*measure().value, functions(), roots);
    if (value.kind != Kind::kValue) return End(value.kind, value.message);
    if (value.value.is_none()) return End(Kind::kNoData, "the answer has no value");
    sample_.values[measure().name.empty() ? "value" : measure().name] = std::move(value.value);
    if (measure().at != nullptr) {
      const Evaluation at = graph::Evaluate(*measure().at, functions(), roots);
      if (at.kind != Kind::kValue) return End(at.kind, at.message);
      const TimePoint* time = at.value.as_time();
      if (time == nullptr) return End(Kind::kError, "the provider's `at` is no time");
      at_ = at_ ? std::min(*at_, *time) : *time;
    }
    ++next_;
    Next();
  }

  // Whether an optional condition holds; one that cannot be evaluated ends the sample.
  bool Is(const graph::ExpressionPtr& condition, const graph::Roots& roots) {
    if (condition == nullptr || ended_) return false;
    const Evaluation result = graph::Evaluate(*condition, functions(), roots);
    if (result.kind != Kind::kValue) {
      End(result.kind, result.message);
      return false;
    }
    const bool* holds = result.value.as_bool();
    return holds != nullptr && *holds;
  }

  void Keep() {
    graph::Roots roots = request_.roots;
    roots.insert_or_assign("now", Value(loop_.Now()));
    for (const graph::Measure& one : gate().measures) {
      if (one.name.empty()) {
        roots.insert_or_assign("value", sample_.values["value"]);
        continue;
      }
      graph::Map named;  // plans write `bad.value`
      named.Set("value", sample_.values[one.name]);
      roots.insert_or_assign(one.name, Value(std::move(named)));
    }
    for (const graph::KeepState& state : gate().keep) {
      const auto before = request_.kept.find(state.name);
      roots.insert_or_assign(state.name, before == request_.kept.end() ? state.initial : before->second);
    }
    // Every `next` sees the states as they were before this sample.
    std::map<std::string, Value> kept;
    for (const graph::KeepState& state : gate().keep) {
      Evaluation next = graph::Evaluate(*state.next, functions(), roots);
      if (next.kind != Kind::kValue) return End(next.kind, fmt::format("keep {}: {}", state.name, next.message));
      kept[state.name] = std::move(next.value);
    }
    for (auto& [name, value] : kept) sample_.values[name] = std::move(value);
    End(Kind::kValue, "");
  }

  void End(Kind kind, std::string message) {
    if (ended_) return;
    ended_ = true;
    sample_.kind = kind;
    sample_.message = std::move(message);
    if (kind != Kind::kValue) sample_.values.clear();
    // In a later turn, whatever was needed to get here.
    loop_.Post([self = shared_from_this()] {
      if (self->gone()) return;
      decide::Sample sample = std::move(self->sample_);
      sample.answered_at = self->loop_.Now();
      // A store whose clock is ahead must not make a window look newer than it is.
      sample.at = self->at_ ? std::min(*self->at_, sample.answered_at) : sample.answered_at;
      self->done_(std::move(sample));
    });
  }

  cluster::Cluster& cluster_;
  http::Http& http_;
  loop::Loop& loop_;
  const SampleRequest request_;
  const std::function<void(decide::Sample)> done_;
  std::size_t next_ = 0;
  bool ended_ = false;
  std::optional<TimePoint> at_;
  decide::Sample sample_;
};

}  // namespace

void TakeSample(cluster::Cluster& cluster, http::Http& http, loop::Loop& loop, SampleRequest request,
                std::function<void(decide::Sample)> done) {
  std::make_shared<Sampler>(cluster, http, loop, std::move(request), std::move(done))->Next();
}

}  // namespace sluice::measure
