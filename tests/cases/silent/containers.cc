/* case: kind=none
 * The standard library's containers, streams and exceptions. */
#include <algorithm>
#include <deque>
#include <functional>
#include <iostream>
#include <list>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <unordered_map>
#include <vector>

int main() {
  std::map<std::string, std::vector<int>> table;
  std::unordered_map<int, std::string> names;
  std::deque<std::unique_ptr<std::string>> queue;
  for (int i = 0; i < 500; i++) {
    table["key " + std::to_string(i % 37)].push_back(i);
    names[i] = std::string(static_cast<size_t>(i % 60), 'n');
    queue.push_back(std::make_unique<std::string>("entry " + std::to_string(i)));
    if (i % 3 == 0) {
      queue.pop_front();
    }
  }
  std::list<int> numbers;
  for (auto &[key, values] : table) {
    numbers.push_front(static_cast<int>(values.size() + key.size()));
  }
  numbers.sort();
  std::ostringstream text;
  try {
    for (int number : numbers) {
      text << number << ' ' << std::hex << number << std::dec << '\n';
    }
    names.at(1000);
  } catch (const std::exception &error) {
    text << "caught\n";
  }
  std::cout << text.str().size() << ' ' << queue.size() << std::endl;
}
