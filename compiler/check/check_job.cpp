#include "compiler/check/check_job.h"

#include <map>

#include <fmt/format.h>

#include "compiler/check/container.h"

namespace sluice::check {
namespace {

using diagnostics::Safety;

// What a residual may come to that is no text: "a secret"; "" if it is one. Only what shows in its form.
std::string_view WhyNoText(const graph::Expression& value) {
  using graph::Operation;
  switch (value.operation) {
    case Operation::kLiteral:
      return value.literal.as_string() != nullptr || value.literal.as_quantity() != nullptr ||
                     value.literal.as_bool() != nullptr
                 ? ""
                 : value.literal.KindName();
    case Operation::kList:
      return "a list";
    case Operation::kMap:
      return "a map";
    case Operation::kIf:
      for (std::size_t branch : {1U, 2U}) {
        if (const std::string_view fault = WhyNoText(*value.operands.at(branch)); !fault.empty()) {
          return fault;
        }
      }
      return "";
    default:
      return "";
  }
}

class JobBody {
 public:
  JobBody(const JobHandle& handle, const Reader& reader) : handle_(handle), reader_(reader.In(handle.scope())) {}

  std::optional<Job> Read() {
    for (const syntax::JobItem& item : handle_.job().items) {
      if (Once(item)) {
        Item(item);
      }
    }
    if (seen_.count("image") == 0 && !reader_.checker().Broken(handle_.span())) {
      const Span brace{handle_.span().file, handle_.span().end - 1, handle_.span().end - 1};
      reader_.context()
          .Report(diagnostics::kMissingClause, handle_.span(), "a job has no `image`")
          .Fix("add `image \"REGISTRY/NAME:TAG\"`", Safety::kPlaceholder, brace, " image \"REGISTRY/NAME:TAG\" ");
    }
    return well_ && job_.image != nullptr ? std::optional(std::move(job_)) : std::nullopt;
  }

 private:
  bool Once(const syntax::JobItem& item) {
    const auto [first, added] = seen_.try_emplace(item.word.text, item.word.span);
    if (!added) {
      reader_.context()
          .Report(diagnostics::kDuplicateClause, item.word.span, fmt::format("a job has a second `{}`", item.word.text))
          .Label(first->second, "the first one")
          .Emit();
      well_ = false;
    }
    return added;
  }

  void Item(const syntax::JobItem& item) {
    const std::string& word = item.word.text;
    const std::string what = "`" + word + "`";
    if (word == "image") {
      Image(item.value);
    } else if (word == "command" || word == "args") {
      graph::ExpressionPtr& part = word == "command" ? job_.command : job_.args;
      part = reader_.Residual(item.value, JobItemType(word), what);
      well_ = well_ && part != nullptr;
    } else if (word == "env") {
      Env(item.value);
    } else if (word == "cpu") {
      job_.cpu = ReadCpu(item.value, reader_);
      well_ = well_ && job_.cpu;
    } else if (word == "memory") {
      job_.memory = ReadMemory(item.value, reader_);
      well_ = well_ && job_.memory;
    } else if (word == "timeout") {
      const std::optional<Duration> timeout = reader_.Time(item.value, what, Duration(1000));
      job_.timeout = timeout ? std::optional(Located<Duration>{*timeout, item.value->span}) : std::nullopt;
      well_ = well_ && timeout;
    } else if (word == "namespace") {
      // A Secret is read where its rollout lives, and nowhere else.
      reader_.context()
          .Report(diagnostics::kContradictingClauses, item.word.span,
                  "a rollout's job runs in the rollout's namespace, it can't have one of its own")
          .Emit();
      well_ = false;
    }
  }

  void Image(const syntax::ExpressionPtr& expression) {
    job_.image = reader_.Residual(expression, Type::Kind::kString, "`image`");
    if (job_.image != nullptr && job_.image->operation == graph::Operation::kLiteral) {
      if (const std::string* text = job_.image->literal.as_string()) {
        CheckImage(*text, expression->span, reader_);
      }
    }
  }

  void Env(const syntax::ExpressionPtr& expression) {
    const graph::ExpressionPtr env = reader_.Residual(expression, JobItemType("env"), "`env`");
    const auto entries = env == nullptr ? std::nullopt : EntriesOf(*env);
    if (env != nullptr && !entries) {
      reader_.Report(diagnostics::kWrongClauseValue, expression->span,
                     "the names in `env` are not known before the rollout runs");
    }
    well_ = well_ && entries;
    if (!entries) {
      return;
    }
    for (const auto& [name, value] : *entries) {
      const Span span = SpanOfKey(*expression, name);
      const bool known = value->operation == graph::Operation::kLiteral;
      if (known ? CheckVariable(name, value->literal, span, reader_) : CheckResidual(name, *value, span)) {
        job_.env.emplace_back(name, value);
      }
    }
  }

  bool CheckResidual(const std::string& name, const graph::Expression& value, Span span) {
    const std::string_view fault = WhyNoText(value);
    // Its name is checked with a text that may stand there.
    if (!CheckVariable(name, graph::Value(""), span, reader_) || !fault.empty()) {
      reader_.Report(diagnostics::kWrongClauseValue, span,
                     fmt::format("environment variable `{}` may come to {}, it must be text", name, fault));
      well_ = false;
    }
    return well_;
  }

  const JobHandle& handle_;
  const Reader reader_;
  std::map<std::string, Span> seen_;
  Job job_;
  bool well_ = true;
};

}  // namespace

const Type& JobItemType(std::string_view word) {
  static const std::map<std::string_view, Type> kTypes = {
      {"image", Type::Kind::kString},
      {"command", Type::List(Type::Kind::kString)},
      {"args", Type::List(Type::Kind::kString)},
      {"env", Type::Map(Type::Kind::kAny)},
      {"cpu", Type::Kind::kDecimal},
      {"memory", Type::Kind::kBytes},
      {"namespace", Type::Kind::kString},
      {"timeout", Type::Kind::kDuration},
  };
  static const Type kOther = Type::Kind::kAny;
  const auto found = kTypes.find(word);
  return found == kTypes.end() ? kOther : found->second;
}

std::optional<Job> ReadJob(const JobHandle& handle, const Reader& reader) { return JobBody(handle, reader).Read(); }

}  // namespace sluice::check
