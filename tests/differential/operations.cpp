#include "tests/differential/operations.h"

#include <algorithm>
#include <functional>

#include <fmt/format.h>

#include "tests/differential/contents.h"

namespace sluice::cluster {
namespace {

constexpr const char* kManagers[] = {"left", "right", "third"};
constexpr const char* kNames[] = {"a", "b"};

const char* Name(Verb verb) {
  switch (verb) {
    case Verb::kCreate:
      return "create";
    case Verb::kApply:
      return "apply";
    case Verb::kForce:
      return "force";
    case Verb::kReplace:
      return "replace";
    case Verb::kReplaceBlindly:
      return "replace blindly";
    case Verb::kStatus:
      return "status";
    case Verb::kDelete:
      return "delete";
    case Verb::kDeleteForeground:
      return "delete in the foreground";
    case Verb::kGet:
      return "get";
    case Verb::kList:
      return "list";
  }
  return "";
}

const char* Name(Which which) {
  constexpr const char* kWords[] = {"none", "last", "first", "never"};
  return kWords[static_cast<int>(which)];
}

Verb AnyVerb(Dice& dice) {
  constexpr Verb kVerbs[] = {Verb::kCreate,  Verb::kCreate,  Verb::kApply,          Verb::kApply,
                             Verb::kApply,   Verb::kApply,   Verb::kForce,          Verb::kForce,
                             Verb::kReplace, Verb::kReplace, Verb::kReplaceBlindly, Verb::kStatus,
                             Verb::kDelete,  Verb::kGet,     Verb::kList,           Verb::kDeleteForeground};
  return dice.Of(kVerbs);
}

Which AnyWhich(Dice& dice, Which mostly) {
  constexpr Which kAll[] = {Which::kNone, Which::kLast, Which::kFirst, Which::kNever};
  return dice.OneIn(5) ? dice.Of(kAll) : mostly;
}

// A PUT through the port names a version.
Which Named(Which which) { return which == Which::kNone ? Which::kLast : which; }

LabelSelector AnyLabels(Dice& dice) {
  LabelSelector labels;
  if (dice.OneIn(3)) return labels;
  labels["app"] = dice.OneIn(3) ? std::nullopt : std::optional<std::string>(dice.OneIn(2) ? "x" : "y");
  if (dice.OneIn(4)) labels["team"] = std::nullopt;
  return labels;
}

Operation AnyOperation(Dice& dice, const std::vector<Kind>& kinds) {
  Operation operation;
  operation.verb = AnyVerb(dice);
  operation.kind = dice.Of(kinds);
  operation.name = dice.Of(kNames);
  operation.manager = dice.Of(kManagers);
  // A ConfigMap has no status, that of a Service says nothing of its own, and a Service is made by a PUT.
  const bool stateless = operation.kind == kConfigMaps || operation.kind == kServices;
  if (operation.verb == Verb::kStatus && stateless) operation.verb = Verb::kGet;
  if (operation.verb == Verb::kReplaceBlindly && operation.kind == kServices) operation.verb = Verb::kReplace;
  switch (operation.verb) {
    case Verb::kCreate:
      operation.content = AnyContent(dice, operation.kind, true);
      break;
    case Verb::kApply:
    case Verb::kForce:
      operation.content = AnyContent(dice, operation.kind, operation.kind == kRolloutObjects || !dice.OneIn(3));
      operation.uid = AnyWhich(dice, Which::kNone);
      operation.version = AnyWhich(dice, Which::kNone);
      break;
    case Verb::kReplace:
      operation.content = AnyContent(dice, operation.kind, dice.OneIn(2));
      break;
    case Verb::kReplaceBlindly:
      operation.content = AnyContent(dice, operation.kind, true);
      operation.uid = AnyWhich(dice, Which::kNone);
      operation.version = Named(AnyWhich(dice, Which::kLast));
      break;
    case Verb::kStatus:
      operation.content = {{"status", AnyStatus(dice, operation.kind)}};
      operation.uid = Named(AnyWhich(dice, Which::kLast));
      operation.version = Named(AnyWhich(dice, Which::kLast));
      break;
    case Verb::kDelete:
    case Verb::kDeleteForeground:
      operation.uid = dice.OneIn(5) ? dice.Of(std::vector{Which::kFirst, Which::kNever}) : Which::kLast;
      operation.version = AnyWhich(dice, Which::kNone);
      break;
    case Verb::kList:
      operation.labels = AnyLabels(dice);
      break;
    case Verb::kGet:
      break;
  }
  return operation;
}

}  // namespace

std::string ToString(const Operation& operation) {
  if (operation.verb == Verb::kList) {
    std::string labels;
    for (const auto& [label, value] : operation.labels) {
      labels += fmt::format(" {}{}", label, value ? "=" + *value : "");
    }
    return fmt::format("list {}{}", operation.kind.kind, labels);
  }
  std::string text = fmt::format("{} {} {}", Name(operation.verb), operation.kind.kind, operation.name);
  if (!operation.content.empty()) text += fmt::format(" by {}", operation.manager);
  if (operation.uid != Which::kNone) text += fmt::format(", uid {}", Name(operation.uid));
  if (operation.version != Which::kNone) text += fmt::format(", version {}", Name(operation.version));
  if (!operation.content.empty()) text += ": " + operation.content.dump();
  return text;
}

std::vector<Kind> KindsOfOperations() {
  return {kConfigMaps, kServices, kDeployments, kStatefulSets, kJobs, kAutoscalers, kBudgets, kRolloutObjects};
}

Operations AnyOperations(std::uint64_t seed) {
  Dice dice(seed);
  std::vector<Kind> kinds;
  for (int i = 1 + dice.Below(2); i >= 0; --i) kinds.push_back(dice.Of(KindsOfOperations()));
  Operations operations;
  for (int i = 0; i < 24; ++i) operations.push_back(AnyOperation(dice, kinds));
  return operations;
}

Operations Fewest(Operations operations, const std::function<bool(const Operations&)>& fails) {
  for (std::size_t pieces = 2; operations.size() > 1 && pieces <= operations.size();) {
    const std::size_t size = (operations.size() + pieces - 1) / pieces;
    bool found = false;
    for (std::size_t begin = 0; begin < operations.size() && !found; begin += size) {
      Operations rest = operations;
      rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(begin),
                 rest.begin() + static_cast<std::ptrdiff_t>(std::min(begin + size, operations.size())));
      if (!fails(rest)) continue;
      operations = std::move(rest);
      found = true;
    }
    if (found) {
      pieces = std::max<std::size_t>(2, pieces - 1);
    } else if (size == 1) {
      break;
    } else {
      pieces = std::min(operations.size(), pieces * 2);
    }
  }
  return operations;
}

}  // namespace sluice::cluster
