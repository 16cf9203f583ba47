#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "compiler/base/text.h"
#include "compiler/check/check_adopted.h"
#include "compiler/check/check_config.h"
#include "compiler/check/checker.h"
#include "compiler/check/container.h"
#include "compiler/check/data.h"
#include "compiler/check/field_spans.h"
#include "compiler/check/words.h"
#include "compiler/graph/names.h"
#include "compiler/kubernetes/names.h"

namespace sluice::check {
namespace {

using diagnostics::Safety;

constexpr std::int32_t kMaxReplicas = 10'000;

void CheckServiceName(const Declared& declared, Checker& checker) {
  std::optional<std::string> fault = kubernetes::FaultOfServiceName(declared.name, kubernetes::kMaxServiceName);
  if (!fault) {
    return;
  }
  diagnostics::Builder report = checker.context.Report(diagnostics::kRefusedName, declared.name_span,
                                                       fmt::format("service name `{}` {}", declared.name, *fault));
  const std::string better = kubernetes::ToServiceName(declared.name);
  if (!better.empty() && std::get<syntax::Service>(declared.syntax->declaration).name.bare) {
    report.Fix(fmt::format("call it `{}`", better), Safety::kUncertain, declared.name_span, better);
  }
}

class ServiceBody {
 public:
  ServiceBody(const Declared& declared, const ScopePtr& scope, Checker& checker, Service& service)
      : declared_(declared), reader_(checker, scope, {}), clauses_(checker, declared), service_(service) {}

  void operator()(const syntax::FromClause& clause) {
    from_ = true;
    ReadAdopted(clause, reader_, service_);
  }
  void operator()(const syntax::ServiceClause& clause);
  void operator()(const syntax::AutoscalerClause& clause);
  void operator()(const syntax::PortClause& clause);
  void operator()(const syntax::ProbeClause& clause);
  void operator()(const syntax::EnvClause& clause);
  void operator()(const syntax::ConfigClause& clause);
  void operator()(const syntax::PatchClause& clause);
  void operator()(const syntax::Require& require) { CheckRequire(require, reader_.scope(), {}, reader_.context()); }
  void operator()(const syntax::Later& later) {
    ReportLater(later, reader_.context());
    later_ = true;
  }
  // What only shows when all clauses are read.
  void Finish();

 private:
  void Namespace(const syntax::ServiceClause& clause);
  void Image(const syntax::ServiceClause& clause);
  void Disruption(const syntax::ServiceClause& clause);
  void CheckAutoscaler();
  void Cpu(const syntax::ServiceClause& clause);
  void Memory(const syntax::ServiceClause& clause);
  void Probe(const check::Probe& probe, Span target);
  void Variable(const std::string& name, const graph::Value& value, Span span);
  void CheckOrder(const std::optional<Located<graph::Value>>& request,
                  const std::optional<Located<graph::Value>>& limit, std::string_view word);

