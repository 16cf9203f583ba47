#include "reconciler/simulate/drawing.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "reconciler/execute/status_codec.h"
#include "reconciler/simulate/facts.h"
#include "reconciler/simulate/xml.h"

namespace sluice::simulate {
namespace {

using nlohmann::ordered_json;

constexpr std::int64_t kColumns = 64;
constexpr std::int64_t kRows = 10;
constexpr std::int64_t kPodRows = 5;
constexpr std::size_t kTextWidth = 80;

Duration EndOf(const Course& course) {
  const Duration end = std::max(course.elapsed, course.moments.empty() ? Duration(0) : course.moments.back().at);
  return std::max(end, Duration(1));
}

// How things stood at each of `columns` points of time, evenly from the commit to the end.
std::vector<const Moment*> Sampled(const Course& course, std::int64_t columns) {
  std::vector<const Moment*> sampled;
  std::size_t moment = 0;
  for (std::int64_t column = 0; column < columns; ++column) {
    const Duration at = EndOf(course) * (column + 1) / columns;
    while (moment + 1 < course.moments.size() && course.moments[moment + 1].at <= at) ++moment;
    sampled.push_back(&course.moments[moment]);
  }
  return sampled;
}

// Text of fixed width, cut to whole characters where it is longer.
std::string Padded(const std::string& text, std::size_t width) {
  return text.size() >= width ? text : text + std::string(width - text.size(), ' ');
}

// One row of a picture of `rows`: full where the value reaches it.
template <typename Get>
std::string Bars(const std::vector<const Moment*>& sampled, std::int64_t row, std::int64_t rows, std::int64_t most,
                 const Get& get) {
  std::string line;
  for (const Moment* moment : sampled) line += get(*moment) * rows > most * row ? "█" : " ";
  return line;
}

template <typename Get>
std::string Picture(const std::vector<const Moment*>& sampled, const std::string& title, std::int64_t rows,
                    std::int64_t most, const std::string& top, const Get& get) {
  std::string text = fmt::format("{}\n", title);
  for (std::int64_t row = rows - 1; row >= 0; --row) {
    const std::string label = row == rows - 1 ? top : row == 0 ? "0" : "";
    text += fmt::format("{:>8} |{}\n", label, Bars(sampled, row, rows, most, get));
  }
  return text;
}

std::string Axis(const Course& course) {
  const std::string end = Shown(EndOf(course));
  std::string text = "         +" + std::string(static_cast<std::size_t>(kColumns), '-') + "\n          0s";
  return text + fmt::format("{:>{}}\n", end, static_cast<std::size_t>(kColumns) - 2);
}

// ------------------------------------------------------------------------------------------------- waits, verdicts

// From when until when something is waited for, in order.
std::vector<std::pair<Duration, Duration>> SpansOf(const Course& course, Wait wait) {
  std::vector<std::pair<Duration, Duration>> spans;
  for (std::size_t i = 0; i < course.moments.size(); ++i) {
    const Moment& moment = course.moments[i];
    if (!moment.waits_for.contains(wait)) continue;
    const Duration until = i + 1 < course.moments.size() ? course.moments[i + 1].at : EndOf(course);
    const bool goes_on = !spans.empty() && spans.back().second == moment.at;
    if (goes_on) {
      spans.back().second = until;
    } else {
      spans.emplace_back(moment.at, until);
    }
  }
  return spans;
}

// "█" in columns most of which is such a wait, "▪" where one is shorter; "" without any.
std::string Lane(const Course& course, Wait wait) {
  const std::vector<std::pair<Duration, Duration>> spans = SpansOf(course, wait);
  if (spans.empty()) return "";
  std::string lane;
  for (std::int64_t column = 0; column < kColumns; ++column) {
    const Duration begin = EndOf(course) * column / kColumns;
    const Duration end = EndOf(course) * (column + 1) / kColumns;
    Duration covered{0};
    bool any = false;
    for (const auto& [from, to] : spans) {
      any = any || (from >= begin && from < end);
      covered += std::max(Duration(0), std::min(to, end) - std::max(from, begin));
    }
    lane += covered * 2 > end - begin ? "█" : any || covered.count() > 0 ? "▪" : " ";
  }
  return lane;
}

std::string Waits(const Course& course) {
  std::string text = "\nwhat it waits for\n";
  for (int wait = 0; wait < kWaitCount; ++wait) {
    const std::string lane = Lane(course, static_cast<Wait>(wait));
    if (!lane.empty()) text += fmt::format("{:>8} |{}\n", WaitName(static_cast<Wait>(wait)), lane);
  }
  return text + Axis(course);
}

// What an ending is called in pictures: those that are many are told by their numbers.
std::string NumberOf(std::size_t ending) { return std::to_string(ending + 1); }

// To a width in characters, with a mark where something is cut off.
std::string Cut(const std::string& text, std::size_t width) {
  std::size_t characters = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool begins = (static_cast<unsigned char>(text[i]) & 0xC0U) != 0x80U;
    if (begins && characters++ == width) {
      std::size_t at = i;
      do --at;
      while ((static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U);
      return text.substr(0, at) + "…";
    }
  }
  return text;
}

// Lines of `text` behind `head`, broken between words; a word that is too long for a line is cut.
std::string Wrapped(const std::string& head, const std::string& text) {
  std::string lines;
  std::string line = head;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    const std::string word = text.substr(at, end - at);
    if (line.size() > head.size() && line.size() + 1 + word.size() > kTextWidth) {
      lines += line + "\n";
      line = std::string(head.size(), ' ');
    }
    if (line.size() > head.size()) line += ' ';
    line += word;
    line = Cut(line, kTextWidth - 1);
    at = end + 1;
  }
  return lines + line + "\n";
}

std::string EndingText(const Ending& ending) {
  return fmt::format("{}: {}{}{}", ending.path, execute::OutcomeName(ending.outcome), ending.why.empty() ? "" : ", ",
                     ending.why);
}

// One row an outcome: the numbers of what came to it, where it did. One that is too near to the one before stands
// behind it.
std::string Marks(const Course& course, graph::Outcome outcome) {
  std::string row;
  for (std::size_t i = 0; i < course.endings.size(); ++i) {
    const Ending& ending = course.endings[i];
    if (ending.outcome != outcome) continue;
    const auto column = static_cast<std::size_t>(
        std::min<std::int64_t>(ending.at.count() * kColumns / EndOf(course).count(), kColumns - 1));
    const std::size_t at = std::max(column, row.empty() ? 0 : row.size() + 1);
    const std::string number = NumberOf(i);
    if (at + number.size() > static_cast<std::size_t>(kColumns) + 1) break;  // the table below has it
    row += std::string(at - row.size(), ' ') + number;
  }
  return row;
}

std::string Verdicts(const Course& course) {
  if (course.endings.empty()) return "";
  std::string text = "\nwhat was said\n";
  for (int outcome = 0; outcome < graph::kOutcomeCount; ++outcome) {
    const std::string row = Marks(course, static_cast<graph::Outcome>(outcome));
    if (row.empty()) continue;
    text += fmt::format("{:>8} |{}\n", execute::OutcomeName(static_cast<graph::Outcome>(outcome)), row);
  }
  text += Axis(course);
  for (std::size_t i = 0; i < course.endings.size(); ++i) {
    const Ending& ending = course.endings[i];
    text += Wrapped(fmt::format("{:>8} {:>10}  ", NumberOf(i), Shown(ending.at)), EndingText(ending));
  }
  return text;
}

// A line over time that stays until it changes.
template <typename Get>
std::string Steps(const Course& course, std::int64_t width, std::int64_t height, std::int64_t most, const Get& get) {
  std::string path;
  std::int64_t last = height;
  for (const Moment& moment : course.moments) {
    const std::int64_t x = moment.at.count() * width / EndOf(course).count();
    const std::int64_t y = height - get(moment) * height / std::max<std::int64_t>(most, 1);
    path += path.empty() ? fmt::format("M{},{}", x, y) : fmt::format(" L{},{} L{},{}", x, last, x, y);
    last = y;
  }
  return path + fmt::format(" L{},{}", width, last);
}

std::int64_t PerMille(const Moment& moment) { return (moment.weight * Number(1000)).Round(); }

std::int64_t MostPods(const Course& course) {
  std::int64_t most = 1;
  for (const Moment& moment : course.moments) {
    most = std::max<std::int64_t>(most, std::max(moment.ready_stable, moment.ready_candidate));
  }
  return most;
}

bool IsTime(const graph::Value& value) {
  if (const graph::Map* map = value.as_map()) return map->empty() || IsTime(map->entries().front().second);
  const graph::Quantity* quantity = value.as_quantity();
  return quantity != nullptr && quantity->unit == graph::Unit::kDuration;
}

// Times in milliseconds, shares as ratios, other numbers to the thousandth.
ordered_json JsonOf(const graph::Value& value) {
  if (const graph::Quantity* quantity = value.as_quantity()) {
    if (quantity->number.is_integer()) return quantity->number.numerator();
    return ordered_json::parse(quantity->number.ToRoundedString(3));
  }
  if (const std::string* text = value.as_string()) return *text;
  if (const graph::List* list = value.as_list()) {
    ordered_json items = ordered_json::array();
    for (const graph::Value& item : *list) items.push_back(JsonOf(item));
    return items;
  }
  ordered_json fields = ordered_json::object();
  if (const graph::Map* map = value.as_map()) {
    for (const auto& [name, field] : map->entries()) fields[name] = JsonOf(field);
  }
  return fields;
}

ordered_json FactsJson(const Course& course) {
  ordered_json json;
  const graph::Map facts = FactsOf(course);
  for (const auto& [name, fact] : facts.entries()) json[name + (IsTime(fact) ? "-ms" : "")] = JsonOf(fact);
  return json;
}

// ------------------------------------------------------------------------------------------------- SVG

constexpr const char* kWaitColours[kWaitCount] = {"#dd6b20", "#805ad5", "#63b3ed", "#d69e2e", "#b83280",
                                                  "#319795", "#a0aec0", "#e53e3e", "#744210"};
const char* ColourOf(graph::Outcome outcome) {
  return outcome == graph::Outcome::kPass ? "#2f855a" : outcome == graph::Outcome::kFail ? "#c53030" : "#b7791f";
}

class SvgDrawing {
 public:
  explicit SvgDrawing(const Course& course) : course_(course) {}

