#include "reconciler/simulate/drawing.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "reconciler/simulate/facts.h"
#include "reconciler/simulate/xml.h"

namespace sluice::simulate {
namespace {

using nlohmann::ordered_json;

constexpr std::int64_t kColumns = 64;
constexpr std::int64_t kRows = 10;

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

// One row of a picture: `full` where the value reaches it.
template <typename Get>
std::string Bars(const std::vector<const Moment*>& sampled, std::int64_t row, std::int64_t most, const Get& get) {
  std::string line;
  for (const Moment* moment : sampled) line += get(*moment) * kRows > most * row ? "█" : " ";
  return line;
}

template <typename Get>
std::string Picture(const std::vector<const Moment*>& sampled, const std::string& title, std::int64_t most,
                    const std::string& top, const Get& get) {
  std::string text = fmt::format("{}\n", title);
  for (std::int64_t row = kRows - 1; row >= 0; --row) {
    const std::string label = row == kRows - 1 ? top : row == 0 ? "0" : "";
    text += fmt::format("{:>6} |{}\n", label, Bars(sampled, row, most, get));
  }
  return text;
}

std::string Axis(const Course& course) {
  const std::string end = Shown(EndOf(course));
  std::string text = "       +" + std::string(static_cast<std::size_t>(kColumns), '-') + "\n        0s";
  return text + fmt::format("{:>{}}\n", end, static_cast<std::size_t>(kColumns) - 2);
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
  text += Picture(sampled, "\nshare of the candidate", 1000, "100%", PerMille);
  text += Axis(course);
  text += Picture(sampled, "ready pods of stable", most, std::to_string(most),
                  [](const Moment& moment) { return std::int64_t{moment.ready_stable}; });
  text += Axis(course);
  text += Picture(sampled, "ready pods of the candidate", most, std::to_string(most),
                  [](const Moment& moment) { return std::int64_t{moment.ready_candidate}; });
  return text + Axis(course);
}

std::string DrawCourseSvg(const Course& course, const std::string& title) {
  constexpr std::int64_t kWidth = 800;
  constexpr std::int64_t kHeight = 240;
  const std::int64_t most = MostPods(course);
  const auto line = [&](const char* colour, const std::string& path) {
    return fmt::format("<path d=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"2\"/>\n", path, colour);
  };
  std::string text = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"-60 -40 {} {}\" font-family=\"sans-serif\" "
      "font-size=\"13\">\n<text x=\"0\" y=\"-18\" font-weight=\"bold\">{}: {}</text>\n",
      kWidth + 120, kHeight + 110, XmlText(title), XmlText(course.outcome));
  text += fmt::format("<rect x=\"0\" y=\"0\" width=\"{}\" height=\"{}\" fill=\"none\" stroke=\"#bbb\"/>\n", kWidth,
                      kHeight);
  for (const Event& event : course.events) {
    const std::int64_t x = event.at.count() * kWidth / EndOf(course).count();
    text += fmt::format("<line x1=\"{0}\" y1=\"0\" x2=\"{0}\" y2=\"{1}\" stroke=\"#ddd\"><title>{2}</title></line>\n",
                        x, kHeight, XmlText(Shown(event.at) + " " + event.what));
  }
  const auto stable = [](const Moment& moment) { return std::int64_t{moment.ready_stable}; };
  const auto candidate = [](const Moment& moment) { return std::int64_t{moment.ready_candidate}; };
  text += line("#2b6cb0", Steps(course, kWidth, kHeight, most, stable));
  text += line("#dd6b20", Steps(course, kWidth, kHeight, most, candidate));
  text += line("#2f855a", Steps(course, kWidth, kHeight, 1000, PerMille));
  text += fmt::format("<text x=\"-50\" y=\"10\">{} pods</text><text x=\"{}\" y=\"10\">100%</text>\n", most, kWidth + 6);
  text += fmt::format("<text x=\"0\" y=\"{0}\">0s</text><text x=\"{1}\" y=\"{0}\" text-anchor=\"end\">{2}</text>\n",
                      kHeight + 18, kWidth, Shown(EndOf(course)));
  const std::vector<std::pair<const char*, const char*>> legend = {{"#2f855a", "share of the candidate"},
                                                                   {"#2b6cb0", "ready pods of stable"},
                                                                   {"#dd6b20", "ready pods of the candidate"}};
  std::int64_t x = 0;
  for (const auto& [colour, label] : legend) {
    text += fmt::format(
        "<rect x=\"{0}\" y=\"{1}\" width=\"12\" height=\"12\" fill=\"{2}\"/><text x=\"{3}\" y=\"{4}\">{5}</text>\n", x,
        kHeight + 38, colour, x + 18, kHeight + 49, label);
    x += 230;
  }
  return text + "</svg>\n";
}

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
  ordered_json moments = ordered_json::array();
  for (const Moment& moment : course.moments) {
    moments.push_back({{"at_ms", moment.at.count()},
                       {"weight", JsonOf(graph::Value::Percent(moment.weight))},
                       {"ready_stable", moment.ready_stable},
                       {"ready_candidate", moment.ready_candidate},
                       {"pods", moment.pods},
                       {"step", moment.step},
                       {"state", moment.state},
                       {"waits", moment.waits}});
  }
  json["moments"] = std::move(moments);
  return json;
}

}  // namespace sluice::simulate
