#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "compiler/check/checker.h"
#include "compiler/check/field_spans.h"
#include "compiler/check/words.h"

namespace sluice::check {
namespace {

bool Among(const std::string& word, const std::vector<std::string>& words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

class RouterBody {
 public:
  RouterBody(const Declared& declared, const ScopePtr& scope, Span site, Checker& checker, RouterInstance& instance)
      : declared_(declared), reader_(checker, scope, site), clauses_(checker, declared), instance_(instance) {
    auto around = std::make_shared<Scope>(scope);
    around->AddRoot("route", RouteType());
    around->AddRoot("service", ServiceType());
    auto splitting = std::make_shared<Scope>(around);
    splitting->AddRoot("split", SplitType());
    splitting_ = std::move(splitting);
    auto settling = std::make_shared<Scope>(around);
    settling->AddRoot("object", Type::Kind::kJson);
    settling->AddRoot("candidate", RoutedRevisionType());
    settling->AddRoot("stable", RoutedRevisionType());
    settling_ = std::move(settling);
  }

  void operator()(const syntax::SupportsClause& clause);
  void operator()(const syntax::RouterObjectClause& clause);
  void operator()(const syntax::SettledClause& clause);
  void operator()(const syntax::LagClause& clause);
  void operator()(const syntax::SharesClause& clause);
  void operator()(const syntax::AddressClause& clause);
  void operator()(const syntax::Require& require) {
    CheckRequire(require, reader_.scope(), reader_.site(), reader_.context());
  }
  void operator()(const syntax::Later& later) {
    ReportLater(later, reader_.context());
    later_ = true;
  }
  void Finish();

 private:
  void Support(const syntax::Support& support);
  void UnknownWord(const syntax::Name& word, std::string_view clause, const std::vector<std::string>& known) {
    ReportUnknownWord(word, clause, known, reader_.context());
  }

  const Declared& declared_;
  Reader reader_;
  Clauses clauses_;
  RouterInstance& instance_;
  ScopePtr splitting_, settling_;
  std::set<std::string> objects_;
  Span shares_span_, first_object_span_;
  bool later_ = false;  // a clause that is not carried out may be what stands for the objects
};

void RouterBody::Support(const syntax::Support& support) {
  if (support.words.empty()) {
    return;
  }
  Supports& supports = instance_.supports;
  const std::string& word = support.words.front().text;
  // A share of 0 would divide by it; more than all of the traffic is no share.
  const Number least = Number::Ratio(1, 1'000'000);
  std::optional<Number> by =
      support.by ? reader_.Percent(support.by, fmt::format("`{} by`", word), least, Number(1)) : std::nullopt;
  if (word == "weight") {
    supports.weight = true;
    supports.weight_by = by.value_or(Number(0));
  } else if (word == "mirror") {
    supports.mirror = true;
    supports.mirror_by = by.value_or(Number(0));
  } else if (word == "preview") {
    supports.preview = true;
  } else if (word == "match" && support.words.size() == 3) {
    supports.matches.emplace_back(support.words[1].text, support.words[2].text);
  } else if (word == "sticky") {
    ReportLater({"`supports sticky`", support.span}, reader_.context());
  }
}

void RouterBody::operator()(const syntax::SupportsClause& clause) {
  if (!clauses_.Once("supports", clause.span)) {
    return;
  }
  instance_.supports.span = clause.span;
  for (const syntax::Support& support : clause.supports) {
    Support(support);
  }
}

// Whether the map has the field, as far as it can be seen before the cluster evaluates it.
bool LacksField(const graph::Expression& map, std::string_view field) {
  using graph::Operation;
  if (map.operation == Operation::kLiteral) {
    return map.literal.as_map() != nullptr && map.literal.Field(field).is_none();
  }
  if (map.operation != Operation::kMap) {
    return false;
  }
  for (std::size_t i = 0; i + 1 < map.operands.size(); i += 2) {
    const graph::Expression& key = *map.operands[i];
    if (key.operation != Operation::kLiteral || (key.literal.as_string() && *key.literal.as_string() == field)) {
      return false;
    }
  }
  return true;
}

void RouterBody::operator()(const syntax::RouterObjectClause& clause) {
  first_object_span_ = first_object_span_.known() ? first_object_span_ : clause.name.span;
  if (!objects_.insert(clause.name.text).second) {
    reader_.context()
        .Report(diagnostics::kDuplicateClause, clause.name.span,
                fmt::format("router `{}` has two objects of the name `{}`", declared_.name, clause.name.text))
        .Emit();
    return;
  }
  const Reader inner = reader_.In(splitting_);
  graph::RouterObject object;
  object.name = clause.name.text;
  if (clause.condition) {
    object.when = inner.Residual(clause.condition, Type::Kind::kBool, "`when`");
  }
  object.manifest = inner.Residual(clause.value, Type::Kind::kJson, "an object");
  if (!object.manifest) {
    return;
  }
  for (const char* field : {"apiVersion", "kind", "metadata"}) {
    if (LacksField(*object.manifest, field)) {
      reader_.context()
          .Report(diagnostics::kIncompleteObject, clause.name.span,
                  fmt::format("object `{}` has no `{}`", object.name, field))
          .Emit();
    }
  }
  instance_.fields[object.name] = FieldSpans(*clause.value);
  instance_.router.objects.push_back(std::move(object));
}

void RouterBody::operator()(const syntax::SettledClause& clause) {
  if (!clauses_.Once("settled", clause.span)) {
    return;
  }
  const Reader inner = reader_.In(settling_);
  if (clause.condition) {
    instance_.router.settled_when = inner.Residual(clause.condition, Type::Kind::kBool, "`settled when`");
  }
  if (clause.after) {
    instance_.router.settled_after = reader_.Time(clause.after, "`settled after`", Duration(0)).value_or(Duration(0));
  }
}

void RouterBody::operator()(const syntax::LagClause& clause) {
  if (clauses_.Once("lag", clause.span)) {
    instance_.router.lag = reader_.Time(clause.value, "`lag`", Duration(0)).value_or(instance_.router.lag);
  }
}

void RouterBody::operator()(const syntax::SharesClause& clause) {
  if (!clauses_.Once("shares", clause.span)) {
    return;
  }
  shares_span_ = clause.span;
  if (clause.by.text != "pods") {
    UnknownWord(clause.by, "shares by", {"pods"});
    return;
  }
  instance_.router.shares_by_pods = true;
}

void RouterBody::operator()(const syntax::AddressClause& clause) {
  if (!clauses_.Once("address", clause.span)) {
    return;
  }
  using Address = graph::Router::Address;
  const std::string& of = clause.of.text;
  if (!Among(of, {"stable", "pods", "router"})) {
    UnknownWord(clause.of, "address", {"stable", "pods", "router"});
    return;
  }
  instance_.router.address = of == "pods" ? Address::kPods : of == "router" ? Address::kRouter : Address::kStable;
}

void RouterBody::Finish() {
  clauses_.Missing("supports", "supports weight by 1%");
  if (shares_span_.known() && first_object_span_.known()) {
    reader_.context()
        .Report(diagnostics::kContradictingClauses, first_object_span_,
                fmt::format("router `{}` writes objects, and its shares are made by pods", declared_.name))
        .Label(shares_span_, "no object takes part in these")
        .Emit();
  }
  if (first_object_span_.known()) {
    clauses_.Missing("settled", "settled after 5s", diagnostics::kNeverSettles);
  } else if (!shares_span_.known() && !later_ && !reader_.checker().Broken(declared_.syntax->span)) {
    reader_.context()
        .Report(diagnostics::kMissingClause, declared_.name_span,
                fmt::format("router `{}` has no `object` and no `shares by pods`", declared_.name))
        .Emit();
  }
}

}  // namespace

Made MakeRouter(const Declared& declared, const ScopePtr& scope, Span site, Checker& checker) {
  auto instance = std::make_shared<RouterInstance>();
  instance->router.name = declared.name;
  instance->declaration = declared.name_span;
  instance->span = site.known() ? site : declared.name_span;
  RouterBody body(declared, scope, site, checker, *instance);
  for (const syntax::RouterItem& item : declared.as<syntax::Router>().items) {
    std::visit(body, item);
  }
  body.Finish();
  return graph::Value(std::shared_ptr<const graph::Handle>(std::make_shared<RouterHandle>(std::move(instance))));
}

}  // namespace sluice::check
