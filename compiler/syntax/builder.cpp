#include "compiler/syntax/builder.h"

#include <fmt/format.h>

#include "compiler/base/text.h"

namespace sluice::syntax {

Name AstBuilder::NameChild(const Part& part, int position) const {
  for (Part child = part.FirstChild(); child; child = child.Next()) {
    if ((child.Is(rule::kName) || child.Is(rule::kWord)) && position-- == 0) {
      return NameOf(child);
    }
  }
  return Name{"", file_.At(part.begin(), part.begin())};
}

DeclaredName AstBuilder::Declared(const Part& part) {
  DeclaredName declared;
  if (!part) {
    return declared;
  }
  declared.span = SpanOf(part);
  const Part inner = part.FirstChild();
  declared.bare = inner.Is(rule::kName);
  declared.text = declared.bare ? WordAsString(inner) : String(inner);
  return declared;
}

std::vector<Name> AstBuilder::Variables(const Part& part) const {
  std::vector<Name> names;
  part.ForEach(rule::kName, [&](const Part& name) { names.push_back(NameOf(name)); });
  return names;
}

Repetition AstBuilder::RepetitionOf(const Part& part) {
  Repetition repetition;
  repetition.span = SpanOf(part);
  if (part.Has(token::FOR)) {
    repetition.clause = ForClause{Variables(part.Child(rule::kVariables)), Expression(part.Expression())};
  } else {
    repetition.clause = WhenClause{Expression(part.Expression())};
  }
  return repetition;
}

std::vector<Repetition> AstBuilder::Repetitions(const Part& part) {
  std::vector<Repetition> repetitions;
  part.ForEach(rule::kRepetition, [&](const Part& each) { repetitions.push_back(RepetitionOf(each)); });
  return repetitions;
}

std::vector<Annotation> AstBuilder::Annotations(const Part& part) {
  std::vector<Annotation> annotations;
  part.ForEach(rule::kAnnotation, [&](const Part& each) {
    annotations.push_back(Annotation{NameChild(each), Arguments(each.Child(rule::kArguments)), SpanOf(each)});
  });
  return annotations;
}

std::vector<Argument> AstBuilder::Arguments(const Part& part) {
  std::vector<Argument> arguments;
  part.ForEach(rule::kArgument, [&](const Part& each) {
    Argument argument;
    if (const Part label = each.Child(rule::kWord)) {
      argument.label = NameOf(label);
    }
    argument.value = Expression(each.Expression());
    arguments.push_back(std::move(argument));
  });
  return arguments;
}

TypeReference AstBuilder::Type(const Part& part) {
  TypeReference type;
  if (!part) {
    return type;
  }
  type.span = SpanOf(part);
  type.optional = part.Has(token::QUESTION);
  if (const Part record = part.Child(rule::kRecordType)) {
    record.ForEach(rule::kRecordField, [&](const Part& field) {
      type.fields.push_back({NameChild(field), Type(field.Child(rule::kTypeReference))});
    });
    return type;
  }
  type.name = NameOf(part.FirstChild());
  part.Child(rule::kTypeArguments).ForEach(rule::kTypeReference, [&](const Part& argument) {
    type.arguments.push_back(Type(argument));
  });
  return type;
}

std::vector<Parameter> AstBuilder::Parameters(const Part& declaration) {
  std::vector<Parameter> parameters;
  declaration.Child(rule::kParameters).ForEach(rule::kParameter, [&](const Part& each) {
    Parameter parameter;
    parameter.name = NameChild(each);
    parameter.type = Type(each.Child(rule::kTypeReference));
    if (const Part refinement = each.Child(rule::kRefinement)) {
      const Part low = refinement.Expression();
      parameter.refinement =
          Refinement{Expression(low), Expression(refinement.ExpressionBehind(token::DOTS)), SpanOf(refinement)};
    }
    parameter.default_value = Expression(each.ExpressionBehind(token::ASSIGN));
    parameters.push_back(std::move(parameter));
  });
  return parameters;
}

Require AstBuilder::RequireOf(const Part& part) {
  return Require{Expression(part.Expression()), Expression(part.ExpressionBehind(token::ELSE)), SpanOf(part)};
}

std::optional<Else> AstBuilder::ElseOf(const Part& part) {
  if (!part) {
    return std::nullopt;
  }
  const Action action = OneOf<Action>(NameChild(part), "an action behind `else`",
                                      {{"rollback", Action::kRollback},
                                       {"continue", Action::kContinue},
                                       {"hold", Action::kHold},
                                       {"fail", Action::kFail}});
  return Else{action, SpanOf(part)};
}

void AstBuilder::ReportUnknownWord(const Name& word, const char* what, const std::vector<std::string>& choices) {
  if (word.text.empty() || word.span.begin == word.span.end) {
    return;  // reported where it is missing
  }
  std::vector<std::string> quoted;
  for (const std::string& choice : choices) {
    quoted.push_back("`" + choice + "`");
  }
  const std::string all = JoinWords(quoted, "or");
  auto report = file_.Report(diagnostics::kUnknownWord, word.span, fmt::format("`{}` is not {}", word.text, what));
  report.At("expected " + all);
  const std::vector<std::string> similar = SimilarNames(word.text, choices);
  if (similar.size() == 1) {
    report.Fix("write `" + similar.front() + "`", diagnostics::Safety::kUncertain, word.span, similar.front());
  }
}

}  // namespace sluice::syntax
