#include "tests/proxy/proxy.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <arpa/inet.h>
#include <curl/curl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "compiler/base/check.h"
#include "reconciler/cluster/json.h"

namespace sluice::proxy {
namespace {

using cluster::Json;
using Milliseconds = std::chrono::milliseconds;

constexpr Milliseconds kLook{50};
constexpr Milliseconds kHeldAtMost{6'000};
constexpr std::size_t kMostOfRequest = std::size_t{8} * 1024 * 1024;
constexpr const char* kPage =
    "<html><head><title>Sorry</title></head><body><h1>We'll be back soon</h1></body></html>\n";

struct Answer {
  int status = 0;  // 0: there is none
  std::string type = "application/json", body, retry_after;
};

Answer StatusAnswer(int code, const std::string& reason, const std::string& message) {
  Json status = {{"kind", "Status"}, {"apiVersion", "v1"}, {"metadata", Json::object()}, {"status", "Failure"},
                 {"reason", reason}, {"code", code},       {"message", message}};
  if (reason == "Conflict" || reason == "AlreadyExists") status["details"] = {{"name", "somebody"}};
  return {code, "application/json", status.dump(), code == 429 ? "1" : ""};
}

// What is answered instead of handing a request on.
std::optional<Answer> Instead(Fault fault) {
  switch (fault) {
    case Fault::kConflict:
      return StatusAnswer(409, "Conflict", "the object has been modified");
    case Fault::kExists:
      return StatusAnswer(409, "AlreadyExists", "the object already exists");
    case Fault::kTooManyRequests:
      return StatusAnswer(429, "TooManyRequests", "too many requests, please try again later");
    case Fault::kUnavailable:
      return StatusAnswer(503, "ServiceUnavailable", "the server is currently unable to handle the request");
    case Fault::kBadGateway:
      return Answer{502, "text/html", kPage, ""};
    case Fault::kGoneList:
    case Fault::kGonePage:
    case Fault::kGoneWatch:
      return StatusAnswer(410, "Expired", "the provided continue parameter or resource version is too old");
    case Fault::kNoStreamedList:
      return StatusAnswer(422, "Invalid", "sendInitialEvents is forbidden for watch");
    default:
      return std::nullopt;
  }
}

// Whether the peer has closed its end.
bool IsClosed(int socket) {
  pollfd look{socket, POLLIN | POLLRDHUP, 0};
  return poll(&look, 1, 0) > 0 && (look.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

std::string HeaderOf(const std::string& head, std::string_view name) {
  std::size_t at = head.find("\r\n");
  while (at != std::string::npos && at + 2 < head.size()) {
    const std::size_t begin = at + 2, end = head.find("\r\n", begin);
    const std::string line = head.substr(begin, end == std::string::npos ? end : end - begin);
    const std::size_t colon = line.find(':');
    if (colon == name.size() && strncasecmp(line.c_str(), name.data(), name.size()) == 0) {
      const std::size_t value = line.find_first_not_of(' ', colon + 1);
      return value == std::string::npos ? "" : line.substr(value);
    }
    at = end;
  }
  return "";
}

}  // namespace

std::string_view NameOf(Moment moment) {
  switch (moment) {
    case Moment::kBeforeItIsHandedOn:
      return "killed before a write";
    case Moment::kBeforeTheAnswer:
      return "killed before the answer";
    case Moment::kAfterTheAnswer:
      return "killed after the answer";
    case Moment::kWhileItIsHeld:
      return "killed, and the write comes late";
  }
  return "";
}

std::string ToString(const Proxy::Entry& entry) {
  std::string text = fmt::format("process {}: {} {}", entry.process, entry.asked.method, entry.asked.path);
  if (entry.asked.IsWatch()) text += " (watch)";
  if (entry.fault != Fault::kNone) text += fmt::format(": {}", NameOf(entry.fault));
  if (entry.killed) text += fmt::format(": {}", NameOf(*entry.killed));
  return text + fmt::format(", {}", entry.answered);
}

// One connection of a client's, and one of ours to the server.
class Proxy::Connection {
 public:
  Connection(Proxy& proxy, int socket)
      : proxy_(proxy), socket_(socket), easy_(curl_easy_init()), process_(proxy.process_) {}
  ~Connection() {
    curl_easy_cleanup(easy_);
    close(socket_);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void Serve() {
    while (!proxy_.ends_ && Read()) {
      if (!Handle()) return;
    }
  }

 private:
  // One whole request; false if there is none any more.
  bool Read() {
    std::size_t end = 0;
    while ((end = received_.find("\r\n\r\n")) == std::string::npos) {
      if (!Receive()) return false;
    }
    head_ = received_.substr(0, end);
    received_.erase(0, end + 4);
    std::size_t length = 0;
    const std::string given = HeaderOf(head_, "content-length");
    std::from_chars(given.data(), given.data() + given.size(), length);
    if (length > kMostOfRequest) return false;
    while (received_.size() < length) {
      if (!Receive()) return false;
    }
    body_ = received_.substr(0, length);
    received_.erase(0, length);
    const std::size_t space = head_.find(' '), target = head_.find(' ', space + 1);
    if (target == std::string::npos) return false;
    target_ = head_.substr(space + 1, target - space - 1);
    const std::size_t query = target_.find('?');
    asked_ = {head_.substr(0, space), target_.substr(0, query),
              query == std::string::npos ? "" : target_.substr(query + 1)};
    return true;
  }

  bool Receive() {
    for (;;) {
      pollfd look{socket_, POLLIN, 0};
      if (poll(&look, 1, static_cast<int>(kLook.count())) > 0) break;
      if (proxy_.ends_) return false;
    }
    std::array<char, 16384> part{};
    const ssize_t got = recv(socket_, part.data(), part.size(), 0);
    if (got <= 0) return false;
    received_.append(part.data(), static_cast<std::size_t>(got));
    return true;
  }

  // Whether the connection goes on.
  bool Handle() {
    Enter();
    if (proxy_.down_) return Reset();
    if (killed_) return Die();
    if (fate_.fault == Fault::kReset) {
      proxy_.Reach(NameOf(fate_.fault));
      return Reset();
    }
    if (const auto instead = Instead(fate_.fault)) {
      proxy_.Reach(NameOf(fate_.fault));
      return Send(*instead);
    }
    if (asked_.IsWatch()) return Watch();
    if (fate_.fault == Fault::kRequestLate) {
      proxy_.Reach(NameOf(fate_.fault));
      Rest(fate_.lasts);
    }
    const Answer answer = Ask();
    if (answer.status == 0) return Reset();
    return Garble(answer);
  }

  // Its number and what becomes of it.
  void Enter() {
    const std::lock_guard lock(proxy_.mutex_);
    entry_ = proxy_.log_.size();
    fate_ = proxy_.troubled_ ? Draw(proxy_.options_.seed, entry_, asked_) : Fate{};
    killed_.reset();
    if (asked_.IsWrite() && !asked_.IsAside() && !proxy_.down_) {
      ++proxy_.writes_;
      if (proxy_.kill_at_ != 0 && proxy_.writes_ == proxy_.kill_at_) {
        killed_ = proxy_.moment_;
        kill_ = std::exchange(proxy_.kill_, nullptr);
        proxy_.kill_at_ = 0;
        fate_ = {};
      }
    }
    proxy_.log_.push_back({Clock::now(), process_, asked_, fate_.fault, killed_, 0});
  }

  bool Die() {
    proxy_.Reach(NameOf(*killed_));
    if (*killed_ == Moment::kBeforeItIsHandedOn) {
      kill_();
      return false;
    }
    if (*killed_ == Moment::kWhileItIsHeld) {
      kill_();
      const auto end = Clock::now() + kHeldAtMost;
      while (!proxy_.ends_ && Clock::now() < end && !NextHasWritten()) std::this_thread::sleep_for(kLook);
      Ask();
      return false;
    }
    const Answer answer = Ask();
    if (*killed_ == Moment::kAfterTheAnswer) Send(answer);
    kill_();
    return false;
  }

  bool NextHasWritten() const {
    const std::lock_guard lock(proxy_.mutex_);
    return std::any_of(proxy_.log_.begin() + static_cast<std::ptrdiff_t>(entry_), proxy_.log_.end(),
                       [this](const Entry& entry) {
                         return entry.process > process_ && entry.asked.IsWrite() && !entry.asked.IsAside() &&
                                entry.answered >= 200 && entry.answered < 300;
                       });
  }

  bool Garble(Answer answer) {
    switch (fate_.fault) {
      case Fault::kAnswerDropped:
        proxy_.Reach(NameOf(fate_.fault));
        return false;
      case Fault::kInternalError:
        proxy_.Reach(NameOf(fate_.fault));
        return Send(StatusAnswer(500, "InternalError", "etcdserver: request timed out"));
      case Fault::kPageInstead:
        proxy_.Reach(NameOf(fate_.fault));
        return Send({200, "text/html", kPage, ""});
      case Fault::kTruncated:
        proxy_.Reach(NameOf(fate_.fault));
        answer.body.resize(answer.body.size() / 2);
        return Send(answer);
      case Fault::kCutOff:
        proxy_.Reach(NameOf(fate_.fault));
        Send(answer, answer.body.size() / 2);
        return false;
      case Fault::kAnswerLate:
        proxy_.Reach(NameOf(fate_.fault));
        Rest(fate_.lasts);
        return Send(answer);
      case Fault::kFewPerPage:
        if (answer.body.find("\"continue\":\"") != std::string::npos) proxy_.Reach(NameOf(fate_.fault));
        return Send(answer);
      default:
        return Send(answer);
    }
  }

  void Rest(Duration time) const {
    const auto end = Clock::now() + Milliseconds(time.count());
    while (!proxy_.ends_ && Clock::now() < end) std::this_thread::sleep_for(kLook);
  }

  // Who is asked is told that the connection is no more, and what was on its way is gone.
  bool Reset() const {
    const linger at_once{1, 0};
    setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    return false;
  }

  bool SendText(std::string_view text) const {
    while (!text.empty()) {
      const ssize_t sent = send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  bool Send(const Answer& answer, std::size_t most = std::string::npos) const {
    std::string head = fmt::format("HTTP/1.1 {} .\r\nContent-Type: {}\r\nContent-Length: {}\r\n", answer.status,
                                   answer.type, answer.body.size());
    if (!answer.retry_after.empty()) head += "Retry-After: " + answer.retry_after + "\r\n";
    return SendText(head + "\r\n" + answer.body.substr(0, most));
  }

  // --- The server's side.

  void Prepare(curl_slist*& headers) {
    std::string target = proxy_.options_.view.Target(target_);
    if (fate_.fault == Fault::kFewPerPage) {
      const std::size_t limit = target.find("limit=");
      target.replace(limit, target.find_first_of("&", limit) - limit, "limit=1");
    }
    body_ = proxy_.options_.view.Inwards(std::move(body_));
    for (const char* name : {"Authorization", "Content-Type", "Accept", "User-Agent"}) {
      const std::string value = HeaderOf(head_, name);
      if (!value.empty()) headers = curl_slist_append(headers, fmt::format("{}: {}", name, value).c_str());
    }
    headers = curl_slist_append(headers, "Expect:");
    curl_easy_reset(easy_);
    curl_easy_setopt(easy_, CURLOPT_URL, (proxy_.options_.server + target).c_str());
    curl_easy_setopt(easy_, CURLOPT_CUSTOMREQUEST, asked_.method.c_str());
    curl_easy_setopt(easy_, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(easy_, CURLOPT_CAINFO, proxy_.options_.authorities.c_str());
    curl_easy_setopt(easy_, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    curl_easy_setopt(easy_, CURLOPT_PROXY, "");
    curl_easy_setopt(easy_, CURLOPT_NOSIGNAL, 1L);
    // A request that may have been carried out isn't carried out twice by us.
    if (asked_.IsWrite()) curl_easy_setopt(easy_, CURLOPT_FRESH_CONNECT, 1L);
    if (!body_.empty()) {
      curl_easy_setopt(easy_, CURLOPT_POSTFIELDSIZE, static_cast<long>(body_.size()));
      curl_easy_setopt(easy_, CURLOPT_POSTFIELDS, body_.c_str());
    }
    curl_easy_setopt(easy_, CURLOPT_WRITEDATA, this);
    curl_easy_setopt(easy_, CURLOPT_HEADERDATA, this);
    curl_easy_setopt(easy_, CURLOPT_XFERINFODATA, this);
    curl_easy_setopt(easy_, CURLOPT_NOPROGRESS, 0L);
  }

  int Perform() {
    curl_slist* headers = nullptr;
    Prepare(headers);
    // NOLINTBEGIN(bugprone-easily-swappable-parameters): libcurl's
    curl_easy_setopt(
        easy_, CURLOPT_WRITEFUNCTION, +[](char* data, std::size_t size, std::size_t count, void* self) -> std::size_t {
          const bool goes_on = static_cast<Connection*>(self)->Part({data, size * count});
          return goes_on ? size * count : 0;
        });
    curl_easy_setopt(
        easy_, CURLOPT_HEADERFUNCTION, +[](char* data, std::size_t size, std::size_t count, void* self) -> std::size_t {
          const bool goes_on = static_cast<Connection*>(self)->Header({data, size * count});
          return goes_on ? size * count : 0;
        });
    curl_easy_setopt(
        easy_, CURLOPT_XFERINFOFUNCTION, +[](void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) -> int {
          return static_cast<Connection*>(self)->IsOver() ? 1 : 0;
        });
    // NOLINTEND(bugprone-easily-swappable-parameters)
    given_.clear();
    const CURLcode code = curl_easy_perform(easy_);
    curl_slist_free_all(headers);
    long status = 0;
    curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
    {
      const std::lock_guard lock(proxy_.mutex_);
      proxy_.log_[entry_].answered = static_cast<int>(status);
    }
    return code == CURLE_OK || asked_.IsWatch() ? static_cast<int>(status) : 0;
  }

  Answer Ask() {
    const int status = Perform();
    char* type = nullptr;
    curl_easy_getinfo(easy_, CURLINFO_CONTENT_TYPE, &type);
    curl_off_t retry_after = 0;
    curl_easy_getinfo(easy_, CURLINFO_RETRY_AFTER, &retry_after);
    return {status, type == nullptr ? "text/plain" : type, proxy_.options_.view.Outwards(std::exchange(given_, {})),
            retry_after > 0 ? std::to_string(retry_after) : ""};
  }

  // --- Watches.

  bool Watch() {
    streams_ = false;
    seen_events_ = 0;
    cut_ = false;
    const int status = Perform();
    if (!streams_) {
      if (status == 0) return Reset();
      return Send({status, "application/json", proxy_.options_.view.Outwards(std::exchange(given_, {})), ""});
    }
    if (proxy_.down_) return Reset();
    if (cut_) return false;
    return SendText("0\r\n\r\n");
  }

  // Of an answer's body, as it comes; false: no more of it is wanted.
  bool Part(std::string_view part) {
    given_ += part;
    if (!asked_.IsWatch()) return true;
    if (!streams_) return true;
    std::size_t end = 0;
    while ((end = given_.find('\n')) != std::string::npos) {
      const std::string line = proxy_.options_.view.Outwards(given_.substr(0, end + 1));
      given_.erase(0, end + 1);
      if (!Tell(line)) return false;
    }
    return true;
  }

  // A watch is known to work by its header, which comes long before an event may.
  bool Header(std::string_view line) {
    long status = 0;
    curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
    if (!asked_.IsWatch() || status != 200 || line != "\r\n") return true;
    streams_ = true;
    return SendText("HTTP/1.1 200 .\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n");
  }

  bool Tell(const std::string& line) {
    if (proxy_.down_) return false;
    const bool now = seen_events_++ == fate_.events;
    if (now && fate_.fault == Fault::kWatchStalled) {
      proxy_.Reach(NameOf(fate_.fault));
      Rest(fate_.lasts);
    }
    if (now && fate_.fault == Fault::kWatchCut) {
      proxy_.Reach(NameOf(fate_.fault));
      Chunk(line.substr(0, line.size() / 2));
      cut_ = true;
      return false;
    }
    if (now && fate_.fault == Fault::kGoneEvent) {
      proxy_.Reach(NameOf(fate_.fault));
      const Json event = {
          {"type", "ERROR"},
          {"object", cluster::ParseJson(StatusAnswer(410, "Expired", "too old resource version").body)}};
      Chunk(event.dump() + "\n");
      return false;
    }
    return Chunk(line);
  }

  bool Chunk(const std::string& text) const { return SendText(fmt::format("{:x}\r\n{}\r\n", text.size(), text)); }

  // Whether nobody waits any more for what comes.
  bool IsOver() const { return proxy_.ends_ || (asked_.IsWatch() && (proxy_.down_ || IsClosed(socket_))); }

  Proxy& proxy_;
  const int socket_;
  CURL* const easy_;
  const int process_;
  std::string received_, head_, body_, target_, given_;
  Asked asked_;
  Fate fate_;
  std::optional<Moment> killed_;
  std::function<void()> kill_;
  std::size_t entry_ = 0;
  bool streams_ = false, cut_ = false;
  std::size_t seen_events_ = 0;
};

Proxy::Proxy(Options options) : options_(std::move(options)) {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  SLUICE_CHECK(bind(listener_, reinterpret_cast<const sockaddr*>(&address), size) == 0);
  SLUICE_CHECK(getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  SLUICE_CHECK(listen(listener_, 256) == 0);
  port_ = ntohs(address.sin_port);
  accepting_ = std::thread([this] { Accept(); });
}

Proxy::~Proxy() {
  ends_ = true;
  accepting_.join();
  for (std::thread& connection : connections_) connection.join();
  close(listener_);
}

std::string Proxy::url() const { return fmt::format("http://127.0.0.1:{}", port_); }

void Proxy::Accept() {
  while (!ends_) {
    pollfd look{listener_, POLLIN, 0};
    if (poll(&look, 1, static_cast<int>(kLook.count())) <= 0) continue;
    const int socket = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0) continue;
    connections_.emplace_back([this, socket] { Connection(*this, socket).Serve(); });
  }
}

void Proxy::KillAt(std::size_t write, Moment moment, std::function<void()> kill) {
  const std::lock_guard lock(mutex_);
  kill_at_ = writes_ + write;
  moment_ = moment;
  kill_ = std::move(kill);
}

void Proxy::KillNobody() {
  const std::lock_guard lock(mutex_);
  kill_at_ = 0;
  kill_ = nullptr;
}

std::vector<Proxy::Entry> Proxy::log() const {
  const std::lock_guard lock(mutex_);
  return log_;
}

std::map<std::string, int> Proxy::reached() const {
  const std::lock_guard lock(mutex_);
  return reached_;
}

void Proxy::Reach(std::string_view what) {
  const std::lock_guard lock(mutex_);
  ++reached_[std::string(what)];
}

}  // namespace sluice::proxy
