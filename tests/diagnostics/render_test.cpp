#include "compiler/diagnostics/render.h"

#include <string>

#include <catch2/catch.hpp>

namespace sluice::diagnostics {
namespace {

constexpr Kind kSample{"SL2999", "sample_kind", Level::kError, "a sample"};

struct Fixture {
  source::SourceSet sources;
  Emitter emitter;
  source::FileId file =
      sources.Add("shop/checkout.plan",
                  "service checkout {\n  replicas 10\n}\nrollout checkout {\n\tstep first { weight 5% }\n}\n");
  source::Span Of(const std::string& text) const {
    const std::size_t at = sources.file(file).text().find(text);
    return source::Span{file, static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(at + text.size())};
  }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "text shows the line, its labels and the fix, with tabs as four columns") {
  emitter.Report(kSample, Of("5%"), "weight 5% of 10 replicas comes to 0 pods")
      .At("0.5 pods, rounded down to 0")
      .Label(Of("10"), "10 replicas declared here")
      .Note("this step would hold without sending any traffic to the new version")
      .Fix("use the smallest share that reaches a pod", Safety::kUncertain, Of("5%"), "10%");
  CHECK(RenderText(emitter.Sorted(), sources, false) ==
        "error[SL2999]: weight 5% of 10 replicas comes to 0 pods\n"
        " --> shop/checkout.plan:5:22\n"
        "  |\n"
        "2 |   replicas 10\n"
        "  |            -- 10 replicas declared here\n"
        "...\n"
        "5 |     step first { weight 5% }\n"
        "  |                         ^^ 0.5 pods, rounded down to 0\n"
        "  = note: this step would hold without sending any traffic to the new version\n"
        "help: use the smallest share that reaches a pod\n"
        "5 |     step first { weight 10% }\n"
        "\n");
}

TEST_CASE_METHOD(Fixture, "a fix that takes lines out shows which") {
  emitter.Report(kSample, Of("replicas 10"), "not needed").Fix("take it out", Safety::kSafe, Of("  replicas 10\n"), "");
  CHECK(RenderText(emitter.Sorted(), sources, false) ==
        "error[SL2999]: not needed\n"
        " --> shop/checkout.plan:2:3\n"
        "  |\n"
        "2 |   replicas 10\n"
        "  |   ^^^^^^^^^^^\n"
        "help: take it out\n"
        "2 -   replicas 10\n"
        "\n");
}

TEST_CASE_METHOD(Fixture, "of what has no text only the place is shown") {
  const source::FileId link = sources.Add("shop/link.plan", "");
  emitter.Report(kSample, source::Span{link, 0, 0}, "a link is not followed").Note("write its target here");
  CHECK(RenderText(emitter.Sorted(), sources, false) ==
        "error[SL2999]: a link is not followed\n"
        " --> shop/link.plan:1:1\n"
        "  = note: write its target here\n"
        "\n");
}

TEST_CASE_METHOD(Fixture, "short is one line that editors understand") {
  emitter.Report(kSample, Of("5%"), "weight 5% of 10 replicas comes to 0 pods").Emit();
  CHECK(RenderShort(emitter.Sorted(), sources, "plans/") ==
        "plans/shop/checkout.plan:5:22: error[SL2999]: weight 5% of 10 replicas comes to 0 pods [sample_kind]\n");
}

TEST_CASE_METHOD(Fixture, "json is one object a line with the documented keys in order") {
  emitter.Report(kSample, Of("5%"), "m \"quoted\"").Label(Of("10"), "here");
  CHECK(RenderJson(emitter.Sorted(), sources) ==
        R"({"code":"SL2999","name":"sample_kind","level":"error","message":"m \"quoted\"","file":"shop/checkout.plan",)"
        R"("line":5,"column":22,"end_line":5,"end_column":24,"labels":[{"file":"shop/checkout.plan","line":2,)"
        R"("column":12,"end_line":2,"end_column":14,"text":"here"}],"notes":[],"fixes":[]})"
        "\n");
}

TEST_CASE_METHOD(Fixture, "diagnostics come in the order of the source, each once") {
  emitter.Report(kSample, Of("5%"), "second").Emit();
  emitter.Report(kSample, Of("10"), "first").Emit();
  emitter.Report(kSample, Of("10"), "first").Emit();
  const auto sorted = emitter.Sorted();
  REQUIRE(sorted.size() == 2);
  CHECK(sorted[0].message == "first");
  CHECK(emitter.error_count() == 2);
}

TEST_CASE_METHOD(Fixture, "a file lists at most a hundred and says how many are left") {
  for (int i = 0; i < 130; ++i) {
    emitter.Report(kSample, Of("5%"), "mistake " + std::to_string(i)).Emit();
  }
  const auto sorted = emitter.Sorted();
  REQUIRE(sorted.size() == Emitter::kPerFile + 1);
  CHECK(sorted.back().message == "30 further diagnostics of this file are not listed");
  CHECK(emitter.error_count() == 130);
}

TEST_CASE_METHOD(Fixture, "colour is only added, never the only sign") {
  emitter.Report(kSample, Of("5%"), "m").At("here");
  const std::string coloured = RenderText(emitter.Sorted(), sources, true);
  CHECK(coloured.find("\033[") != std::string::npos);
  std::string plain;
  for (std::size_t i = 0; i < coloured.size(); ++i) {
    if (coloured[i] == '\033') {
      i = coloured.find('m', i);
    } else {
      plain += coloured[i];
    }
  }
  CHECK(plain == RenderText(emitter.Sorted(), sources, false));
}

}  // namespace sluice::diagnostics
