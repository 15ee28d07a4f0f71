/* case: kind=double-free object=7
 * A struct is copied by assignment, and both copies own the name. */
#include "case.h"

struct person {
  char *name;
  int age;
};

static NOINLINE void person_clear(struct person *person) {
  free(person->name); // FREE BUG
}

int main(void) {
  struct person ada = {strdup(opaque("Ada L.")), 36}; // ALLOC
  struct person copy = ada;
  copy.age++;
  if (!BAD) {
    copy.name = strdup(ada.name);
  }
  person_clear(&ada);
  person_clear(&copy);
  printf("%d\n", copy.age);
  return 0;
}
