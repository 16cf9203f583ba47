#include "reconciler/serve/server.h"

#include <thread>

#include <catch2/catch.hpp>
#include <httplib.h>

#include "reconciler/loop/real_loop.h"

namespace sluice::serve {

TEST_CASE("who still waits for an answer when the server ends gets one") {
  loop::RealLoop loop;
  Server server(loop);
  Answer never;
  server.Handle("/", [&](const Request&, Answer answer) {
    never = std::move(answer);
    loop.Stop();
  });
  const auto port = server.Start("127.0.0.1", 0);
  REQUIRE(port.ok());
  int status = 0;
  std::thread client([&] {
    const auto got = httplib::Client("127.0.0.1", *port).Get("/");
    status = got ? got->status : -1;
  });
  loop.Run();
  server.Stop();
  client.join();
  CHECK(status == 503);
  never(Response{});  // too late, and no harm
}

}  // namespace sluice::serve
