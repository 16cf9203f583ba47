// The members of a JSON object, sorted by name in one piece of memory, shared by all copies of the object until one
// of them changes: a cluster is mostly copies of objects that differ in little. A copy costs a count, whether two are
// equal is mostly told by their being the same, and a member that is changed costs the objects on the way to it.
//
// Iterators show and never change: a change by one would be seen in every copy. Members are written by their name
// (`json["name"]`), which parts what is shared first. Hold no reference that such a call gave across an insertion,
// which moves the other members, nor across a copy, which would show what is written by it later.
#pragma once

#include <algorithm>
#include <atomic>
#include <compare>
#include <cstddef>
#include <initializer_list>
#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>

#include <boost/container/flat_map.hpp>

namespace sluice::cluster {

// As nlohmann/json wants its map of texts; the allocator that it names is for pairs with a constant key, which can't
// move.
template <typename Key, typename Value, typename Less, typename /*Allocator*/>
class SharedMembers {
  using Map = boost::container::flat_map<Key, Value, Less, std::allocator<std::pair<Key, Value>>>;

 public:
  using key_type = Key;
  using mapped_type = Value;
  using value_type = typename Map::value_type;
  using key_compare = Less;
  using sequence_type = typename Map::sequence_type;
  using size_type = std::size_t;
  using difference_type = std::ptrdiff_t;
  using reference = const value_type&;
  using const_reference = const value_type&;
  using const_iterator = typename Map::const_iterator;
  using iterator = const_iterator;

  // Where a member is that may be changed: this object is no longer shared.
  class Placed {
   public:
    explicit Placed(typename Map::iterator at) : at_(at) {}
    value_type* operator->() const { return &*at_; }
    operator const_iterator() const { return at_; }  // NOLINT(google-explicit-constructor): as of any map

   private:
    typename Map::iterator at_;
  };

  SharedMembers() = default;
  template <typename Iterator>
  SharedMembers(Iterator first, Iterator last) {
    if (first != last) insert(first, last);
  }

  // Of members in the order of their names, each name once.
  static SharedMembers Of(sequence_type sorted) {
    SharedMembers members;
    members.Own().adopt_sequence(boost::container::ordered_unique_range, std::move(sorted));
    return members;
  }

  const_iterator begin() const { return members().begin(); }
  const_iterator end() const { return members().end(); }
  const_iterator cbegin() const { return begin(); }
  const_iterator cend() const { return end(); }
  void reserve(size_type size) { Own().reserve(size); }
  bool empty() const { return members().empty(); }
  size_type size() const { return members().size(); }
  size_type max_size() const { return members().max_size(); }

  // Few members are told apart soonest by the lengths and the first letters of their names.
  const_iterator find(std::string_view name) const {
    constexpr size_type kFew = 16;
    const Map& all = members();
    if (all.size() > kFew || name.empty()) return all.find(name);
    const auto is_it = [&](const value_type& member) {
      const std::string_view own = member.first;
      return own.size() == name.size() && own.front() == name.front() && own == name;
    };
    return std::find_if(all.begin(), all.end(), is_it);
  }
  size_type count(std::string_view name) const { return find(name) == end() ? 0 : 1; }

  Value& operator[](std::string_view name) { return emplace(name, nullptr).first->second; }

  // The member of that name, made of `value` if there was none, and whether it was made.
  template <typename Name, typename... Args>
  std::pair<Placed, bool> emplace(Name&& name, Args&&... value) {
    const auto present = find(name);
    if (present != end()) {
      const auto index = present - begin();
      return {Placed(Own().begin() + index), false};
    }
    auto [at, made] = Own().try_emplace(Key(std::forward<Name>(name)), std::forward<Args>(value)...);
    return {Placed(at), made};
  }

  // The same, quick where `hint` is right.
  template <typename Name, typename... Args>
  Placed emplace_hint(const_iterator hint, Name&& name, Args&&... value) {
    const auto index = hint - begin();
    Map& all = Own();
    return Placed(all.emplace_hint(all.begin() + index, std::forward<Name>(name), std::forward<Args>(value)...));
  }

  std::pair<Placed, bool> insert(value_type member) {
    auto [at, made] = Own().insert(std::move(member));
    return {Placed(at), made};
  }
  template <typename Iterator>
  void insert(Iterator first, Iterator last) {
    Own().insert(first, last);
  }

  const_iterator erase(const_iterator at) {
    const auto index = at - begin();
    Map& all = Own();
    return all.erase(all.begin() + index);
  }
  const_iterator erase(const_iterator first, const_iterator last) {
    const auto from = first - begin();
    const auto to = last - begin();
    Map& all = Own();
    return all.erase(all.begin() + from, all.begin() + to);
  }
  size_type erase(std::string_view name) {
    const auto at = find(name);
    if (at == end()) return 0;
    erase(at);
    return 1;
  }
  void clear() { shared_.reset(); }

  friend bool operator==(const SharedMembers& a, const SharedMembers& b) {
    return a.shared_ == b.shared_ || a.members() == b.members();
  }
  friend std::partial_ordering operator<=>(const SharedMembers& a, const SharedMembers& b) {
    return std::lexicographical_compare_three_way(a.begin(), a.end(), b.begin(), b.end(),
                                                  [](const auto& one, const auto& other) -> std::partial_ordering {
                                                    if (const auto names = one.first <=> other.first; names != 0)
                                                      return names;
                                                    return one.second <=> other.second;
                                                  });
  }

 private:
  const Map& members() const { return shared_ == nullptr ? None() : *shared_; }

  static const Map& None() {
    static const Map kNone;
    return kNone;
  }

  // What only this object has.
  Map& Own() {
    if (shared_ == nullptr) {
      shared_ = std::make_shared<Map>();
    } else if (shared_.use_count() > 1) {
      shared_ = std::make_shared<Map>(*shared_);
    } else {
      // Whoever shared it before, in another thread, has read it to the end.
      std::atomic_thread_fence(std::memory_order_acquire);
    }
    return *shared_;
  }

  std::shared_ptr<Map> shared_;
};

}  // namespace sluice::cluster
