// What is wrong with a plan, said once, in a form that every renderer prints.
//
// Messages: lower case first, no final period, code in backticks; they state what was observed, in the
// terms of the author. How to mend it stands in `fixes` and `notes`, never in the message.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "compiler/source/span.h"

namespace sluice::diagnostics {

enum class Level { kError, kWarning, kNote };

// One kind of diagnostic. All are declared in registry.def; none is made anywhere else.
struct Kind {
  const char* code;  // "SL1001", stable for ever
  const char* name;  // "unknown_name": states the bad thing
  Level level;
  const char* title;  // what it means in general, one line, for `explain` and the reference
};

#define SLUICE_DIAGNOSTIC(identifier, code, name, level, title) extern const Kind identifier;
#include "compiler/diagnostics/registry.def"
#undef SLUICE_DIAGNOSTIC

// Every kind, in the order of the registry.
const std::vector<const Kind*>& AllKinds();

// A further place that matters, with what it has to do with it.
struct Label {
  source::Span span;
  std::string text;
};

enum class Safety {
  kSafe,        // applied by `lint --fix`
  kUncertain,   // shown; a person decides
  kPlaceholder  // shown; a person must fill in
};

// Replaces the bytes of each span by its text; all edits or none.
struct Fix {
  std::string title;
  Safety safety = Safety::kUncertain;
  std::vector<std::pair<source::Span, std::string>> edits;
};

struct Diagnostic {
  const Kind* kind = nullptr;
  Level level = Level::kError;
  std::string message;
  source::Span span;      // where the author must change something
  std::string span_text;  // what the caret's line says: understandable alone; may be empty
  std::vector<Label> labels;
  std::vector<std::string> notes;  // context and arithmetic: "5% of 10 pods is 0.5 pods"
  std::vector<Fix> fixes;
};

class Emitter;

// Builds one diagnostic; it is handed over when the builder ends.
class [[nodiscard]] Builder {
 public:
  Builder(Emitter& emitter, Diagnostic diagnostic) : emitter_(&emitter), diagnostic_(std::move(diagnostic)) {}
  Builder(const Builder&) = delete;
  Builder& operator=(const Builder&) = delete;
  ~Builder();

  Builder& At(std::string span_text);
  Builder& Label(source::Span span, std::string text);
  Builder& Note(std::string text);
  Builder& Fix(std::string title, Safety safety, source::Span span, std::string replacement);
  Builder& Fix(diagnostics::Fix fix);
  void Emit() {}  // reads well at the end of a chain that ends the statement

 private:
  Emitter* emitter_;
  Diagnostic diagnostic_;
};

// Collects the diagnostics of a run. At most `kPerFile` of a file are kept; the cut is itself reported
// (SL9001). The same message of a kind at the same span is
// kept once.
class Emitter {
 public:
  static constexpr std::size_t kPerFile = 100;

  // `message` is complete and formatted (fmt::format at the call).
  Builder Report(const Kind& kind, source::Span span, std::string message);
  void Add(Diagnostic diagnostic);

  bool has_errors() const { return errors_ > 0; }
  std::size_t error_count() const { return errors_; }
  std::size_t warning_count() const { return warnings_; }

  // In the order of the files, within a file by position; the ones without a place first.
  std::vector<Diagnostic> Sorted() const;

 private:
  std::vector<Diagnostic> diagnostics_;
  std::set<std::tuple<const Kind*, source::FileId, std::uint32_t, std::uint32_t, std::string>> seen_;
  std::size_t errors_ = 0;
  std::size_t warnings_ = 0;
};

}  // namespace sluice::diagnostics
