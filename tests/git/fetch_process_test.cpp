#include "reconciler/git/fetch_process.h"

#include <thread>

#include <catch2/catch.hpp>
#include <stdlib.h>

#include "tests/git/fixture.h"

namespace sluice::git {
namespace {

struct Variable {
  explicit Variable(const char* name) : name_(name) { setenv(name, "1", 1); }
  ~Variable() { unsetenv(name_); }
  const char* name_;
};

FetchRequest RequestOf(const ScratchDirectory& scratch) {
  FetchRequest request;
  request.directory = scratch.path() + "/copy";
  request.url = scratch.path() + "/remote";
  request.ref = "main";
  return request;
}

TEST_CASE("a child process fetches and answers") {
  ScratchDirectory scratch;
  TestRepository remote(scratch.path() + "/remote");
  const std::string commit = remote.Commit("main", {{"a.plan", "A"}}, "");
  const auto fetched = FetchInProcess(FETCH_CHILD, RequestOf(scratch), {});
  REQUIRE(fetched.ok());
  CHECK(fetched->commit == commit);
  CHECK(fetched->fetched);
  CHECK_FALSE(FetchInProcess(FETCH_CHILD, RequestOf(scratch), {})->fetched);
}

TEST_CASE("an error of the child keeps its code and message") {
  ScratchDirectory scratch;
  TestRepository remote(scratch.path() + "/remote");
  const auto error = FetchInProcess(FETCH_CHILD, RequestOf(scratch), {}).error();
  CHECK(error.code == ErrorCode::kNotFound);
  CHECK(error.message.find("the repository is empty") != std::string::npos);
}

TEST_CASE("a child that hangs is killed at its deadline") {
  ScratchDirectory scratch;
  const Variable hangs("FETCH_CHILD_HANGS");
  FetchRequest request = RequestOf(scratch);
  request.timeout = Duration(200);
  const auto error = FetchInProcess(FETCH_CHILD, request, {}).error();
  CHECK(error.code == ErrorCode::kUnavailable);
  CHECK(error.message.find("no answer within 200ms") != std::string::npos);
}

TEST_CASE("a fetch ends when it is stopped, and so do later ones") {
  ScratchDirectory scratch;
  const Variable hangs("FETCH_CHILD_HANGS");
  const FetchStop stop;
  std::thread stopper([&] { stop.Request(); });
  for (int i = 0; i < 2; ++i) {
    const auto error = FetchInProcess(FETCH_CHILD, RequestOf(scratch), stop).error();
    CHECK(error.code == ErrorCode::kUnavailable);
    CHECK(error.message.find("the fetch was stopped") != std::string::npos);
  }
  stopper.join();
}

TEST_CASE("a child that dies, and a program that isn't there, are errors") {
  ScratchDirectory scratch;
  {
    const Variable dies("FETCH_CHILD_DIES");
    CHECK(FetchInProcess(FETCH_CHILD, RequestOf(scratch), {}).error().code == ErrorCode::kUnavailable);
  }
  CHECK(FetchInProcess("/nowhere/sluice", RequestOf(scratch), {}).error().code == ErrorCode::kUnavailable);
}

}  // namespace
}  // namespace sluice::git