  std::string Draw(const std::string& title) {
    DrawChart();
    DrawEndings();
    DrawWaits();
    Text(0, bottom_ + 18, "0s");
    Text(kWidth, bottom_ + 18, Shown(EndOf(course_)), "text-anchor=\"end\"");
    bottom_ += 30;
    DrawLegend();
    DrawTable();
    return fmt::format(
               "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"-90 -40 {} {}\" font-family=\"sans-serif\" "
               "font-size=\"13\">\n<rect x=\"-90\" y=\"-40\" width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
               "<text x=\"0\" y=\"-18\" font-weight=\"bold\">{}: {}</text>\n",
               kWidth + 150, bottom_ + 60, XmlText(title), XmlText(course_.outcome)) +
           text_ + "</svg>\n";
  }

 private:
  static constexpr std::int64_t kWidth = 800;
  static constexpr std::int64_t kHeight = 240;
  static constexpr std::int64_t kLane = 16;
  static constexpr std::int64_t kMark = 8;  // radius
  static constexpr std::size_t kTableWidth = 118;

  std::int64_t X(Duration at) const { return at.count() * kWidth / EndOf(course_).count(); }
  void Text(std::int64_t x, std::int64_t y, const std::string& text, const std::string& how = "") {
    text_ += fmt::format("<text x=\"{}\" y=\"{}\" {}>{}</text>\n", x, y, how, XmlText(text));
  }
  void Box(std::int64_t x, std::int64_t y, std::int64_t width, std::int64_t height, const char* colour,
           const std::string& told = "") {
    text_ += fmt::format("<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{}\"><title>{}</title></rect>\n", x,
                         y, width, height, colour, XmlText(told));
  }
  void Line(const char* colour, const std::string& path) {
    text_ += fmt::format("<path d=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"2\"/>\n", path, colour);
  }

