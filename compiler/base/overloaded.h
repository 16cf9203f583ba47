// Functions for `std::visit`, one for each alternative, written where they are used.
#pragma once

namespace sluice {

template <typename... Fs>
struct Overloaded : Fs... {
  using Fs::operator()...;
};
template <typename... Fs>
Overloaded(Fs...) -> Overloaded<Fs...>;

}  // namespace sluice
