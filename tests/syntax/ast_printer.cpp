#include "tests/syntax/ast_printer.h"

#include <fmt/format.h>

namespace sluice::syntax {
namespace {

template <typename... Functions>
struct Overloaded : Functions... {
  using Functions::operator()...;
};
template <typename... Functions>
Overloaded(Functions...) -> Overloaded<Functions...>;

std::string Show(const ExpressionPtr& expression);

std::string Join(const std::vector<std::string>& parts) { return fmt::format("{}", fmt::join(parts, " ")); }

std::string Show(const std::vector<Name>& names) {
  std::vector<std::string> texts;
  for (const Name& name : names) {
    texts.push_back(name.text);
  }
  return Join(texts);
}

const char* OperatorText(BinaryOperator op) {
  static constexpr const char* kTexts[] = {"or",     "and", "==",     "!=", "<", "<=", ">", ">=", "in",
                                           "not-in", "is",  "is-not", "+",  "-", "*",  "/", "??"};
  return kTexts[static_cast<int>(op)];
}

std::string ShowNumber(const NumberLiteral& number) {
  static constexpr const char* kUnits[] = {"", "ratio:", "ms:", "bytes:"};
  return kUnits[static_cast<int>(number.unit)] + number.value.ToString();
}

std::string ShowString(const StringLiteral& string) {
  std::string text = string.raw ? "r\"" : "\"";
  for (const StringPart& part : string.parts) {
    if (part.value) {
      text += "${" + Show(part.value) + "}";
      continue;
    }
    for (const char c : part.text) {
      text += c == '\n' ? "\\n" : c == '\t' ? "\\t" : c == '"' ? "\\\"" : c == '\\' ? "\\\\" : std::string(1, c);
    }
  }
  return text + "\"";
}

std::string ShowComprehension(const Comprehension& each) {
  return fmt::format("(for {} in {}{}: {}{})", Show(each.variables), Show(each.in),
                     each.condition ? " if " + Show(each.condition) : "", each.key ? Show(each.key) + ": " : "",
                     Show(each.value));
}

std::string ShowArguments(const std::vector<Argument>& arguments) {
  std::string text;
  for (const Argument& argument : arguments) {
    text += " " + (argument.label ? argument.label->text + ": " : "") + Show(argument.value);
  }
  return text;
}

std::string Show(const ExpressionPtr& expression) {
  if (!expression) {
    return "-";
  }
  return std::visit(
      Overloaded{
          [](const Poisoned&) -> std::string { return "?"; },
          [](const NumberLiteral& number) { return ShowNumber(number); },
          [](const StringLiteral& string) { return ShowString(string); },
          [](const BoolLiteral& value) -> std::string { return value.value ? "true" : "false"; },
          [](const NoneLiteral&) -> std::string { return "none"; },
          [](const DateLiteral& date) { return fmt::format("{:04}-{:02}-{:02}", date.year, date.month, date.day); },
          [](const ClockLiteral& clock) { return fmt::format("clock:{}", clock.minutes); },
          [](const ListLiteral& list) {
            std::vector<std::string> items;
            for (const ExpressionPtr& item : list.items) {
              items.push_back(Show(item));
            }
            return "[" + Join(items) + "]";
          },
          [](const MapLiteral& map) {
            std::vector<std::string> entries;
            for (const MapEntry& entry : map.entries) {
              entries.push_back(Show(entry.key) + ": " + Show(entry.value));
            }
            return fmt::format("{{{}}}", fmt::join(entries, ", "));
          },
          [](const Comprehension& each) { return ShowComprehension(each); },
          [](const Quantifier& each) {
            return fmt::format("({} {} in {}: {})", each.all ? "all" : "any", Show(each.variables), Show(each.in),
                               Show(each.condition));
          },
          [](const If& choice) {
            return fmt::format("(if {} {} {})", Show(choice.condition), Show(choice.then), Show(choice.otherwise));
          },
          [](const Binary& binary) {
            return fmt::format("({} {} {})", OperatorText(binary.op), Show(binary.left), Show(binary.right));
          },
          [](const Unary& unary) {
            return fmt::format("({} {})", unary.op == UnaryOperator::kNot ? "not" : "-", Show(unary.operand));
          },
          [](const NameReference& name) { return name.name; },
          [](const Member& member) { return Show(member.object) + "." + member.name.text; },
          [](const Index& index) { return Show(index.object) + "[" + Show(index.index) + "]"; },
          [](const Call& call) { return fmt::format("({}!{})", Show(call.callee), ShowArguments(call.arguments)); },
          [](const SecretReference& secret) {
            return fmt::format("(secret {} {})", Show(secret.name), Show(secret.key));
          },
          [](const JobLiteral& job) {
            std::string text = "(job";
            for (const JobItem& item : job.items) {
              text += fmt::format(" {}: {}", item.word.text, Show(item.value));
            }
            return text + ")";
          },
      },
      expression->node);
}

std::string Show(const TypeReference& type) {
  std::string text = type.name.text;
  for (std::size_t i = 0; i < type.arguments.size(); ++i) {
    text += (i == 0 ? "<" : ", ") + Show(type.arguments[i]) + (i + 1 == type.arguments.size() ? ">" : "");
  }
  for (std::size_t i = 0; i < type.fields.size(); ++i) {
    text += (i == 0 ? "{" : ", ") + type.fields[i].name.text + ": " + Show(type.fields[i].type) +
            (i + 1 == type.fields.size() ? "}" : "");
  }
  return text + (type.optional ? "?" : "");
}

std::string Show(const std::vector<Parameter>& parameters) {
  std::string text;
  for (const Parameter& each : parameters) {
    text += fmt::format(" ({}: {}{}{})", each.name.text, Show(each.type),
                        each.refinement ? " in " + Show(each.refinement->low) + ".." + Show(each.refinement->high) : "",
                        each.default_value ? " = " + Show(each.default_value) : "");
  }
  return text;
}

std::string Show(const std::optional<Else>& otherwise) {
  static constexpr const char* kActions[] = {"rollback", "continue", "hold", "fail"};
  return otherwise ? std::string(" else ") + kActions[static_cast<int>(otherwise->action)] : "";
}

std::string Show(const std::vector<Repetition>& repetitions) {
  std::string text;
  for (const Repetition& each : repetitions) {
    if (const auto* loop = std::get_if<ForClause>(&each.clause)) {
      text += " for " + Show(loop->variables) + " in " + Show(loop->in);
    } else {
      text += " when " + Show(std::get<WhenClause>(each.clause).condition);
    }
  }
  return text;
}

std::string Show(const std::vector<Annotation>& annotations) {
  std::string text;
  for (const Annotation& each : annotations) {
    text += fmt::format(" @{}{}", each.name.text, ShowArguments(each.arguments));
  }
  return text;
}

std::string Show(const std::vector<Timing>& times) {
  std::string text;
  for (const Timing& timing : times) {
    text += " " + timing.word.text + " " + Show(timing.value);
  }
  return text;
}

std::string Named(const DeclaredName& name) { return Show(name.text); }

// Writes lines, indented by the level of their body.
class Printer {
 public:
  std::string Take() { return std::move(text_); }