  void DrawChart() {
    const std::int64_t most = MostPods(course_);
    text_ += fmt::format("<rect x=\"0\" y=\"0\" width=\"{}\" height=\"{}\" fill=\"none\" stroke=\"#bbb\"/>\n", kWidth,
                         kHeight);
    for (const Event& event : course_.events) {
      text_ +=
          fmt::format("<line x1=\"{0}\" y1=\"0\" x2=\"{0}\" y2=\"{1}\" stroke=\"#ddd\"><title>{2}</title></line>\n",
                      X(event.at), kHeight, XmlText(Shown(event.at) + " " + event.what));
    }
    const auto stable = [](const Moment& moment) { return std::int64_t{moment.ready_stable}; };
    const auto candidate = [](const Moment& moment) { return std::int64_t{moment.ready_candidate}; };
    Line("#2b6cb0", Steps(course_, kWidth, kHeight, most, stable));
    Line("#dd6b20", Steps(course_, kWidth, kHeight, most, candidate));
    Line("#2f855a", Steps(course_, kWidth, kHeight, 1000, PerMille));
    Text(-8, 10, fmt::format("{} pods", most), "text-anchor=\"end\"");
    Text(-8, kHeight, "0", "text-anchor=\"end\"");
    Text(kWidth + 6, 10, "100%");
    bottom_ = kHeight;
  }

