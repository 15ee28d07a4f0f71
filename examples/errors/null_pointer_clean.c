/* The clean twin of null_pointer.c: it asks whether something was found. */
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
  const char *wanted[] = {"Oslo", "Atlantis"};
  for (int i = 0; i < 2; i++) {
    const struct city *city = find(wanted[i]);
    if (city != NULL)
      printf("%d\n", city->inhabitants);
    else
      printf("there is no %s\n", wanted[i]);
  }
  return 0;
}