  const Declared& declared_;
  Reader reader_;
  Clauses clauses_;
  Service& service_;
  bool later_ = false;
  bool from_ = false;
  std::vector<std::pair<check::Probe, Span>> probes_;  // with the span of the target
};

void ServiceBody::operator()(const syntax::ServiceClause& clause) {
  const std::string& word = clause.word.text;
  if (!clauses_.Once(word, clause.word.span) || clause.value == nullptr) {
    return;
  }
  const std::string what = "`" + word + "`";
  const Span span = clause.value->span;
  if (word == "namespace") {
    Namespace(clause);
  } else if (word == "image") {
    Image(clause);
  } else if (word == "replicas") {
    service_.replicas = {reader_.Int(clause.value, what, 0, kMaxReplicas).value_or(1), span};
  } else if (word == "surge" || word == "unavailable") {
    std::optional<Amount> amount = reader_.CountOrPercent(clause.value, what, Number(1));
    (word == "surge" ? service_.surge : service_.unavailable) =
        amount ? std::optional(Located<Amount>{*amount, span}) : std::nullopt;
  } else if (word == "disruption") {
    Disruption(clause);
  } else if (word == "cpu") {
    Cpu(clause);
  } else if (word == "memory") {
    Memory(clause);
  } else if (word == "command" || word == "args") {
    (word == "command" ? service_.command : service_.args) =
        reader_.Texts(clause.value, what).value_or(std::vector<std::string>());
    (word == "command" ? service_.command_span : service_.args_span) = span;
  }
}

void ServiceBody::Namespace(const syntax::ServiceClause& clause) {
  service_.namespace_span = clause.value->span;
  std::optional<std::string> name = reader_.Text(clause.value, "`namespace`");
  if (!name) {
    return;
  }
  service_.namespace_ = *name;
  if (std::optional<std::string> fault = kubernetes::FaultOfLabel(*name)) {
    reader_.Report(diagnostics::kRefusedName, clause.value->span, fmt::format("namespace `{}` {}", *name, *fault));
  }
}

void ServiceBody::Image(const syntax::ServiceClause& clause) {
  service_.image.span = clause.value->span;
  std::optional<std::string> text = reader_.Text(clause.value, "`image`");
  if (!text) {
    return;
  }
  if (const std::string* other = reader_.checker().OtherImage(declared_.name, clause.value->span)) {
    text = *other;
  }
  service_.image.value = *text;
  CheckImage(*text, clause.value->span, reader_);
}

void ServiceBody::Disruption(const syntax::ServiceClause& clause) {
  const Span span = clause.value->span;
  const std::optional<Amount> amount = reader_.CountOrPercent(clause.value, "`disruption`", Number(1));
  if (!amount) {
    return;
  }
  service_.disruption = Located<Amount>{*amount, span};
  if (amount->percent && !(amount->number * Number(100)).is_integer()) {
    reader_.Report(diagnostics::kValueOutOfRange, span,
                   fmt::format("`disruption` is {}, Kubernetes takes only whole percents", amount->number.ToPercent()));
  } else if (amount->number <= Number(0)) {
    reader_.Report(diagnostics::kBudgetBlocks, span,
                   fmt::format("`disruption {}` lets no pod of `{}` go", amount->percent ? "0%" : "0", declared_.name),
                   "no node that has one of its pods can be drained: `disruption 1` lets them go one by one");
  }
}

// A percentage is one of what a pod requests: without a request there is nothing to count by, and Kubernetes says so
// only in the autoscaler's status (FailedGetResourceMetric). A patch may have said it.
void ServiceBody::CheckAutoscaler() {
  if (!service_.autoscaling || reader_.checker().Broken(declared_.syntax->span)) {
    return;
  }
  const std::string& resource = service_.autoscaling->resource;
  const bool cpu = resource == "cpu";
  const bool patched = std::any_of(service_.patches.begin(), service_.patches.end(), [](const Patch& patch) {
    return patch.kind == "Deployment" || patch.kind == graph::kAutoscalerKind;
  });
  if (patched || (cpu ? service_.cpu_request.has_value() : service_.memory_request.has_value())) {
    return;
  }
  reader_.Report(diagnostics::kAutoscalerBlind, service_.autoscaling->span,
                 fmt::format("the pods of `{}` are counted by their {}, and they request none", declared_.name,
                             cpu ? "CPU" : "memory"),
                 fmt::format("say what a pod needs: `{}`", cpu ? "cpu 0.25" : "memory 256Mi"));
}

void ServiceBody::CheckOrder(const std::optional<Located<graph::Value>>& request,
                             const std::optional<Located<graph::Value>>& limit, std::string_view word) {
  if (!request || !limit || request->value.as_quantity()->number <= limit->value.as_quantity()->number) {
    return;
  }
  reader_.Report(
      diagnostics::kRequestAboveLimit, limit->span,
      fmt::format("`{}` requests {} and is limited to {}", word, request->value.ToText(), limit->value.ToText()));
}

void ServiceBody::Cpu(const syntax::ServiceClause& clause) {
  service_.cpu_request = ReadCpu(clause.value, reader_);
  service_.cpu_limit = ReadCpu(clause.to, reader_);
  CheckOrder(service_.cpu_request, service_.cpu_limit, "cpu");
}

void ServiceBody::Memory(const syntax::ServiceClause& clause) {
  service_.memory_request = ReadMemory(clause.value, reader_);
  service_.memory_limit = ReadMemory(clause.to, reader_);
  CheckOrder(service_.memory_request, service_.memory_limit, "memory");
}

void ServiceBody::operator()(const syntax::AutoscalerClause& clause) {
  if (!clauses_.Once(clause.word.text, clause.word.span)) {
    return;
  }
  // An autoscaler counts by what runs: where nothing does, it doesn't (HPAScaleToZero is off by default).
  const std::optional<std::int32_t> least = reader_.Int(clause.least, "the least `replicas`", 1, kMaxReplicas);
  service_.replicas = {least.value_or(1), clause.least == nullptr ? clause.span : clause.least->span};
  const std::optional<std::int32_t> most =
      reader_.Int(clause.most, "the most `replicas`", service_.replicas.value, kMaxReplicas);
  Autoscaling autoscaling;
  autoscaling.max = {most.value_or(service_.replicas.value), clause.most == nullptr ? clause.span : clause.most->span};
  autoscaling.span = clause.resource.span.known() ? clause.resource.span : clause.span;
  autoscaling.resource = clause.resource.text;
  static const std::vector<std::string> kResources = {"cpu", "memory"};
  if (clause.use == nullptr) {
    return;
  }
  if (std::find(kResources.begin(), kResources.end(), autoscaling.resource) == kResources.end()) {
    ReportUnknownWord(clause.resource, "replicas … at", kResources, reader_.context());
    return;
  }
  const std::optional<Number> use =
      reader_.Percent(clause.use, "`" + autoscaling.resource + "`", Number::Ratio(1, 100), Number(10));
  if (!use) {
    return;
  }
  if (!(*use * Number(100)).is_integer()) {
    reader_.Report(
        diagnostics::kValueOutOfRange, clause.use->span,
        fmt::format("`{}` is {}, Kubernetes takes only whole percents", autoscaling.resource, use->ToPercent()));
  }
  autoscaling.percent = (*use * Number(100)).Floor();
  service_.autoscaling = std::move(autoscaling);
}

void ServiceBody::operator()(const syntax::PortClause& clause) {
  const std::optional<std::int32_t> number = reader_.Int(clause.number, "`port`", 1, 65535);
  if (std::optional<std::string> fault = kubernetes::FaultOfPortName(clause.name.text)) {
    reader_.Report(diagnostics::kRefusedName, clause.name.span,
                   fmt::format("port name `{}` {}", clause.name.text, *fault));
  }
  for (const Port& port : service_.ports) {
    const bool same_name = port.name == clause.name.text;
    if (!same_name && (!number || port.number != *number)) {
      continue;
    }
    reader_.context()
        .Report(diagnostics::kDuplicatePort, clause.span,
                same_name ? fmt::format("service `{}` has two ports of the name `{}`", declared_.name, port.name)
                          : fmt::format("service `{}` has two ports of the number {}", declared_.name, port.number))
        .Label(port.span, "the first one")
        .Emit();
    return;
  }
  // A port whose number is wrong still has its name, which probes may use.
  service_.ports.push_back({clause.name.text, number.value_or(0), clause.span});
}

void ServiceBody::operator()(const syntax::ProbeClause& clause) {
  using Means = syntax::ProbeClause::Means;
  static constexpr const char* kPurposes[] = {"probe ready", "probe live", "probe startup"};
  const char* word = kPurposes[static_cast<std::size_t>(clause.purpose)];
  if (!clauses_.Once(word, clause.span)) {
    return;
  }
  const std::string what = fmt::format("`{}`", word);
  check::Probe probe;
  probe.purpose = clause.purpose;
  probe.means = clause.means;
  probe.span = clause.span;
  probe.port = clause.port ? clause.port->text : "";
  if (clause.means == Means::kHttp) {
    probe.path = reader_.Text(clause.target, what).value_or("/");
  } else if (clause.means == Means::kExec) {
    probe.command = reader_.Texts(clause.target, what).value_or(std::vector<std::string>());
  } else if (const auto* name = clause.target ? std::get_if<syntax::NameReference>(&clause.target->node) : nullptr) {
    probe.port = name->name;
  } else if (std::optional<graph::Value> port = reader_.Any(clause.target, what)) {
    probe.port = port->ToText();
  }
  // Kubernetes counts a probe's times in whole seconds.
  auto seconds = [&](const syntax::ExpressionPtr& expression, const char* name, Duration low) {
    std::optional<Duration> time = reader_.Time(expression, fmt::format("`{}` of {}", name, what), low);
    if (time && time->count() % 1000 != 0) {
      reader_.Report(
          diagnostics::kValueOutOfRange, expression->span,
          fmt::format("`{}` of {} is {}, it must be a number of whole seconds", name, what, FormatDuration(*time)));
    }
    return time;
  };
  probe.every = seconds(clause.every, "every", Duration(1000));
  probe.timeout = seconds(clause.timeout, "timeout", Duration(1000));
  probe.after = seconds(clause.after, "after", Duration(0));
  const Span target = clause.port ? clause.port->span : clause.target ? clause.target->span : clause.span;
  probes_.emplace_back(std::move(probe), target);
}

// Ports may be written below the probes that name them.
void ServiceBody::Probe(const check::Probe& probe, Span target) {
  using Means = syntax::ProbeClause::Means;
  if (probe.means == Means::kExec) {
    return;
  }
  if (probe.means == Means::kHttp && !probe.path.empty() && probe.path.front() != '/') {
    reader_.Report(diagnostics::kWrongClauseValue, target,
                   fmt::format("the probe's path `{}` does not begin with `/`", probe.path));
  }
  const bool is_number = !probe.port.empty() && std::all_of(probe.port.begin(), probe.port.end(),
                                                            [](unsigned char c) { return std::isdigit(c) != 0; });
  const bool known = std::any_of(service_.ports.begin(), service_.ports.end(),
                                 [&](const Port& port) { return port.name == probe.port; });
  if (is_number || known || (probe.port.empty() && !service_.ports.empty()) ||
      reader_.checker().Broken(declared_.syntax->span)) {
    return;
  }
  std::vector<std::string> names;
  for (const Port& port : service_.ports) {
    names.push_back(port.name);
  }
  if (names.empty()) {
    reader_.Report(diagnostics::kUnknownPort, target,
                   fmt::format("the probe needs a port, and service `{}` has none", declared_.name));
    return;
  }
  reader_.Report(diagnostics::kUnknownPort, target,
                 fmt::format("service `{}` has no port `{}`", declared_.name, probe.port),
                 fmt::format("its ports are {}", JoinWords(names)));
}

void ServiceBody::Variable(const std::string& name, const graph::Value& value, Span span) {
  for (const EnvEntry& entry : service_.env) {
    if (entry.name == name) {
      reader_.context()
          .Report(diagnostics::kDuplicateVariable, span, fmt::format("environment variable `{}` is set twice", name))
          .Label(entry.span, "the first one")
          .Emit();
      return;
    }
  }
  if (CheckVariable(name, value, span, reader_)) {
    service_.env.push_back({name, value.as_secret() != nullptr ? value : graph::Value(value.ToText()), span});
  }
}

void ServiceBody::operator()(const syntax::EnvClause& clause) {
  std::optional<graph::Value> value = reader_.Of(clause.value, Type::Map(Type::Kind::kAny), "`env`");
  const graph::Map* map = value ? value->as_map() : nullptr;
  if (map == nullptr) {
    return;
  }
  for (const auto& [name, entry] : map->entries()) {
    Variable(name, entry, SpanOfKey(*clause.value, name));
  }
}

void ServiceBody::operator()(const syntax::ConfigClause& clause) {
  std::optional<Config> config = ReadConfig(clause, reader_);
  if (!config) {
    return;
  }
  for (const Config& other : service_.configs) {
    if (other.mount_path == config->mount_path) {
      reader_.context()
          .Report(diagnostics::kConfigRefused, clause.span,
                  fmt::format("two `config` of service `{}` are for the directory `{}`", declared_.name,
                              config->mount_path))
          .Label(other.span, "the first one")
          .Emit();
      return;
    }
  }
  service_.configs.push_back(*std::move(config));
}

void ServiceBody::operator()(const syntax::PatchClause& clause) {
  const std::string& kind = clause.kind.text;
  static const std::vector<std::string> kKinds = {"Deployment", "Service", "PodDisruptionBudget",
                                                  graph::kAutoscalerKind};
  if (std::find(kKinds.begin(), kKinds.end(), kind) == kKinds.end()) {
    ReportUnknownWord(clause.kind, "patch", kKinds, reader_.context());
    return;
  }
  if (!clauses_.Once("patch " + kind, clause.kind.span)) {
    return;
  }
  std::optional<graph::Value> value = reader_.Of(clause.value, Type::Map(Type::Kind::kAny), "`patch`");
  if (!value || value->as_map() == nullptr ||
      !CheckData(*value, *clause.value, fmt::format("the patch of `{}`", kind), reader_.checker())) {
    return;
  }
  service_.patches.push_back({kind, WithoutUnits(*value), FieldSpans(*clause.value), clause.kind.span});
}

void ServiceBody::Finish() {
  for (const auto& [probe, target] : probes_) {
    Probe(probe, target);
    service_.probes.push_back(probe);
  }
  // What is not carried out yet may be what stands for these, and YAML is.
  if (later_ || from_) {
    return;
  }
  clauses_.Missing("image", "image \"REGISTRY/NAME:TAG\"");
  CheckAutoscaler();
  if (clauses_.Has("probe ready") || reader_.checker().Broken(declared_.syntax->span)) {
    return;
  }
  const Span whole = declared_.syntax->span;
  reader_.context()
      .Report(diagnostics::kNoReadinessProbe, declared_.name_span,
              fmt::format("service `{}` has no `probe ready`", declared_.name))
      .Note("without one a pod takes traffic as soon as its process runs")
      .Fix("add `probe ready http \"/readyz\"`", Safety::kPlaceholder, Span{whole.file, whole.end - 1, whole.end - 1},
           "  probe ready http \"/readyz\"\n")
      .Emit();
}

}  // namespace

Made MakeService(const Declared& declared, const ScopePtr& scope, Checker& checker) {
  auto service = std::make_unique<Service>();
  service->name = declared.name;
  service->span = declared.name_span;
  service->declaration = declared.syntax->keyword;
  service->namespace_ = "default";
  CheckServiceName(declared, checker);
  ServiceBody body(declared, scope, checker, *service);
  const std::vector<syntax::ServiceItem>& items = declared.as<syntax::Service>().items;
  const bool from = !items.empty() && std::holds_alternative<syntax::FromClause>(items.front());
  for (const syntax::ServiceItem& item : items) {
    if (from && CheckBesideYaml(item, checker.context)) {
      continue;
    }
    std::visit(body, item);
  }
  body.Finish();
  checker.plans.services.push_back(std::move(service));
  return graph::Value(
      std::shared_ptr<const graph::Handle>(std::make_shared<ServiceHandle>(checker.plans.services.back().get())));
}

}  // namespace sluice::check