  // Numbered marks, as many rows of them as keep them apart; the table says what they are.
  void DrawEndings() {
    if (course_.endings.empty()) return;
    std::vector<std::int64_t> ends;  // of rows: where the last mark stands
    for (std::size_t i = 0; i < course_.endings.size(); ++i) {
      const Ending& ending = course_.endings[i];
      const std::int64_t x = X(ending.at);
      std::size_t row = 0;
      while (row < ends.size() && x - ends[row] < 2 * kMark + 2) ++row;
      if (row == ends.size()) ends.push_back(0);
      ends[row] = x;
      const std::int64_t y = bottom_ + 14 + static_cast<std::int64_t>(row) * (2 * kMark + 2);
      text_ += fmt::format("<circle cx=\"{}\" cy=\"{}\" r=\"{}\" fill=\"{}\"><title>{}</title></circle>\n", x, y, kMark,
                           ColourOf(ending.outcome), XmlText(Shown(ending.at) + " " + EndingText(ending)));
      Text(x, y + 4, NumberOf(i), "text-anchor=\"middle\" font-size=\"10\" fill=\"white\"");
    }
    Text(-8, bottom_ + 18, "verdicts", "text-anchor=\"end\"");
    bottom_ += 14 + static_cast<std::int64_t>(ends.size()) * (2 * kMark + 2);
  }

  void DrawWaits() {
    for (int i = 0; i < kWaitCount; ++i) {
      const Wait wait = static_cast<Wait>(i);
      const auto spans = SpansOf(course_, wait);
      if (spans.empty()) continue;
      Text(-8, bottom_ + 12, WaitName(wait), "text-anchor=\"end\" font-size=\"12\"");
      for (const auto& [from, to] : spans) {
        Box(X(from), bottom_ + 3, std::max<std::int64_t>(1, X(to) - X(from)), kLane - 5, kWaitColours[i],
            fmt::format("{}: {} to {}", WaitName(wait), Shown(from), Shown(to)));
      }
      bottom_ += kLane;
    }
  }

  void DrawLegend() {
    constexpr std::pair<const char*, const char*> kLines[] = {{"#2f855a", "share of the candidate"},
                                                              {"#2b6cb0", "ready pods of stable"},
                                                              {"#dd6b20", "ready pods of the candidate"}};
    std::int64_t x = 0;
    for (const auto& [colour, label] : kLines) {
      Box(x, bottom_, 12, 12, colour, label);
      Text(x + 18, bottom_ + 11, label);
      x += 230;
    }
    bottom_ += 22;
  }