  void operator()(const Import& import) { Line("import " + Show(import.path)); }
  void operator()(const Later& later) { Line("later: " + later.feature); }
  void operator()(const Require& require) {
    Line(fmt::format("require {} else {}", Show(require.condition), Show(require.message)));
  }
  void operator()(const LetDeclaration& let) {
    Line(fmt::format("let {}{} = {}", let.name.text, let.type ? ": " + Show(*let.type) : "", Show(let.value)));
  }
  void operator()(const FunctionDeclaration& function) {
    Line(fmt::format("fn {}{} -> {} = {}", function.name.text, Show(function.parameters),
                     function.result ? Show(*function.result) : "-", Show(function.body)));
  }
  void operator()(const DefaultDeclaration& each) {
    Line(fmt::format("default {} = {}", each.name.text, Show(each.value)));
  }
  void operator()(const ObjectDeclaration& object) {
    Line(fmt::format("object {} {}", Named(object.name), Show(object.value)));
  }
  void operator()(const Service& service) { Body("service " + Named(service.name), service.items); }
  void operator()(const Route& route) { Body("route " + Named(route.name), route.items); }
  void operator()(const Gate& gate) {
    Body(fmt::format("gate {}{}{}", gate.name.text, Show(gate.parameters), gate.alias ? " = " + Show(gate.alias) : ""),
         gate.items);
  }
  void operator()(const Router& router) { Body("router " + router.name.text + Show(router.parameters), router.items); }
  void operator()(const Provider& provider) {
    Body("provider " + provider.name.text + Show(provider.parameters), provider.requires_);
    ++level_;
    for (const ProviderFunction& function : provider.functions) {
      Body(fmt::format("fn {}{} -> {}", function.name.text, Show(function.parameters), Show(function.result)),
           function.items);
    }
    --level_;
  }
  void operator()(const Dialect& dialect) {
    Body("dialect " + dialect.name.text + Show(dialect.parameters), std::vector<Later>());
    ++level_;
    for (const FunctionDeclaration& function : dialect.functions) {
      (*this)(function);
    }
    --level_;
  }
  void operator()(const Channel& channel) {
    Body(fmt::format("channel {}{}{}", channel.name.text, Show(channel.parameters),
                     channel.alias ? " = " + Show(channel.alias) : ""),
         channel.items);
  }
  void operator()(const Rollout& rollout) { Body("rollout " + Named(rollout.name), rollout.items); }
  void operator()(const Strategy& strategy) {
    Body("strategy " + strategy.name.text + Show(strategy.parameters), strategy.items);
  }

