#include "compiler/check/manifest_files.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "compiler/check/data.h"
#include "compiler/check/named_pattern.h"
#include "compiler/kubernetes/yaml.h"

namespace sluice::check {
namespace {

using graph::Map;
using graph::Value;

constexpr std::size_t kMaxYamlBytes = 1024 * 1024;

// Without what an API server adds to an object that is read from it.
Value WithoutServerFields(const Value& object) {
  Map whole = *object.as_map();
  whole.Erase("status");
  if (const Map* found = whole.Find("metadata") == nullptr ? nullptr : whole.Find("metadata")->as_map()) {
    Map metadata = *found;
    for (const char* field :
         {"creationTimestamp", "generation", "managedFields", "resourceVersion", "selfLink", "uid"}) {
      metadata.Erase(field);
    }
    whole.Set("metadata", Value(std::move(metadata)));
  }
  return WithoutUnits(Value(std::move(whole)));
}

// Reads YAML files into Checker::yaml_objects and gives what there is in them.
class YamlFiles {
 public:
  YamlFiles(const Reader& reader, Span span) : reader_(reader), span_(span) {}

  // False: reported.
  bool Read(const source::Entry& entry) {
    if (!CheckIsFile(entry, span_, reader_)) {
      return false;
    }
    const Result<source::FileId> file = reader_.checker().named_files.ReadSource(entry.path, kMaxYamlBytes);
    if (!file) {
      reader_.Report(diagnostics::kUnreadableTree, span_,
                     fmt::format("the file `{}` cannot be read: {}", entry.path, file.error().message));
      return false;
    }
    file_ = *file;
    const kubernetes::YamlParse parse = kubernetes::ReadYaml(reader_.context().sources().file(file_).text());
    bool well = true;
    for (const kubernetes::YamlDocument& document : parse.documents) {
      well = document.value.is_none() || Add(document) ? well : false;
    }
    if (parse.fault) {
      reader_.Report(diagnostics::kInvalidYaml, At(parse.fault->at, parse.fault->at + 1), parse.fault->message);
    }
    return well && !parse.fault;
  }

  const std::vector<Checker::YamlObject*>& objects() const { return objects_; }

 private:
  Span At(std::size_t begin, std::size_t end) const {
    const std::size_t size = reader_.context().sources().file(file_).text().size();
    return {file_, static_cast<std::uint32_t>(std::min(begin, size)), static_cast<std::uint32_t>(std::min(end, size))};
  }

  bool Add(const kubernetes::YamlDocument& document) {
    const auto first = document.fields.empty() ? document.begin : document.fields.front().begin;
    const Span span = At(first, document.fields.empty() ? first + 1 : document.fields.front().end);
    const Value& value = document.value;
    if (value.as_map() == nullptr) {
      reader_.Report(diagnostics::kInvalidYaml, span,
                     "this is no object: a map with `apiVersion`, `kind` and `metadata`");
      return false;
    }
    for (const auto& [field, text] :
         {std::pair("apiVersion", TextAt(value, {"apiVersion"})), std::pair("kind", TextAt(value, {"kind"})),
          std::pair("metadata.name", TextAt(value, {"metadata", "name"}))}) {
      if (text.empty()) {
        const bool list = TextAt(value, {"kind"}) == "List";
        reader_.Report(diagnostics::kIncompleteObject, span, fmt::format("this object has no `{}`", field),
                       list ? "write the items of a `List` as documents of their own, with `---` in between" : "");
        return false;
      }
    }
    const auto [entry, added] = reader_.checker().yaml_objects.try_emplace({span.file, span.begin});
    if (added) {
      StaticObject& object = entry->second.object;
      object.name = fmt::format("{} {}", TextAt(value, {"kind"}), TextAt(value, {"metadata", "name"}));
      object.value = WithoutServerFields(value);
      object.span = object.value_span = span;
      for (const kubernetes::YamlDocument::Field& field : document.fields) {
        object.fields.push_back({field.pointer, At(field.begin, field.end)});
      }
    }
    objects_.push_back(&entry->second);
    return true;
  }

  const Reader& reader_;
  Span span_;
  source::FileId file_ = source::FileId::kNone;
  std::vector<Checker::YamlObject*> objects_;
};

}  // namespace

std::string TextAt(const graph::Value& object, std::initializer_list<std::string_view> path) {
  const graph::Value value = object.Path(path);
  return value.as_string() == nullptr ? std::string() : *value.as_string();
}

std::optional<std::vector<Checker::YamlObject*>> ReadManifests(const syntax::ExpressionPtr& pattern,
                                                               const Reader& reader) {
  const auto entries = FilesOf(pattern, "service", reader);
  if (!entries) {
    return std::nullopt;
  }
  YamlFiles files(reader, pattern->span);
  bool well = true;
  for (const source::Entry& entry : *entries) {
    well = files.Read(entry) && well;
  }
  return well ? std::optional(files.objects()) : std::nullopt;
}

}  // namespace sluice::check