  void DrawTable() {
    for (std::size_t i = 0; i < course_.endings.size(); ++i) {
      const Ending& ending = course_.endings[i];
      bottom_ += kLane;
      text_ += fmt::format("<circle cx=\"{}\" cy=\"{}\" r=\"{}\" fill=\"{}\"/>\n", kMark, bottom_ - 4, kMark - 1,
                           ColourOf(ending.outcome));
      Text(kMark, bottom_, NumberOf(i), "text-anchor=\"middle\" font-size=\"10\" fill=\"white\"");
      Text(80, bottom_, Shown(ending.at), "text-anchor=\"end\" font-size=\"12\"");
      Text(92, bottom_, Cut(EndingText(ending), kTableWidth), "font-size=\"12\"");
    }
  }

  const Course& course_;
  std::string text_;
  std::int64_t bottom_ = 0;  // of what is drawn
};

}  // namespace

std::string Shown(Duration duration) { return FormatDuration(std::chrono::round<std::chrono::seconds>(duration)); }

std::string EventLine(const Event& event) {
  const std::string place = event.line.file.empty() ? "" : fmt::format("{}:{}", event.line.file, event.line.line);
  const std::string what = fmt::format("{:>10}  {}", Shown(event.at), event.what);
  return place.empty() ? what : Padded(what, 66) + "  " + place;
}

std::string DrawCourse(const Course& course) {
  std::string text;
  for (const Event& event : course.events) text += EventLine(event) + "\n";
  const std::vector<const Moment*> sampled = Sampled(course, kColumns);
  const std::int64_t most = MostPods(course);
  text += Picture(sampled, "\nshare of the candidate", kRows, 1000, "100%", PerMille);
  text += Axis(course);
  text += Verdicts(course);
  text += Waits(course);
  text += Picture(sampled, "\nready pods of stable", kPodRows, most, std::to_string(most),
                  [](const Moment& moment) { return std::int64_t{moment.ready_stable}; });
  text += Axis(course);
  text += Picture(sampled, "\nready pods of the candidate", kPodRows, most, std::to_string(most),
                  [](const Moment& moment) { return std::int64_t{moment.ready_candidate}; });
  return text + Axis(course);
}

std::string DrawCourseSvg(const Course& course, const std::string& title) { return SvgDrawing(course).Draw(title); }

ordered_json CourseJson(const Course& course) {
  ordered_json json = {{"outcome", course.outcome}, {"reason", course.reason}, {"facts", FactsJson(course)}};
  ordered_json events = ordered_json::array();
  for (const Event& event : course.events) {
    ordered_json one = {{"at_ms", event.at.count()}, {"what", event.what}};
    if (!event.line.file.empty()) {
      one["file"] = event.line.file;
      one["line"] = event.line.line;
    }
    events.push_back(std::move(one));
  }
  json["events"] = std::move(events);
  ordered_json verdicts = ordered_json::array();
  for (const Ending& ending : course.endings) {
    ordered_json one = {{"at_ms", ending.at.count()},
                        {"node", ending.path},
                        {"outcome", execute::OutcomeName(ending.outcome)},
                        {"why", ending.why}};
    if (!ending.line.file.empty()) {
      one["file"] = ending.line.file;
      one["line"] = ending.line.line;
    }
    verdicts.push_back(std::move(one));
  }
  json["verdicts"] = std::move(verdicts);
  ordered_json moments = ordered_json::array();
  for (const Moment& moment : course.moments) {
    ordered_json waits_for = ordered_json::array();
    for (const Wait wait : moment.waits_for) waits_for.push_back(WaitName(wait));
    moments.push_back({{"at_ms", moment.at.count()},
                       {"weight", JsonOf(graph::Value::Percent(moment.weight))},
                       {"ready_stable", moment.ready_stable},
                       {"ready_candidate", moment.ready_candidate},
                       {"pods", moment.pods},
                       {"step", moment.step},
                       {"state", moment.state},
                       {"waits", moment.waits},
                       {"waits_for", std::move(waits_for)}});
  }
  json["moments"] = std::move(moments);
  return json;
}

}  // namespace sluice::simulate
