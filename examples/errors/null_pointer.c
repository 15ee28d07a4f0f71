/* null-pointer: a search finds nothing, and its result is used all the same. */
#include <stdio.h>
#include <string.h>

struct city {
  const char *name;
  int inhabitants;
};

static const struct city cities[] = {{"Oslo", 700000}, {"Bergen", 290000}};

static const struct city *find(const char *name) {
  for (size_t i = 0; i < sizeof cities / sizeof cities[0]; i++)
    if (strcmp(cities[i].name, name) == 0)
      return &cities[i];
  return NULL;
}

int main(void) {
  printf("%d\n", find("Oslo")->inhabitants);
  printf("%d\n", find("Atlantis")->inhabitants);
  return 0;
}
