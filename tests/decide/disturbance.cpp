#include "tests/decide/disturbance.h"

#include <iterator>

#include <fmt/format.h>

namespace sluice::decide::test {
namespace {

constexpr const char* kRevisions[] = {"a1", "b2", "c3", "d4", "e5"};

struct Kind {
  int weight;
  void (*draw)(Drawing&, Disturbance&);
  void (*happen)(const Disturbance&, Story&);
  std::string (*code)(const Disturbance&);
};

void AnyRevision(Drawing& drawing, Disturbance& d) { d.who = drawing.random.Of(kRevisions); }
void OnOrOff(Drawing& drawing, Disturbance& d) { d.on = drawing.random.OneIn(2); }
void Nothing(Drawing&, Disturbance&) {}

const char* Bool(bool value) { return value ? "true" : "false"; }

void Commit(const Disturbance& d, Story& story) {
  // Two routes of which the first is stuck, while nobody answers and then somebody does: the second may be written
  // too early. That takes three mishaps at once and loses the requests of a second or two.
  story.world.route_stuck = story.world.route_stuck && !d.plan.two_routes;
  story.world.Commit(Build(d.plan, d.who));
  story.Note("commit of " + d.who);
}
std::string CommitCode(const Disturbance& d) { return "story.world.Commit(" + CodeOf(d.plan, d.who) + ");"; }

// Most people say what fits; 0: of everything, 1: about another revision, 2: about an entry that is over, 3: in no
// group.
void SayIt(const Disturbance& d, Story& story) {
  Command command;
  command.verb = d.who;
  command.who = d.on ? "ann" : "bob";
  command.groups = {d.number == 3 ? "web" : "sre"};
  command.revision = d.number == 1 ? "f6" : "";
  command.entry = d.number == 2 ? 7 : 0;
  command.assume_settled = d.number == 4;
  story.Note(command.who + " says " + d.who);
  story.world.Say(command);
}
std::string SayCode(const Disturbance& d) {
  constexpr const char* kMore[] = {"", " about another revision", " about another entry", " in no group",
                                   " --assume-settled"};
  return fmt::format("story.Command(\"{}\", \"{}\");{}{}", d.who, d.on ? "ann" : "bob", d.number == 0 ? "" : "  //",
                     d.number <= 4 ? kMore[d.number] : "");
}
void DrawSay(Drawing& drawing, Disturbance& d) {
  constexpr const char* kVerbs[] = {"approve", "approve", "approve", "approve", "reject",  "pause", "resume",
                                    "resume",  "abort",   "retry",   "retry",   "promote", "undo",  "undo"};
  d.who = drawing.random.OneIn(40) ? "eject" : drawing.random.Of(kVerbs);
  d.on = drawing.random.OneIn(2);
  d.number = drawing.random.OneIn(2) ? drawing.random.Below(5) : 0;
}

// Its pods fail again and again.
void Crash(const Disturbance& d, Story& story) {
  for (int i = 0; i < d.number; ++i) {
    story.world.behaviour[d.who].ready = false;
    story.Run(seconds(5));
    story.world.behaviour[d.who].ready = true;
    story.Run(seconds(40));
  }
}

void Jobs(const Disturbance& d, Story& story) {
  for (const graph::Node& node : story.world.plan().nodes) {
    if (std::holds_alternative<graph::RunNode>(node.does)) {
      story.world.job_acts[node.path] = {seconds(1 + d.number * 10), d.number % 3, d.on};
    }
  }
}

// The executor dies with what it decided stored and not done, or another one takes over.
void TakeOver(const Disturbance& d, Story& story) {
  if (d.on) {
    story.restart_at = story.decisions + 1;
    story.dies_before_acting = true;
    return;
  }
  story.status.epoch += 1;
  story.world.Restart();
}

void Blind(const Disturbance& d, Story& story) {
  story.world.unseen = "endpoints can't be watched";
  story.Run(seconds(d.number));
  story.world.unseen.clear();
}

// New revisions in a row, faster than stable's few pods can take the traffic back.
void Rush(const Disturbance& d, Story& story) {
  story.world.route_stuck = story.world.route_stuck && !d.plan.two_routes;
  const Revision stable = story.status.stable;
  story.world.behaviour[stable].at_most = d.number;
  for (const char* revision : kRevisions) {
    if (revision != stable) {
      story.world.Commit(Build(d.plan, revision));
      story.Note(std::string("commit of ") + revision);
      story.Run(seconds(90));
    }
  }
}

// Rows of the table: how often, drawn, happens, as code.
const Kind kKinds[] = {
    {6,
     [](Drawing& drawing, Disturbance& d) {
       d.who = drawing.revision = drawing.random.Of(kRevisions);
       d.plan = drawing.plan = DrawPlan(drawing.random, drawing.plan.capacity);
     },
     Commit, CommitCode},
    {6,
     [](Drawing& drawing, Disturbance& d) {
       d.who = drawing.revision;
       d.plan = drawing.plan = DrawEdit(drawing.random, drawing.plan);
       d.on = drawing.random.OneIn(4);
     },
     [](const Disturbance& d, Story& story) {
       story.world.error_rate = d.on ? Number::Ratio(8, 100) : story.world.error_rate;
       Commit(d, story);
     },
     [](const Disturbance& d) {
       return std::string(d.on ? "story.world.error_rate = Number::Ratio(8, 100);\n" : "") + CommitCode(d);
     }},
    {18, DrawSay, SayIt, SayCode},
    {5,
     [](Drawing& drawing, Disturbance& d) {
       AnyRevision(drawing, d);
       OnOrOff(drawing, d);
     },
     [](const Disturbance& d, Story& story) { story.world.behaviour[d.who].ready = d.on; },
     [](const Disturbance& d) { return fmt::format("story.world.behaviour[\"{}\"].ready = {};", d.who, Bool(d.on)); }},
    {4,
     [](Drawing& drawing, Disturbance& d) {
       AnyRevision(drawing, d);
       d.number = drawing.random.Below(6);
     },
     [](const Disturbance& d, Story& story) { story.world.behaviour[d.who].at_most = d.number; },
     [](const Disturbance& d) { return fmt::format("story.world.behaviour[\"{}\"].at_most = {};", d.who, d.number); }},
    {2,
     [](Drawing& drawing, Disturbance& d) {
       d.who = drawing.revision;
       d.number = 1 + drawing.random.Below(5);
     },
     Crash,
     [](const Disturbance& d) {
       return fmt::format(
           "{} times: story.world.behaviour[\"{}\"].ready = false; story.Run(seconds(5)); … = true; "
           "story.Run(seconds(40));",
           d.number, d.who);
     }},
    {4, OnOrOff,
     [](const Disturbance& d, Story& story) { story.world.error_rate = d.on ? Number::Ratio(8, 100) : Number(0); },
     [](const Disturbance& d) {
       return fmt::format("story.world.error_rate = Number::Ratio({}, 100);", d.on ? 8 : 0);
     }},
    {4, [](Drawing& drawing, Disturbance& d) { d.number = drawing.random.Below(4) % 3; },
     [](const Disturbance& d, Story& story) { story.world.answers = static_cast<graph::Evaluation::Kind>(d.number); },
     [](const Disturbance& d) {
       return fmt::format("story.world.answers = static_cast<graph::Evaluation::Kind>({});", d.number);
     }},
    {3, OnOrOff, [](const Disturbance& d, Story& story) { story.world.gates_silent = d.on; },
     [](const Disturbance& d) { return fmt::format("story.world.gates_silent = {};", Bool(d.on)); }},
    {4, OnOrOff, [](const Disturbance& d, Story& story) { story.world.route_stuck = d.on; },
     [](const Disturbance& d) { return fmt::format("story.world.route_stuck = {};", Bool(d.on)); }},
    {4,
     [](Drawing& drawing, Disturbance& d) {
       OnOrOff(drawing, d);
       d.number = 4 + drawing.random.Below(14);
     },
     [](const Disturbance& d, Story& story) {
       story.world.quota = d.on ? std::optional<std::int32_t>(d.number) : std::nullopt;
     },
     [](const Disturbance& d) {
       return d.on ? fmt::format("story.world.quota = {};", d.number) : "story.world.quota.reset();";
     }},
    {4, AnyRevision, [](const Disturbance& d, Story& story) { story.world.DeleteDeployment(d.who); },
     [](const Disturbance& d) { return fmt::format("story.world.DeleteDeployment(\"{}\");", d.who); }},
    {1, AnyRevision, [](const Disturbance& d, Story& story) { story.world.DeleteCompanions(d.who); },
     [](const Disturbance& d) { return fmt::format("story.world.DeleteCompanions(\"{}\");", d.who); }},
    {2,
     [](Drawing& drawing, Disturbance& d) {
       d.plan = drawing.plan = DrawPlan(drawing.random, drawing.plan.capacity);
       drawing.revision = kRevisions[std::size(kRevisions) - 1];
       d.number = drawing.random.Below(6);
     },
     Rush,
     [](const Disturbance& d) {
       return fmt::format(
           "story.world.behaviour[story.status.stable].at_most = {};\nfor each other revision: "
           "story.world.Commit({}); story.Run(seconds(90));",
           d.number, CodeOf(d.plan, "…"));
     }},
    {2, Nothing, [](const Disturbance&, Story& story) { story.world.EditRoute(); },
     [](const Disturbance&) { return std::string("story.world.EditRoute();"); }},
    {3, OnOrOff, TakeOver,
     [](const Disturbance& d) {
       return std::string(d.on ? "story.restart_at = story.decisions + 1; story.dies_before_acting = true;"
                               : "story.status.epoch += 1; story.world.Restart();");
     }},
    {4,
     [](Drawing& drawing, Disturbance& d) {
       d.number = drawing.random.Below(20);
       d.on = drawing.random.OneIn(4);
     },
     Jobs,
     [](const Disturbance& d) {
       return fmt::format("for each run node: story.world.job_acts[node.path] = {{seconds({}), {}, {}}};",
                          1 + d.number * 10, d.number % 3, Bool(d.on));
     }},
    {3, Nothing, [](const Disturbance&, Story& story) { story.world.TearOutJobs(); },
     [](const Disturbance&) { return std::string("story.world.TearOutJobs();"); }},
    {4, [](Drawing& drawing, Disturbance& d) { d.number = drawing.random.Below(20); },
     [](const Disturbance& d, Story& story) { story.world.load = Number(d.number); },
     [](const Disturbance& d) { return fmt::format("story.world.load = Number({});", d.number); }},
    {2, OnOrOff, [](const Disturbance& d, Story& story) { story.world.notify_down = d.on; },
     [](const Disturbance& d) { return fmt::format("story.world.notify_down = {};", Bool(d.on)); }},
    {1, [](Drawing& drawing, Disturbance& d) { d.number = 1 + drawing.random.Below(60); }, Blind,
     [](const Disturbance& d) {
       return fmt::format("story.world.unseen = \"…\"; story.Run(seconds({})); story.world.unseen.clear();", d.number);
     }},
    {2, OnOrOff,
     [](const Disturbance& d, Story& story) {
       story.world.failures.clear();
       if (d.on) story.world.failures.push_back({"Deployment checkout", "forbidden", false, true, story.world.now()});
     },
     [](const Disturbance& d) {
       return std::string(d.on ? "story.world.failures = {…a refused write…};" : "story.world.failures.clear();");
     }},
    {1, Nothing, [](const Disturbance&, Story& story) { story.world.removed = true; },
     [](const Disturbance&) { return std::string("story.world.removed = true;"); }},
};

std::size_t DrawKind(Random& random) {
  int all = 0;
  for (const Kind& kind : kKinds) {
    all += kind.weight;
  }
  int left = random.Below(all);
  std::size_t kind = 0;
  while (left >= kKinds[kind].weight) {
    left -= kKinds[kind++].weight;
  }
  return kind;
}

}  // namespace

Disturbance DrawDisturbance(Drawing& drawing) {
  Disturbance drawn;
  drawn.kind = DrawKind(drawing.random);
  drawn.wait = seconds(1 + drawing.random.Below(drawing.random.OneIn(3) ? 2000 : 60));
  kKinds[drawn.kind].draw(drawing, drawn);
  return drawn;
}

void Happen(const Disturbance& disturbance, Story& story) { kKinds[disturbance.kind].happen(disturbance, story); }

std::string CodeOf(const Disturbance& disturbance) {
  const auto wait = std::chrono::duration_cast<seconds>(disturbance.wait).count();
  return fmt::format("story.Run(seconds({}));\n{}\n", wait, kKinds[disturbance.kind].code(disturbance));
}

}  // namespace sluice::decide::test
