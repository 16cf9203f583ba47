#include "compiler/source/source_set.h"

#include <catch2/catch.hpp>

namespace sluice::source {

TEST_CASE("columns count code points and lines end at LF or CRLF") {
  const SourceFile file("a.plan", "grün x\r\nsecond\nthird");
  CHECK(file.PositionAt(0).column == 1);
  CHECK(file.PositionAt(6).column == 6);  // the x: five code points before it, six bytes
  CHECK(file.PositionAt(9).line == 2);
  CHECK(file.PositionAt(9).column == 1);
  CHECK(file.Line(1) == "grün x");
  CHECK(file.Line(3) == "third");
  CHECK(file.Line(4).empty());
  CHECK(file.line_count() == 3);
}

TEST_CASE("a byte order mark has no width") {
  const SourceFile file("a.plan", "\xEF\xBB\xBFlet x = 1");
  CHECK(file.PositionAt(3).column == 1);
  CHECK(file.PositionAt(7).column == 5);
  CHECK(file.Line(1) == "let x = 1");
}

TEST_CASE("an offset beyond the end is the end") {
  const SourceFile file("a.plan", "ab");
  CHECK(file.PositionAt(99).column == 3);
  CHECK(SourceFile("empty.plan", "").PositionAt(0).line == 1);
}

TEST_CASE("spans give their text") {
  SourceSet sources;
  const FileId id = sources.Add("a.plan", "let x = 1");
  CHECK(sources.Text(Span{id, 4, 5}) == "x");
  CHECK(sources.Text(Span{}).empty());
}

}  // namespace sluice::source
