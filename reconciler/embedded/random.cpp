#include "reconciler/embedded/random.h"

namespace sluice::embedded {
namespace {

std::uint64_t Scramble(std::uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

}  // namespace

std::uint64_t Mix(std::uint64_t seed, std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325ULL ^ Scramble(seed + 0x9e3779b97f4a7c15ULL);
  for (char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return Scramble(hash);
}

std::uint64_t Random::Next() {
  state_ += 0x9e3779b97f4a7c15ULL;
  return Scramble(state_);
}

Duration Random::Within(const Lag& lag) {
  if (lag.most <= lag.least) return lag.least;
  auto span = static_cast<std::uint64_t>((lag.most - lag.least).count()) + 1;
  return lag.least + Duration(static_cast<Duration::rep>(Below(span)));
}

}  // namespace sluice::embedded
