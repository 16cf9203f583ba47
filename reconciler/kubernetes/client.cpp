#include "reconciler/kubernetes/client.h"

#include <algorithm>
#include <utility>

namespace sluice::kubernetes {
namespace {

constexpr int kMostAskedAgain = 10;
constexpr std::size_t kMaxAnswer = std::size_t{64} * 1024 * 1024;
constexpr Duration kBetweenFalls{1'000};

}  // namespace

void InFlightLimit::End(bool overloaded, TimePoint now) {
  --under_way_;
  if (!overloaded) {
    limit_ = std::min(most_, limit_ + 1 / limit_);
  } else if (now - fell_at_ >= kBetweenFalls) {
    limit_ = std::max(1.0, limit_ / 2);
    fell_at_ = now;
  }
}

Client::Client(http::StreamingHttp& http, loop::Loop& loop, Access& access, ClientOptions options)
    : http_(http), loop_(loop), access_(access), options_(std::move(options)), random_(options_.seed) {}

Client::~Client() { *alive_ = false; }

Duration Client::Within(Duration most) {
  return Duration(std::uniform_int_distribution<std::int64_t>(0, std::max<std::int64_t>(0, most.count()))(random_));
}

Result<http::HttpRequest> Client::Dress(http::HttpRequest request) {
  auto pass = access_.At(loop_.Now());
  if (!pass) return std::move(pass).error();
  request.url = access_.connection().server + request.url;
  request.tls = pass->tls;
  request.proxy = access_.connection().proxy;
  request.headers.emplace_back("User-Agent", options_.user_agent);
  request.headers.emplace_back("Accept", "application/json");
  request.max_answer_bytes = kMaxAnswer;
  if (!pass->token.empty()) {
    request.secret_headers.emplace_back("Authorization", http::Secret("Bearer " + pass->token.Reveal()));
  }
  return request;
}

void Client::Send(ApiRequest request, std::function<void(Answer)> reply) {
  auto job = std::make_shared<Job>();
  job->request = std::move(request);
  job->reply = std::move(reply);
  (job->request.writes() ? waiting_writes_ : waiting_reads_).push_back(std::move(job));
  Start();
}

void Client::Start() {
  const auto start = [this](InFlightLimit& limit, std::deque<std::shared_ptr<Job>>& waiting) {
    while (!waiting.empty() && limit.HasRoom()) {
      const std::shared_ptr<Job> job = std::move(waiting.front());
      waiting.pop_front();
      limit.Begin();
      Perform(job);
    }
  };
  start(writes_, waiting_writes_);
  start(reads_, waiting_reads_);
}

void Client::Perform(const std::shared_ptr<Job>& job) {
  http::HttpRequest request;
  request.method = job->request.method;
  request.url = job->request.path;
  request.body = job->request.body;
  request.timeout = job->request.writes() ? options_.write_deadline : options_.deadline;
  // Whoever asked reads back what was not answered; a handshake for each write would cost more than the write.
  request.fresh = false;
  request.ahead = options_.ahead;
  if (!job->request.content_type.empty()) request.headers.emplace_back("Content-Type", job->request.content_type);
  const TimePoint asked_at = loop_.Now();
  auto dressed = Dress(std::move(request));
  if (!dressed) {
    loop_.Post([this, alive = alive_, job, asked_at, error = dressed.error()] {
      if (*alive) Answered(job, asked_at, Result<http::HttpResponse>(error));
    });
    return;
  }
  http_.Send(*std::move(dressed), [this, alive = alive_, job, asked_at](const Result<http::HttpResponse>& response) {
    if (*alive) Answered(job, asked_at, response);
  });
}

void Client::Answered(const std::shared_ptr<Job>& job, TimePoint asked_at, const Result<http::HttpResponse>& response) {
  Answer answer = Understand(response, job->request.writes(), loop_.Now());
  const bool overloaded = response.ok() && response->status == 429;
  (job->request.writes() ? writes_ : reads_).End(overloaded, loop_.Now());
  if (answer.refused && access_.Refused(asked_at) && !std::exchange(job->refused, true)) {
    (job->request.writes() ? waiting_writes_ : waiting_reads_).push_front(job);
  } else if (answer.retry_after && job->asked_again < kMostAskedAgain) {
    ++job->asked_again;
    // Those that were refused together must not come back together.
    const Duration pause = *answer.retry_after + Within(Duration(1'000));
    loop_.After(pause, [this, alive = alive_, job] {
      if (!*alive) return;
      (job->request.writes() ? waiting_writes_ : waiting_reads_).push_front(job);
      Start();
    });
  } else {
    const auto alive = alive_;
    job->reply(std::move(answer));
    if (!*alive) return;
  }
  Start();
}

http::StreamId Client::Open(const std::string& path, Duration silence, http::StreamingHttp::Handler handler) {
  http::HttpRequest request;
  request.url = path;
  request.timeout = silence;
  auto dressed = Dress(std::move(request));
  if (!dressed) {
    loop_.Post([on_end = std::move(handler.on_end), error = dressed.error()] { on_end(error); });
    return http::StreamId::kNone;
  }
  return http_.Open(*std::move(dressed), std::move(handler));
}

}  // namespace sluice::kubernetes
