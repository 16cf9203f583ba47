#include "reconciler/kubernetes/access.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>

namespace sluice::kubernetes {
namespace {

constexpr Duration kTokenAge{60'000};
constexpr Duration kTlsAge{300'000};
constexpr std::size_t kMaxFile = std::size_t{1024} * 1024;

std::string Trimmed(const std::string& text) {
  constexpr const char* kBlank = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kBlank);
  return begin == std::string::npos ? "" : text.substr(begin, text.find_last_not_of(kBlank) - begin + 1);
}

bool IsPem(const std::string& text) { return text.find("-----BEGIN ") != std::string::npos; }

}  // namespace

Result<std::string> ReadWholeFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) {
    return Error{ErrorCode::kNotFound, "cannot read " + path + ": " + std::strerror(errno)};  // NOLINT: one thread
  }
  std::string text(kMaxFile + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (in.bad()) return Error{ErrorCode::kNotFound, "cannot read " + path};
  if (text.size() > kMaxFile) return Error{ErrorCode::kTooLarge, path + " has more than 1 MiB"};
  return text;
}

Access::Access(Connection connection, ReadFile read, RunPlugin run)
    : connection_(std::move(connection)), read_(std::move(read)), run_(std::move(run)) {}

Result<void> Access::AskPlugin(TimePoint now) {
  if (!connection_.plugin || (given_ && (!given_->expires || now < *given_->expires))) return {};
  const ExecPlugin& plugin = *connection_.plugin;
  if (!run_) return Error{ErrorCode::kInvalid, "user `" + plugin.user + "`: programs for credentials are not run here"};
  std::string authorities = connection_.authorities.text;
  if (plugin.provide_cluster_info && !connection_.authorities.file.empty()) {
    auto read = read_(connection_.authorities.file);
    if (!read) return std::move(read).error();
    authorities = *std::move(read);
  }
  const auto output = run_(plugin, [&](bool asks) { return ExecInfo(plugin, connection_, authorities, asks); });
  if (!output) return output.error();
  auto credential = ReadExecCredential(plugin, *output);
  if (!credential) return std::move(credential).error();
  if (!credential->certificate.empty() && !IsPem(credential->certificate)) {
    return Error{ErrorCode::kInvalid,
                 "user `" + plugin.user + "`: the program `" + plugin.command + "` gave a certificate that is no PEM"};
  }
  given_ = *std::move(credential);
  given_at_ = now;
  tls_read_ = token_read_ = false;
  return {};
}

Result<void> Access::ReadTls() {
  http::Tls tls;
  tls.server_name = connection_.server_name;
  tls.insecure = connection_.insecure;
  const auto load = [&](const std::string& file, std::string text) -> Result<std::string> {
    if (file.empty()) return text;
    auto read = read_(file);
    if (read && !IsPem(*read)) return Error{ErrorCode::kInvalid, file + " holds no PEM"};
    return read;
  };
  auto authorities = load(connection_.authorities.file, connection_.authorities.text);
  if (!authorities) return std::move(authorities).error();
  const bool given = given_ && !given_->certificate.empty();
  auto certificate = given ? Result<std::string>(given_->certificate)
                           : load(connection_.certificate.file, connection_.certificate.text);
  if (!certificate) return std::move(certificate).error();
  auto key = given ? Result<std::string>(given_->key.Reveal()) : load(connection_.key_file, connection_.key.Reveal());
  if (!key) return std::move(key).error();
  tls.authorities = *std::move(authorities);
  tls.certificate = *std::move(certificate);
  tls.key = http::Secret(*std::move(key));
  const http::Tls* before = pass_.tls.get();
  const bool same = before != nullptr && before->authorities == tls.authorities &&
                    before->certificate == tls.certificate && before->key.Reveal() == tls.key.Reveal();
  // Connections are kept for as long as it is the same.
  if (!same) pass_.tls = std::make_shared<const http::Tls>(std::move(tls));
  return {};
}

Result<void> Access::ReadToken() {
  if (connection_.token_file.empty()) {
    pass_.token = given_ ? given_->token : connection_.token;
    return {};
  }
  const auto read = read_(connection_.token_file);
  if (!read) return read.error();
  std::string token = Trimmed(*read);
  if (token.empty()) return Error{ErrorCode::kInvalid, connection_.token_file + " is empty"};
  pass_.token = http::Secret(std::move(token));
  return {};
}

Result<Access::Pass> Access::At(TimePoint now) {
  if (auto asked = AskPlugin(now); !asked) return std::move(asked).error();
  if (!tls_read_ || now - tls_read_at_ >= kTlsAge) {
    const auto read = ReadTls();
    if (!read && !tls_read_) return read.error();
    tls_read_ = true;
    tls_read_at_ = now;
  }
  if (!token_read_ || now - token_read_at_ >= kTokenAge) {
    const auto read = ReadToken();
    const bool had = !pass_.token.empty();
    if (!read && !had) return read.error();
    token_read_ = true;
    token_read_at_ = now;
  }
  return pass_;
}

bool Access::Refused(TimePoint asked_at) {
  if (connection_.plugin) {
    if (given_at_ > asked_at) return true;
    // One in place of the refused one is refused as well: asking a person again and again helps nobody.
    if (std::exchange(given_anew_, true) && asked_at - given_at_ < kTokenAge) return false;
    given_.reset();
    return true;
  }
  if (connection_.token_file.empty()) return false;
  if (token_read_ && token_read_at_ <= asked_at) token_read_ = false;
  return true;
}

}  // namespace sluice::kubernetes
