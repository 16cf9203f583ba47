#include "reconciler/http/curl_http.h"

#include <algorithm>
#include <cctype>
#include <deque>
#include <map>
#include <optional>
#include <utility>

#include <curl/curl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "compiler/base/check.h"

namespace sluice::http {
namespace {

constexpr long kMaxConnections = 64;
constexpr std::size_t kMaxHeaderBytes = std::size_t{64} * 1024;
// Until a connection whose peer doesn't acknowledge is given up. Streams may be silent for long, so they ask the peer
// whether it is there.
constexpr unsigned kUnacknowledgedMs = 20'000;
constexpr long kConnectMs = 15'000;  // of a stream, whose silence counts from when it is connected
constexpr long kProbeAfterSeconds = 15, kProbeEverySeconds = 5;

struct Transfer {
  HttpRequest request;
  std::function<void(Result<HttpResponse>)> reply;
  std::optional<StreamingHttp::Handler> stream;
  StreamId id = StreamId::kNone;
  HttpResponse response;
  std::string part;    // of a stream, not given yet
  bool began = false;  // of a stream: there is an answer, and that was not told yet
  CURL* easy = nullptr;
  curl_slist* headers = nullptr;
  curl_slist* connect_to = nullptr;
  std::size_t header_bytes = 0;
  bool too_large = false;

  Transfer() = default;
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;
  ~Transfer() {
    curl_easy_cleanup(easy);
    curl_slist_free_all(headers);
    curl_slist_free_all(connect_to);
  }

