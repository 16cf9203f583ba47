#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "compiler/base/text.h"
#include "compiler/check/check_config.h"
#include "compiler/check/checker.h"
#include "compiler/check/data.h"
#include "compiler/check/field_spans.h"
#include "compiler/check/words.h"
#include "compiler/kubernetes/image.h"
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

  void operator()(const syntax::ServiceClause& clause);
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
  service_.image.value = *text;
  const kubernetes::ImageParse parsed = kubernetes::ParseImage(*text);
  if (!parsed.image) {
    reader_.Report(diagnostics::kInvalidImage, clause.value->span, fmt::format("image `{}` {}", *text, parsed.fault));
    return;
  }
  if (!parsed.image->digest.empty() || (!parsed.image->tag.empty() && parsed.image->tag != "latest")) {
    return;
  }
  reader_.Report(diagnostics::kMovingTag, clause.value->span,
                 parsed.image->tag.empty() ? fmt::format("image `{}` has no tag, which means `latest`", *text)
                                           : fmt::format("image `{}` has the tag `latest`", *text),
                 "what runs then depends on when a node pulled it, and two revisions may be one image");
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
  auto read = [&](const syntax::ExpressionPtr& expression) -> std::optional<Located<graph::Value>> {
    std::optional<Number> cores = reader_.Decimal(expression, "`cpu`");
    if (!cores) {
      return std::nullopt;
    }
    if (*cores <= Number(0) || *cores > Number(1024) || !(*cores * Number(1000)).is_integer()) {
      reader_.Report(
          diagnostics::kValueOutOfRange, expression->span,
          fmt::format("`cpu` is {}, it must be a number of thousandths of a core above 0", cores->ToRoundedString(6)));
      return std::nullopt;
    }
    return Located<graph::Value>{graph::Value(*cores), expression->span};
  };
  service_.cpu_request = read(clause.value);
  service_.cpu_limit = read(clause.to);
  CheckOrder(service_.cpu_request, service_.cpu_limit, "cpu");
}

void ServiceBody::Memory(const syntax::ServiceClause& clause) {
  auto read = [&](const syntax::ExpressionPtr& expression) -> std::optional<Located<graph::Value>> {
    std::optional<Number> bytes = reader_.Bytes(expression, "`memory`");
    if (!bytes) {
      return std::nullopt;
    }
    if (*bytes < Number(1) || !bytes->is_integer()) {
      reader_.Report(diagnostics::kValueOutOfRange, expression->span,
                     fmt::format("`memory` is {} bytes, it must be a whole number above 0", bytes->ToRoundedString(3)));
      return std::nullopt;
    }
    return Located<graph::Value>{graph::Value(graph::Quantity{*bytes, graph::Unit::kBytes}), expression->span};
  };
  service_.memory_request = read(clause.value);
  service_.memory_limit = read(clause.to);
  CheckOrder(service_.memory_request, service_.memory_limit, "memory");
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

bool LooksSecret(std::string_view name) {
  std::string upper;
  for (char c : name) {
    upper += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  for (std::string_view word : {"PASSWORD", "PASSWD", "SECRET_KEY", "PRIVATE_KEY", "API_KEY", "APIKEY", "ACCESS_KEY"}) {
    if (upper.find(word) != std::string::npos) {
      return true;
    }
  }
  auto ends = [&](std::string_view end) {
    return upper.size() >= end.size() && upper.compare(upper.size() - end.size(), end.size(), end) == 0;
  };
  return ends("_TOKEN") || ends("_SECRET") || upper == "TOKEN" || upper == "SECRET";
}

void ServiceBody::Variable(const std::string& name, const graph::Value& value, Span span) {
  if (std::optional<std::string> fault = kubernetes::FaultOfEnvName(name)) {
    reader_.Report(diagnostics::kRefusedName, span, fmt::format("environment variable `{}` {}", name, *fault));
  }
  for (const EnvEntry& entry : service_.env) {
    if (entry.name == name) {
      reader_.context()
          .Report(diagnostics::kDuplicateVariable, span, fmt::format("environment variable `{}` is set twice", name))
          .Label(entry.span, "the first one")
          .Emit();
      return;
    }
  }
  if (value.as_list() != nullptr || value.as_map() != nullptr || value.as_handle() != nullptr) {
    reader_.Report(diagnostics::kWrongClauseValue, span,
                   fmt::format("environment variable `{}` is {}, it must be text", name, value.KindName()));
    return;
  }
  if (value.as_secret() != nullptr) {
    service_.env.push_back({name, value, span});
    return;
  }
  const std::string text = value.ToText();
  if (LooksSecret(name) && value.as_string() != nullptr && !text.empty()) {
    reader_.Report(diagnostics::kPlainSecret, span,
                   fmt::format("environment variable `{}` looks like a secret and stands in the plan as text", name),
                   fmt::format("`{}: secret \"NAME\" key \"KEY\"` reads it from a Kubernetes Secret", name));
  }
  service_.env.push_back({name, text, span});
}

void ServiceBody::operator()(const syntax::EnvClause& clause) {
  std::optional<graph::Value> value = reader_.Of(clause.value, Type::Map(Type::Kind::kAny), "`env`");
  const graph::Map* map = value ? value->as_map() : nullptr;
  if (map == nullptr) {
    return;
  }
  // The span of each name, where the map is written out here.
  const auto* literal = std::get_if<syntax::MapLiteral>(&clause.value->node);
  for (const auto& [name, entry] : map->entries()) {
    Span span = clause.value->span;
    for (std::size_t i = 0; literal != nullptr && i < literal->entries.size(); ++i) {
      const auto& key = literal->entries[i].key;
      const auto* text = key ? std::get_if<syntax::StringLiteral>(&key->node) : nullptr;
      if (text != nullptr && text->parts.size() == 1 && !text->parts[0].value && text->parts[0].text == name) {
        span = key->span;
      }
    }
    Variable(name, entry, span);
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
  static const std::vector<std::string> kKinds = {"Deployment", "Service", "PodDisruptionBudget"};
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
  // What is not carried out yet may be what stands for these.
  if (later_) {
    return;
  }
  clauses_.Missing("image", "image \"REGISTRY/NAME:TAG\"");
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
  for (const syntax::ServiceItem& item : declared.as<syntax::Service>().items) {
    std::visit(body, item);
  }
  body.Finish();
  checker.plans.services.push_back(std::move(service));
  return graph::Value(
      std::shared_ptr<const graph::Handle>(std::make_shared<ServiceHandle>(checker.plans.services.back().get())));
}

}  // namespace sluice::check