  void operator()(const ServiceClause& clause) {
    Line(clause.word.text + " " + Show(clause.value) + (clause.to ? " to " + Show(clause.to) : ""));
  }
  void operator()(const PortClause& port) { Line("port " + port.name.text + " " + Show(port.number)); }
  void operator()(const ProbeClause& probe) {
    Line(fmt::format("probe {} {} {} on {} every {} timeout {} after {}", static_cast<int>(probe.purpose),
                     static_cast<int>(probe.means), Show(probe.target), probe.port ? probe.port->text : "-",
                     Show(probe.every), Show(probe.timeout), Show(probe.after)));
  }
  void operator()(const AutoscalerClause& clause) {
    Line(fmt::format("{} {} to {} at {} {}", clause.word.text, Show(clause.least), Show(clause.most),
                     clause.resource.text, Show(clause.use)));
  }
  void operator()(const EnvClause& env) { Line("env " + Show(env.value)); }
  void operator()(const ConfigClause& config) { Line("config " + Show(config.path) + " from " + Show(config.from)); }
  void operator()(const FromClause& from) {
    Line("from " + Show(from.files) + (from.workload == nullptr ? "" : " workload " + Show(from.workload)));
  }
  void operator()(const PatchClause& patch) { Line("patch " + patch.kind.text + " " + Show(patch.value)); }
  void operator()(const RouteClause& clause) { Line(clause.word.text + " " + Show(clause.value)); }
  void operator()(const ViaClause& via) { Line("via " + Show(via.router)); }

