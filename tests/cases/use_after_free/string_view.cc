/* case: kind=heap-use-after-free access=read object=51
 * A view of a string that has gone out of scope. */
#include "case.h"
#include <string>
#include <string_view>

static NOINLINE int count_spaces(std::string_view text) {
  int count = 0;
  for (size_t i = 0; i < text.size(); i++) {
    count += static_cast<const volatile char *>(text.data())[i] == ' '; // BUG
  }
  return count;
}

int main() {
  std::string_view view;
  std::string kept;
  {
    std::string text(50, ' ');
    view = text;
    if (!BAD) {
      kept = std::move(text);
      view = kept;
    }
  }
  printf("%d\n", count_spaces(view) > 100);
}
