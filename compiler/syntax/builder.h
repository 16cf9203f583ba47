// Makes the nodes of ast.h from a tree. What the grammar leaves open (which word an enumeration takes) is
// checked here; names, types and meaning are not.
#pragma once

#include <initializer_list>
#include <string>
#include <utility>

#include "compiler/syntax/file_parser.h"
#include "compiler/syntax/tree.h"

namespace sluice::syntax {

class AstBuilder {
 public:
  explicit AstBuilder(FileParser& file) : file_(file) {}

  // build_declaration.cpp
  void Chunk(const Part& chunk, PlanFile& plan);

  // build_expression.cpp; `part` void gives null, a part that is no expression a poisoned one.
  ExpressionPtr Expression(const Part& part);

 private:
  // builder.cpp: pieces that many constructs share
  Span SpanOf(const Part& part) const { return file_.At(part.begin(), part.end()); }
  std::string TextOf(const Part& part) const { return std::string(file_.TextOf(part.token())); }
  Name NameOf(const Part& part) const { return Name{TextOf(part), SpanOf(part)}; }
  // A keyword as the language spells it: what is misspelt was reported when the text was mended.
  Name WordOf(const Part& part) const { return Name{Spelling(part.token().type), SpanOf(part)}; }
  // The name child, by position; empty where there is none.
  Name NameChild(const Part& part, int position = 0) const;
  DeclaredName Declared(const Part& part);
  std::vector<Name> Variables(const Part& part) const;
  Repetition RepetitionOf(const Part& part);
  std::vector<Repetition> Repetitions(const Part& part);
  std::vector<Annotation> Annotations(const Part& part);
  std::vector<Argument> Arguments(const Part& part);
  TypeReference Type(const Part& part);
  std::vector<Parameter> Parameters(const Part& declaration);
  Require RequireOf(const Part& part);
  std::optional<Else> ElseOf(const Part& part);
  Later LaterOf(const Part& part, std::string feature) const { return Later{std::move(feature), SpanOf(part)}; }

  // One of a closed set of words; reports another one and gives the first.
  template <typename Value>
  Value OneOf(const Name& word, const char* what, std::initializer_list<std::pair<const char*, Value>> choices);
  void ReportUnknownWord(const Name& word, const char* what, const std::vector<std::string>& choices);

  // build_expression.cpp, build_string.cpp
  ExpressionPtr Node(const Part& part, decltype(syntax::Expression::node) node) const;
  ExpressionPtr Literal(const Part& part);
  ExpressionPtr Number(const Part& part);
  ExpressionPtr Date(const Part& part);
  ExpressionPtr Clock(const Part& part);
  ExpressionPtr String(const Part& part);
  ExpressionPtr Chain(const Part& part);
  ExpressionPtr Logic(const Part& part);
  ExpressionPtr Comparison(const Part& part);
  ExpressionPtr Postfix(const Part& part);
  ExpressionPtr List(const Part& part);
  ExpressionPtr Map(const Part& part);
  ExpressionPtr Job(const Part& part);
  syntax::Comprehension ComprehensionOf(const Part& part);
  ExpressionPtr Key(const Part& part);
  ExpressionPtr WordAsString(const Part& part);

  // build_declaration.cpp
  Declaration DeclarationOf(const Part& part);
  decltype(Declaration::declaration) Content(const Part& part);
  FunctionDeclaration Function(const Part& part);

  // build_service.cpp
  Service ServiceOf(const Part& part);
  ServiceItem ServiceItemOf(const Part& item);
  AutoscalerClause Autoscaler(const Part& item);
  ProbeClause Probe(const Part& item);
  Route RouteOf(const Part& part);

  // build_library.cpp
  Gate GateOf(const Part& part);
  GateItem GateItemOf(const Part& item);
  Router RouterOf(const Part& part);
  RouterItem RouterItemOf(const Part& item);
  SupportsClause Supports(const Part& item);
  Provider ProviderOf(const Part& part);
  std::vector<ProviderItem> Reading(const Part& body);
  ProviderItem ReadingItemOf(const Part& item);
  Request RequestOf(const Part& part);
  Dialect DialectOf(const Part& part);
  Channel ChannelOf(const Part& part);

  // build_rollout.cpp
  std::vector<RolloutItem> RolloutItems(const Part& body);
  RolloutItem RolloutItemOf(const Part& item);
  RolloutItem On(const Part& part);
  Step StepOf(const Part& part);
  Verb VerbOf(const Part& part);
  decltype(Verb::verb) VerbContent(const Part& part);
  MatchVerb Match(const Part& part);
  std::vector<Verb> Verbs(const Part& body);

  // build_test.cpp
  TestDeclaration TestOf(const Part& part);
  Expectation ExpectationOf(const Part& item);
  Simulation SimulationOf(const Part& item);
  SimulationItem SimulationItemOf(const Part& item);
  std::vector<Timing> Times(const Part& item);

  FileParser& file_;
};

template <typename Value>
Value AstBuilder::OneOf(const Name& word, const char* what,
                        std::initializer_list<std::pair<const char*, Value>> choices) {
  std::vector<std::string> names;
  for (const auto& [name, value] : choices) {
    if (word.text == name) {
      return value;
    }
    names.emplace_back(name);
  }
  ReportUnknownWord(word, what, names);
  return choices.begin()->second;
}

}  // namespace sluice::syntax
