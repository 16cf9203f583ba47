#include "reconciler/http/curl_http.h"

#include <algorithm>
#include <map>
#include <utility>

#include <curl/curl.h>

#include "compiler/base/check.h"

namespace sluice::http {
namespace {

constexpr long kMaxConnections = 64;

struct Transfer {
  HttpRequest request;
  std::function<void(Result<HttpResponse>)> reply;
  HttpResponse response;
  curl_slist* headers = nullptr;
  bool too_large = false;

  Transfer() = default;
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;
  ~Transfer() { curl_slist_free_all(headers); }
};

std::size_t OnBody(char* data, std::size_t size, std::size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  const std::size_t bytes = size * count;
  if (transfer.response.body.size() + bytes > transfer.request.max_answer_bytes) {
    transfer.too_large = true;
    return 0;
  }
  transfer.response.body.append(data, bytes);
  return bytes;
}

// No header of a plan may begin another one.
bool IsOneLine(const std::string& text) { return text.find_first_of("\r\n") == std::string::npos; }

Error ErrorOf(const Transfer& transfer, CURLcode code) {
  if (transfer.too_large) return Error{ErrorCode::kTooLarge, "the answer is too large"};
  if (code == CURLE_OPERATION_TIMEDOUT) {
    return Error{ErrorCode::kUnavailable, "no answer within " + FormatDuration(transfer.request.timeout)};
  }
  if (code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL) {
    return Error{ErrorCode::kInvalid, "the address is no http or https URL"};
  }
  return Error{ErrorCode::kUnavailable, curl_easy_strerror(code)};
}

}  // namespace

struct CurlHttp::Parts {
  explicit Parts(loop::Loop& on) : loop(on) {}
  loop::Loop& loop;
  CURLM* multi = nullptr;
  std::map<CURL*, std::unique_ptr<Transfer>> transfers;
};

CurlHttp::CurlHttp(loop::Loop& loop) : parts_(std::make_unique<Parts>(loop)) {
  SLUICE_CHECK(curl_global_init(CURL_GLOBAL_DEFAULT) == 0);
  parts_->multi = curl_multi_init();
  SLUICE_CHECK(parts_->multi != nullptr);
  curl_multi_setopt(parts_->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, kMaxConnections);
}

CurlHttp::~CurlHttp() {
  for (auto& [easy, transfer] : parts_->transfers) {
    curl_multi_remove_handle(parts_->multi, easy);
    curl_easy_cleanup(easy);
  }
  curl_multi_cleanup(parts_->multi);
  curl_global_cleanup();
}

void CurlHttp::Send(HttpRequest request, std::function<void(Result<HttpResponse>)> reply) {
  auto transfer = std::make_unique<Transfer>();
  transfer->request = std::move(request);
  transfer->reply = std::move(reply);
  Transfer& t = *transfer;
  bool valid = true;
  const auto add_header = [&](const std::string& name, const std::string& value) {
    valid = valid && IsOneLine(name) && IsOneLine(value);
    t.headers = curl_slist_append(t.headers, (name + ": " + value).c_str());
  };
  for (const auto& [name, value] : t.request.headers) add_header(name, value);
  for (const auto& [name, value] : t.request.secret_headers) add_header(name, value.Reveal());
  t.headers = curl_slist_append(t.headers, "Expect:");

  CURL* easy = curl_easy_init();
  SLUICE_CHECK(easy != nullptr);
  curl_easy_setopt(easy, CURLOPT_URL, t.request.url.c_str());
  curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, t.request.method.c_str());
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, t.headers);
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(std::max<std::int64_t>(1, t.request.timeout.count())));
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_USERAGENT, "sluice");
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, OnBody);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &t);
  if (!t.request.body.empty()) {
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, t.request.body.data());
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(t.request.body.size()));
  }
  if (!valid || curl_multi_add_handle(parts_->multi, easy) != CURLM_OK) {
    curl_easy_cleanup(easy);
    parts_->loop.Post([failed = std::move(t.reply)] {
      failed(Error{ErrorCode::kInvalid, "the request can't be sent as it is"});
    });
    return;
  }
  parts_->transfers.emplace(easy, std::move(transfer));
}

void CurlHttp::Wait(Duration timeout) {
  int running = 0;
  curl_multi_perform(parts_->multi, &running);
  long due = -1;
  curl_multi_timeout(parts_->multi, &due);
  std::int64_t wait = std::clamp<std::int64_t>(timeout.count(), 0, 60'000);
  if (due >= 0) wait = std::min<std::int64_t>(wait, due);
  curl_multi_poll(parts_->multi, nullptr, 0, static_cast<int>(wait), nullptr);
  curl_multi_perform(parts_->multi, &running);
  int left = 0;
  while (CURLMsg* message = curl_multi_info_read(parts_->multi, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    CURL* easy = message->easy_handle;
    const CURLcode code = message->data.result;
    const auto found = parts_->transfers.find(easy);
    SLUICE_CHECK(found != parts_->transfers.end());
    std::unique_ptr<Transfer> transfer = std::move(found->second);
    parts_->transfers.erase(found);
    long status = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    transfer->response.status = static_cast<int>(status);
    curl_multi_remove_handle(parts_->multi, easy);
    curl_easy_cleanup(easy);
    if (code == CURLE_OK)
      transfer->reply(std::move(transfer->response));
    else
      transfer->reply(ErrorOf(*transfer, code));
  }
}

void CurlHttp::Wake() { curl_multi_wakeup(parts_->multi); }

}  // namespace sluice::http
