// Work for a C++ compiler: the standard library's headers and templates of templates.
#include <cstddef>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

template <int N> struct node {
  std::map<std::string, std::vector<std::tuple<int, double, node<N - 1>>>> children;
  std::variant<int, std::string, node<N - 1>> value;
  std::size_t count() const {
    std::size_t total = children.size();
    for (const auto &[name, list] : children)
      for (const auto &entry : list)
        total += std::get<2>(entry).count() + name.size();
    return total;
  }
};

template <> struct node<0> {
  std::string text;
  std::size_t count() const { return text.size(); }
};

template <std::size_t... I> std::size_t sum_of_counts(std::index_sequence<I...>) {
  return (node<static_cast<int>(I % 6)>{}.count() + ...);
}

std::size_t all_counts() {
  return sum_of_counts(std::make_index_sequence<40>{});
}
