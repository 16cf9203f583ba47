// The declared kinds as values: what `checkout.name`, `from.instant(…)` and `guard: healthy` hold.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "compiler/check/checked_plan.h"
#include "compiler/check/function.h"
#include "compiler/graph/graph.h"
#include "compiler/graph/value.h"

namespace sluice::check {

// A value with named fields, all known.
class Fields : public Members {
 public:
  std::optional<graph::Value> Member(std::string_view name, Context& context) const override;
  std::vector<std::string> MemberNames() const override;

 protected:
  explicit Fields(graph::Map fields) : fields_(std::move(fields)) {}

 private:
  graph::Map fields_;
};

class ServiceHandle : public Fields {
 public:
  explicit ServiceHandle(const Service* service);
  std::string_view type_name() const override { return "service"; }
  const Service* service() const { return service_; }

 private:
  const Service* service_;  // of the checked plan set
};

class RouteHandle : public Fields {
 public:
  explicit RouteHandle(const Route* route);
  std::string_view type_name() const override { return "route"; }
  const Route* route() const { return route_; }

 private:
  const Route* route_;
};

class GateHandle : public graph::Handle {
 public:
  explicit GateHandle(GatePtr gate) : gate_(std::move(gate)) {}
  std::string_view type_name() const override { return "gate"; }
  const GatePtr& gate() const { return gate_; }

 private:
  GatePtr gate_;
};

// `a and b`, `a or b` (kAnd, kOr) of two gates. Nested ones of the same kind become one with more children.
graph::Value CombineGates(graph::GateTree::Kind kind, const GateHandle& left, const GateHandle& right, Span span);
graph::Value NegateGate(const GateHandle& gate, Span span);

class RouterHandle : public graph::Handle {
 public:
  explicit RouterHandle(std::shared_ptr<const RouterInstance> router) : router_(std::move(router)) {}
  std::string_view type_name() const override { return "router"; }
  const std::shared_ptr<const RouterInstance>& router() const { return router_; }

 private:
  std::shared_ptr<const RouterInstance> router_;
};

// What a provider's function gives: a request and how its answer is read.
class MeasurementHandle : public graph::Handle {
 public:
  explicit MeasurementHandle(graph::Measure measure) : measure_(std::move(measure)) {}
  std::string_view type_name() const override { return "measurement"; }
  // Without name and unit.
  const graph::Measure& measure() const { return measure_; }

 private:
  graph::Measure measure_;
};

class ChannelHandle : public graph::Handle {
 public:
  explicit ChannelHandle(std::shared_ptr<const ChannelInstance> channel) : channel_(std::move(channel)) {}
  std::string_view type_name() const override { return "channel"; }
  const std::shared_ptr<const ChannelInstance>& channel() const { return channel_; }

 private:
  std::shared_ptr<const ChannelInstance> channel_;
};

// `job { … }` where it was written: read once its use is known.
class JobHandle : public graph::Handle {
 public:
  JobHandle(const syntax::JobLiteral* job, Span span, ScopePtr scope)
      : job_(job), span_(span), scope_(std::move(scope)) {}
  std::string_view type_name() const override { return "job"; }
  const syntax::JobLiteral& job() const { return *job_; }
  Span span() const { return span_; }
  const ScopePtr& scope() const { return scope_; }

 private:
  const syntax::JobLiteral* job_;  // of the plan set's syntax
  Span span_;
  ScopePtr scope_;
};

// A provider or a dialect: functions by name, made at their first use.
class Library : public Members {
 public:
  using Make = std::function<std::shared_ptr<const Callable>(Context& context)>;
  explicit Library(std::string_view type_name) : type_name_(type_name) {}
  void Add(std::string name, Make make) { functions_.push_back({std::move(name), std::move(make), nullptr}); }

  std::string_view type_name() const override { return type_name_; }
  std::optional<graph::Value> Member(std::string_view name, Context& context) const override;
  std::vector<std::string> MemberNames() const override;

 private:
  struct Function {
    std::string name;
    Make make;
    mutable std::shared_ptr<const Callable> made;
  };
  std::string_view type_name_;
  std::vector<Function> functions_;
};

// A step before its place in a rollout is known.
struct StepReferenceText {
  std::string name;  // "ramp", "ramp[10%]"
  Span span;
};
struct StepDraft {
  Step step;  // `after` still empty
  std::optional<std::vector<StepReferenceText>> after;
  bool repetition = false;  // not the first of its `for`: follows the one before
};

class StrategyHandle : public graph::Handle {
 public:
  StrategyHandle(std::vector<StepDraft> steps, std::vector<Suppression> allowed)
      : steps_(std::move(steps)), allowed_(std::move(allowed)) {}
  std::string_view type_name() const override { return "strategy"; }
  const std::vector<StepDraft>& steps() const { return steps_; }
  // What the strategy accepts by `@allow`; covers nothing yet.
  const std::vector<Suppression>& allowed() const { return allowed_; }

 private:
  std::vector<StepDraft> steps_;
  std::vector<Suppression> allowed_;
};

// The handle of that class in a value, or null.
template <typename T>
const T* HandleOf(const graph::Value& value) {
  const std::shared_ptr<const graph::Handle>* handle = value.as_handle();
  return handle == nullptr ? nullptr : dynamic_cast<const T*>(handle->get());
}

}  // namespace sluice::check
