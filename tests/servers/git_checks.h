// What every transport of git is held to.
#pragma once

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "reconciler/git/fetch_process.h"
#include "reconciler/git/git_repository.h"

namespace sluice::servers {

// The repository as the program reads it: fetched by a child process.
inline git::GitRepository Open(const git::FetchRequest& request, const std::string& path = "plans") {
  return git::GitRepository(request, path,
                            [](const git::FetchRequest& r) { return git::FetchInProcess(FETCH_CHILD, r, {}); });
}

inline git::FetchRequest RequestOf(const std::string& copy, const std::string& url, const std::string& ref = "main") {
  git::FetchRequest request;
  request.directory = copy;
  request.url = url;
  request.ref = ref;
  request.timeout = Duration(20'000);
  return request;
}

// The error of a fetch that must fail, which names no secret.
inline Error Refused(const git::FetchRequest& request) {
  auto snapshot = Open(request).Fetch("");
  REQUIRE_FALSE(snapshot.ok());
  const Error error = snapshot.error();
  CAPTURE(error.message);
  for (const std::string& secret : {request.credentials.password, request.credentials.ssh_passphrase}) {
    if (!secret.empty()) CHECK(error.message.find(secret) == std::string::npos);
  }
  CHECK(error.message.find("PRIVATE KEY") == std::string::npos);
  return error;
}

inline bool Says(const Error& error, const std::string& what) { return error.message.find(what) != std::string::npos; }

}  // namespace sluice::servers