  void operator()(const MeasureClause& measure) {
    Line(fmt::format("measure {} = {} as {}", measure.name ? measure.name->text : "-", Show(measure.value),
                     measure.as ? measure.as->text : "-"));
  }
  void operator()(const GateConditionClause& clause) {
    const bool pass = clause.outcome == GateConditionClause::Outcome::kPass;
    Line(std::string(pass ? "pass" : "fail") + " when " + Show(clause.condition));
  }
  void operator()(const GateTimeClause& clause) {
    Line(std::string(clause.word == GateTimeClause::Word::kWindow ? "window " : "every ") + Show(clause.value));
  }
  void operator()(const FailAfterClause& clause) {
    Line("fail after " + Show(clause.count) + " of " + Show(clause.of));
  }
  void operator()(const MissingClause& clause) {
    Line(std::string(clause.what == MissingClause::What::kNoData ? "no-data" : "error") + " for " +
         Show(clause.duration) + Show(std::optional<Else>(clause.otherwise)));
  }
  void operator()(const KeepClause& keep) {
    Line(fmt::format("keep {}: {} = {} then {}", keep.name.text, Show(keep.type), Show(keep.initial), Show(keep.next)));
  }
  void operator()(const SupportsClause& supports) {
    for (const Support& each : supports.supports) {
      Line("supports " + Show(each.words) + " by " + Show(each.by));
    }
  }
  void operator()(const RouterObjectClause& object) {
    Line(fmt::format("object {} when {} {}", object.name.text, Show(object.condition), Show(object.value)));
  }
  void operator()(const SettledClause& settled) {
    Line("settled when " + Show(settled.condition) + " after " + Show(settled.after));
  }
  void operator()(const LagClause& lag) { Line("lag " + Show(lag.value)); }
  void operator()(const SharesClause& shares) { Line("shares by " + shares.by.text); }
  void operator()(const AddressClause& address) { Line("address " + address.of.text); }
  void operator()(const Request& request) {
    Body("request " + request.method.text + " " + Show(request.url), request.items);
  }
  void operator()(const HeaderClause& header) { Line("header " + Show(header.name) + " " + Show(header.value)); }
  void operator()(const RequestClause& clause) { Line(clause.word.text + " " + Show(clause.value)); }
  void operator()(const BasicClause& basic) { Line("basic " + Show(basic.user) + " " + Show(basic.password)); }
  void operator()(const ReadingClause& reading) {
    static constexpr const char* kWords[] = {"no-data when", "error when", "value", "at"};
    Line(std::string(kWords[static_cast<int>(reading.what)]) + " " + Show(reading.value));
  }

  void operator()(const RolloutClause& clause) { Line(clause.word.text + " " + Show(clause.value)); }
  void operator()(const CapacityClause& capacity) { Line("capacity " + capacity.what.text); }
  void operator()(const DeadlineClause& deadline) {
    Line("deadline " + Show(deadline.value) + Show(deadline.otherwise));
  }
  void operator()(const KeepPreviousClause& keep) { Line("keep previous for " + Show(keep.value)); }
  void operator()(const FastTrackClause& clause) { Line("fast-track rollbacks within " + Show(clause.revisions)); }
  void operator()(const OnClause& on) {
    Body(
        std::string("on ") + (on.event == OnClause::Event::kFailure ? "failure" : "success") + (on.hold ? " hold" : ""),
        on.verbs);
  }
  void operator()(const OnRemovalClause& clause) { Line("on removal " + clause.what.text); }
  void operator()(const Step& step) {
    std::string after;
    if (step.after) {
      after = " after";
      for (const StepReference& each : *step.after) {
        after += " " + each.name.text + (each.index ? "[" + Show(each.index) + "]" : "");
      }
    }
    Body("step " + step.name.text + Show(step.repetitions) + after + Show(step.annotations), step.verbs);
  }

  void operator()(const TestDeclaration& test) { Body("test " + Named(test.name), test.items); }
  void operator()(const Simulation& simulation) {
    Body("simulate " + Named(simulation.rollout) + (simulation.as ? " as " + simulation.as->text : ""),
         simulation.items);
  }
  void operator()(const Expectation& expectation) {
    static constexpr const char* kOver[] = {"", "always ", "never ", "eventually "};
    Line(std::string("expect ") + kOver[static_cast<int>(expectation.over)] + Show(expectation.condition));
  }
  void operator()(const ScenarioClause& clause) { Line(clause.word.text + " " + Show(clause.value)); }
  void operator()(const NoStableClause&) { Line("stable none"); }
  void operator()(const AnswerClause& clause) {
    Line("metrics " + Show(clause.address) + " " + (clause.what ? clause.what->text : Show(clause.answer)) +
         Show(clause.times));
  }
  void operator()(const StartsClause& starts) { Line("starts " + Show(starts.date) + " " + Show(starts.clock)); }
  void operator()(const PodsClause& pods) {
    Line(fmt::format("{} {} {}{}{}", pods.whose.text, pods.what.text, Show(pods.setting),
                     pods.ramping ? " ramping" : "", Show(pods.times)));
  }
  void operator()(const OutageClause& outage) { Line(outage.of.text + " " + outage.what.text + Show(outage.times)); }
  void operator()(const LoadClause& load) { Line("load " + Show(load.per_second) + Show(load.times)); }
  void operator()(const PersonClause& person) {
    std::string step;
    if (person.step) {
      step = " " + person.step->name.text + (person.step->index ? "[" + Show(person.step->index) + "]" : "");
    }
    Line(fmt::format("{}{} by {}{}", person.verb.text, step, Show(person.group), Show(person.times)));
  }
  void operator()(const CommitClause& commit) { Line("commit " + commit.what.text + Show(commit.times)); }

