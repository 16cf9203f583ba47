// A plan file as it was written: owned values, no reference to the parser or to other files.
//
// Every node carries the span of its text. A part that did not parse is a `Poisoned` expression or is
// left out after its diagnostic; nothing later reports it again.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "compiler/syntax/ast_library.h"
#include "compiler/syntax/ast_rollout.h"
#include "compiler/syntax/ast_service.h"
#include "compiler/syntax/ast_test.h"

namespace sluice::syntax {

struct Declaration {
  std::variant<LetDeclaration, FunctionDeclaration, DefaultDeclaration, Service, Route, ObjectDeclaration, Gate, Router,
               Provider, Dialect, Channel, Rollout, Strategy, TestDeclaration, Later>
      declaration;
  std::vector<Repetition> repetitions;
  std::vector<Annotation> annotations;
  std::string doc;  // the text of its `///` lines
  Span keyword;     // `service`
  Span span;        // from keyword to the closing brace
};

struct Import {
  std::vector<Name> path;  // std, gates
  Span span;
};

struct PlanFile {
  source::FileId file = source::FileId::kNone;
  std::vector<Import> imports;
  std::vector<Declaration> declarations;
};

}  // namespace sluice::syntax