  bool has_news() const { return began || !part.empty(); }
  bool streams() const {
    long status = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    return stream && status == 200;
  }
};

std::size_t OnBody(char* data, std::size_t size, std::size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  const std::size_t bytes = size * count;
  std::string& to = transfer.streams() ? transfer.part : transfer.response.body;
  if (to.size() + bytes > transfer.request.max_answer_bytes) {
    transfer.too_large = true;
    return 0;
  }
  to.append(data, bytes);
  return bytes;
}

std::string_view Trimmed(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

std::size_t OnHeader(char* data, std::size_t size, std::size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  const std::string_view line(data, size * count);
  transfer.header_bytes += line.size();
  if (transfer.header_bytes > kMaxHeaderBytes) {
    transfer.too_large = true;
    return 0;
  }
  // The headers of a 100 or of a proxy's answer come before those that count.
  if (line.starts_with("HTTP/")) transfer.response.headers.clear();
  if (Trimmed(line).empty()) transfer.began = transfer.streams();
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return line.size();
  std::string name(line.substr(0, colon));
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
  transfer.response.headers.emplace_back(std::move(name), Trimmed(line.substr(colon + 1)));
  return line.size();
}

int OnSocket(void*, curl_socket_t socket, curlsocktype) {
  // Where the kernel doesn't know the option, deadlines alone tell.
  const unsigned milliseconds = kUnacknowledgedMs;
  setsockopt(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, &milliseconds, sizeof milliseconds);
  return CURL_SOCKOPT_OK;
}

// No header of a plan may begin another one.
bool IsOneLine(const std::string& text) { return text.find_first_of("\r\n") == std::string::npos; }

bool ChangesNothing(const std::string& method) { return method == "GET" || method == "HEAD"; }

Error ErrorOf(const Transfer& transfer, CURLcode code) {
  if (transfer.too_large) return Error{ErrorCode::kTooLarge, "the answer is too large"};
  if (code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL) {
    return Error{ErrorCode::kInvalid, "the address is no http or https URL"};
  }
  if (code == CURLE_SSL_CERTPROBLEM) return Error{ErrorCode::kInvalid, "the client certificate and key can't be used"};
  if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE) {
    return Error{ErrorCode::kUnavailable, "the server's certificate is not trusted"};
  }
  curl_off_t sent_after = 0;
  curl_easy_getinfo(transfer.easy, CURLINFO_PRETRANSFER_TIME_T, &sent_after);
  const bool begun = sent_after > 0 && !ChangesNothing(transfer.request.method);
  const ErrorCode lost = begun ? ErrorCode::kAmbiguous : ErrorCode::kUnavailable;
  if (code == CURLE_OPERATION_TIMEDOUT) {
    return Error{lost, "no answer within " + FormatDuration(transfer.request.timeout)};
  }
  return Error{lost, curl_easy_strerror(code)};
}

void Blob(CURL* easy, CURLoption option, const std::string& text) {
  curl_blob blob{const_cast<char*>(text.data()), text.size(), CURL_BLOB_COPY};  // NOLINT: curl's interface, a copy
  curl_easy_setopt(easy, option, &blob);
}

// Where "https://host:port/path" leads, as curl's CONNECT_TO names it, and the URL with `name` in its host's place.
void UseServerName(Transfer& t, const std::string& name) {
  CURLU* url = curl_url();
  char* host = nullptr;
  char* port = nullptr;
  char* renamed = nullptr;
  if (curl_url_set(url, CURLUPART_URL, t.request.url.c_str(), 0) == CURLUE_OK &&
      curl_url_get(url, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
      curl_url_get(url, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK &&
      curl_url_set(url, CURLUPART_HOST, name.c_str(), 0) == CURLUE_OK &&
      curl_url_get(url, CURLUPART_URL, &renamed, 0) == CURLUE_OK) {
    t.connect_to = curl_slist_append(nullptr, ("::" + std::string(host) + ":" + port).c_str());
    t.request.url = renamed;
    curl_easy_setopt(t.easy, CURLOPT_CONNECT_TO, t.connect_to);
  }
  curl_free(renamed);
  curl_free(port);
  curl_free(host);
  curl_url_cleanup(url);
}

void SetTls(Transfer& t) {
  if (t.request.tls == nullptr) return;
  const Tls& tls = *t.request.tls;
  if (!tls.authorities.empty()) {
    // In place of the system's, not beside them.
    curl_easy_setopt(t.easy, CURLOPT_CAPATH, nullptr);
    curl_easy_setopt(t.easy, CURLOPT_CAINFO, nullptr);
    Blob(t.easy, CURLOPT_CAINFO_BLOB, tls.authorities);
  }
  if (!tls.certificate.empty()) {
    Blob(t.easy, CURLOPT_SSLCERT_BLOB, tls.certificate);
    curl_easy_setopt(t.easy, CURLOPT_SSLCERTTYPE, "PEM");
    Blob(t.easy, CURLOPT_SSLKEY_BLOB, tls.key.Reveal());
    curl_easy_setopt(t.easy, CURLOPT_SSLKEYTYPE, "PEM");
  }
  if (!tls.server_name.empty()) UseServerName(t, tls.server_name);
  if (tls.insecure) {
    curl_easy_setopt(t.easy, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(t.easy, CURLOPT_SSL_VERIFYHOST, 0L);
  }
}

void SetVersion(const Transfer& t) {
  // Never HTTP/2: with many requests on one connection, some of which run into their deadlines, libcurl 7.88 gives
  // answers to others than they are for, and leaves requests without any until they are given up (curl issue 10525).
  curl_easy_setopt(t.easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
  // curl sends again by itself what a connection that it had kept didn't answer: a notification would come twice.
  if (t.request.fresh && !ChangesNothing(t.request.method)) curl_easy_setopt(t.easy, CURLOPT_FRESH_CONNECT, 1L);
}

// The environment's proxy isn't asked for this very machine, as with Go's clients, kubectl among them.
void SetProxy(const Transfer& t) {
  if (!t.request.proxy.empty()) {
    curl_easy_setopt(t.easy, CURLOPT_PROXY, t.request.proxy.c_str());
    return;
  }
  CURLU* url = curl_url();
  char* host = nullptr;
  if (curl_url_set(url, CURLUPART_URL, t.request.url.c_str(), 0) == CURLUE_OK &&
      curl_url_get(url, CURLUPART_HOST, &host, 0) == CURLUE_OK) {
    const std::string_view name = host;
    if (name == "localhost" || name == "[::1]" || name.starts_with("127.")) {
      curl_easy_setopt(t.easy, CURLOPT_PROXY, "");
    }
  }
  curl_free(host);
  curl_url_cleanup(url);
}

void SetDeadline(const Transfer& t) {
  const long milliseconds = static_cast<long>(std::max<std::int64_t>(1, t.request.timeout.count()));
  if (!t.stream) {
    curl_easy_setopt(t.easy, CURLOPT_TIMEOUT_MS, milliseconds);
    return;
  }
  curl_easy_setopt(t.easy, CURLOPT_CONNECTTIMEOUT_MS, std::min(milliseconds, kConnectMs));
  curl_easy_setopt(t.easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(t.easy, CURLOPT_LOW_SPEED_TIME, std::max(1L, milliseconds / 1000));
  curl_easy_setopt(t.easy, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(t.easy, CURLOPT_TCP_KEEPIDLE, kProbeAfterSeconds);
  curl_easy_setopt(t.easy, CURLOPT_TCP_KEEPINTVL, kProbeEverySeconds);
}

// Whether the request can be sent as it is.
bool Prepare(Transfer& t) {
  bool valid = true;
  const auto add_header = [&](const std::string& name, const std::string& value) {
    valid = valid && IsOneLine(name) && IsOneLine(value);
    t.headers = curl_slist_append(t.headers, (name + ": " + value).c_str());
  };
  for (const auto& [name, value] : t.request.headers) add_header(name, value);
  for (const auto& [name, value] : t.request.secret_headers) add_header(name, value.Reveal());
  t.headers = curl_slist_append(t.headers, "Expect:");

  t.easy = curl_easy_init();
  SLUICE_CHECK(t.easy != nullptr);
  SetTls(t);
  SetVersion(t);
  SetDeadline(t);
  curl_easy_setopt(t.easy, CURLOPT_URL, t.request.url.c_str());
  curl_easy_setopt(t.easy, CURLOPT_CUSTOMREQUEST, t.request.method.c_str());
  curl_easy_setopt(t.easy, CURLOPT_HTTPHEADER, t.headers);
  curl_easy_setopt(t.easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(t.easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(t.easy, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
  curl_easy_setopt(t.easy, CURLOPT_USERAGENT, "sluice");
  curl_easy_setopt(t.easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(t.easy, CURLOPT_SOCKOPTFUNCTION, OnSocket);
  SetProxy(t);
  // A stream's parts are to be seen when they come.
  if (!t.stream) curl_easy_setopt(t.easy, CURLOPT_ACCEPT_ENCODING, "");
  curl_easy_setopt(t.easy, CURLOPT_WRITEFUNCTION, OnBody);
  curl_easy_setopt(t.easy, CURLOPT_WRITEDATA, &t);
  curl_easy_setopt(t.easy, CURLOPT_HEADERFUNCTION, OnHeader);
  curl_easy_setopt(t.easy, CURLOPT_HEADERDATA, &t);
  if (!t.request.body.empty()) {
    curl_easy_setopt(t.easy, CURLOPT_POSTFIELDS, t.request.body.data());
    curl_easy_setopt(t.easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(t.request.body.size()));
  }
  return valid;
}

}  // namespace

struct CurlHttp::Parts {
  explicit Parts(loop::Loop& on) : loop(on) {}

  void Add(std::shared_ptr<Transfer> transfer);
  void LimitConnections();
  bool HasNews(int running) const;
  void GiveParts();
  void Finish(CURL* easy, CURLcode code);

  loop::Loop& loop;
  CURLM* multi = nullptr;
  std::map<CURL*, std::shared_ptr<Transfer>> transfers;
  std::map<StreamId, std::shared_ptr<Transfer>> streams;
  std::uint64_t next_stream = 1;
  long ahead = 0;  // requests under way that don't wait for others
  std::shared_ptr<bool> alive = std::make_shared<bool>(true);
};

CurlHttp::CurlHttp(loop::Loop& loop) : parts_(std::make_unique<Parts>(loop)) {
  SLUICE_CHECK(curl_global_init(CURL_GLOBAL_DEFAULT) == 0);
  parts_->multi = curl_multi_init();
  SLUICE_CHECK(parts_->multi != nullptr);
  curl_multi_setopt(parts_->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, kMaxConnections);
}

CurlHttp::~CurlHttp() {
  *parts_->alive = false;
  for (auto& [easy, transfer] : parts_->transfers) curl_multi_remove_handle(parts_->multi, easy);
  parts_->streams.clear();
  parts_->transfers.clear();
  curl_multi_cleanup(parts_->multi);
  curl_global_cleanup();
}

void CurlHttp::Send(HttpRequest request, std::function<void(Result<HttpResponse>)> reply) {
  auto transfer = std::make_shared<Transfer>();
  transfer->request = std::move(request);
  transfer->reply = std::move(reply);
  parts_->Add(std::move(transfer));
}

StreamId CurlHttp::Open(HttpRequest request, Handler handler) {
  auto transfer = std::make_shared<Transfer>();
  transfer->id = static_cast<StreamId>(parts_->next_stream++);
  transfer->request = std::move(request);
  transfer->stream = std::move(handler);
  const StreamId id = transfer->id;
  parts_->streams.emplace(id, transfer);
  // What calls it may be over before the answer.
  transfer->reply = [parts = parts_.get(), alive = parts_->alive, id](Result<HttpResponse> end) {
    if (!*alive) return;
    const auto found = parts->streams.find(id);
    if (found == parts->streams.end()) return;
    const std::shared_ptr<Transfer> ended = std::move(found->second);
    parts->streams.erase(found);
    ended->stream->on_end(std::move(end));
  };
  parts_->Add(std::move(transfer));
  return id;
}

void CurlHttp::Close(StreamId stream) {
  const auto found = parts_->streams.find(stream);
  if (found == parts_->streams.end()) return;
  const std::shared_ptr<Transfer> closed = std::move(found->second);
  parts_->streams.erase(found);
  if (parts_->transfers.contains(closed->easy)) {
    curl_multi_remove_handle(parts_->multi, closed->easy);
    parts_->transfers.erase(closed->easy);
  }
}

// Each stream has a connection, of which others must not be deprived; nor must they deprive what goes ahead of them.
void CurlHttp::Parts::LimitConnections() {
  curl_multi_setopt(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, kMaxConnections + static_cast<long>(streams.size()) + ahead);
}

void CurlHttp::Parts::Add(std::shared_ptr<Transfer> transfer) {
  Transfer& t = *transfer;
  ahead += t.request.ahead ? 1 : 0;
  LimitConnections();
  if (!Prepare(t) || curl_multi_add_handle(multi, t.easy) != CURLM_OK) {
    ahead -= t.request.ahead ? 1 : 0;
    loop.Post([failed = std::move(t.reply)] {
      failed(Error{ErrorCode::kInvalid, "the request can't be sent as it is"});
    });
    return;
  }
  transfers.emplace(t.easy, std::move(transfer));
}

bool CurlHttp::Parts::HasNews(int running) const {
  return static_cast<std::size_t>(running) < transfers.size() ||
         std::any_of(streams.begin(), streams.end(), [](const auto& stream) { return stream.second->has_news(); });
}

// Not from within curl's calls: what hears of a part may send and close.
void CurlHttp::Parts::GiveParts() {
  std::deque<std::shared_ptr<Transfer>> some;
  for (const auto& [id, transfer] : streams) {
    if (transfer->has_news()) some.push_back(transfer);
  }
  for (const std::shared_ptr<Transfer>& transfer : some) {
    if (!streams.contains(transfer->id)) continue;
    if (std::exchange(transfer->began, false)) transfer->stream->on_part("");
    const std::string part = std::exchange(transfer->part, {});
    if (!part.empty() && streams.contains(transfer->id)) transfer->stream->on_part(part);
  }
}

void CurlHttp::Parts::Finish(CURL* easy, CURLcode code) {
  const auto found = transfers.find(easy);
  SLUICE_CHECK(found != transfers.end());
  const std::shared_ptr<Transfer> transfer = std::move(found->second);
  transfers.erase(found);
  ahead -= transfer->request.ahead ? 1 : 0;
  long status = 0;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  transfer->response.status = static_cast<int>(status);
  curl_multi_remove_handle(multi, easy);
  if (code == CURLE_OK)
    transfer->reply(std::move(transfer->response));
  else
    transfer->reply(ErrorOf(*transfer, code));
}

void CurlHttp::Wait(Duration timeout) {
  int running = 0;
  curl_multi_perform(parts_->multi, &running);
  long due = -1;
  curl_multi_timeout(parts_->multi, &due);
  std::int64_t wait = std::clamp<std::int64_t>(timeout.count(), 0, 60'000);
  if (due >= 0) wait = std::min<std::int64_t>(wait, due);
  // What has come already must not wait for more to come.
  if (parts_->HasNews(running)) wait = 0;
  curl_multi_poll(parts_->multi, nullptr, 0, static_cast<int>(wait), nullptr);
  curl_multi_perform(parts_->multi, &running);
  parts_->GiveParts();
  int left = 0;
  while (CURLMsg* message = curl_multi_info_read(parts_->multi, &left)) {
    if (message->msg == CURLMSG_DONE) parts_->Finish(message->easy_handle, message->data.result);
  }
}

void CurlHttp::Wake() { curl_multi_wakeup(parts_->multi); }

}  // namespace sluice::http