  void operator()(const Verb& verb) {
    verb_ = &verb;
    std::visit(*this, verb.verb);
  }
  void operator()(const WeightVerb& weight) { VerbLine(Show(weight.share)); }
  void operator()(const ReplicasVerb& replicas) { VerbLine(Show(replicas.amount)); }
  void operator()(const MatchVerb& match) {
    std::string text;
    for (const MatchCondition& each : match.conditions) {
      text += fmt::format("{}({} {} {} {})", text.empty() ? "" : " ", static_cast<int>(each.what), Show(each.name),
                          static_cast<int>(each.test), Show(each.value));
    }
    VerbLine(text.empty() ? "none" : text);
  }
  void operator()(const MirrorVerb& mirror) { VerbLine(Show(mirror.share)); }
  void operator()(const HoldVerb& hold) {
    VerbLine(Show(hold.duration) + " while " + Show(hold.guard) + Show(hold.otherwise));
  }
  void operator()(const CheckVerb& check) {
    VerbLine(Show(check.gate) + " within " + Show(check.within) + Show(check.otherwise));
  }
  void operator()(const PauseVerb& pause) {
    VerbLine(fmt::format("by {} quorum {} within {}{}", Show(pause.approver), Show(pause.quorum), Show(pause.within),
                         Show(pause.otherwise)));
  }
  void operator()(const RunVerb& run) {
    VerbLine(
        fmt::format("{} within {} retry {}{}", Show(run.job), Show(run.within), Show(run.retry), Show(run.otherwise)));
  }
  void operator()(const NotifyVerb& notify) { VerbLine(Show(notify.channel) + " " + Show(notify.message)); }
  void operator()(const PromoteVerb&) { VerbLine(""); }
  void operator()(const RollbackVerb&) { VerbLine(""); }

  void Line(const std::string& line) { text_ += std::string(static_cast<std::size_t>(level_) * 2, ' ') + line + "\n"; }

 private:
  void VerbLine(const std::string& line) {
    Line(verb_->word.text + (line.empty() ? "" : " ") + line + (verb_->as ? " as " + verb_->as->text : ""));
  }

  template <typename Item>
  void One(const Item& item) {
    (*this)(item);
  }
  template <typename... Items>
  void One(const std::variant<Items...>& item) {
    std::visit(*this, item);
  }
  template <typename Item>
  void Body(const std::string& head, const std::vector<Item>& items) {
    Line(head);
    ++level_;
    for (const Item& item : items) {
      One(item);
    }
    --level_;
  }

  std::string text_;
  int level_ = 0;
  const Verb* verb_ = nullptr;
};

}  // namespace

std::string Print(const PlanFile& plan) {
  Printer printer;
  for (const Import& import : plan.imports) {
    printer(import);
  }
  for (const Declaration& each : plan.declarations) {
    if (!each.doc.empty()) {
      printer.Line("/// " + each.doc);
    }
    const std::string head = Show(each.annotations) + Show(each.repetitions);
    if (!head.empty()) {
      printer.Line("with" + head);
    }
    std::visit(printer, each.declaration);
  }
  return printer.Take();
}

}  // namespace sluice::syntax
