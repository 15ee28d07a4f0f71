/* case: kind=double-free object=32
 * An entry stands in a list and in a table, and each frees its entries. */
#include "case.h"

struct entry {
  struct entry *next;
  char name[24];
};

static NOINLINE void list_free(struct entry *list) {
  while (list != NULL) {
    struct entry *next = list->next;
    free(list); // FREE
    list = next;
  }
}
static NOINLINE void table_free(struct entry **table, size_t count) {
  for (size_t i = 0; i < count; i++) {
    free(table[i]); // BUG
  }
}

int main(void) {
  struct entry *table[3], *list = NULL;
  for (int i = 0; i < 3; i++) {
    table[i] = calloc(1, sizeof *table[i]); // ALLOC
    if (i == 1) {
      table[i]->next = list;
      list = table[i];
      if (!BAD) {
        table[i] = NULL;
      }
    }
  }
  list_free(opaque(list));
  table_free(opaque(table), 3);
  puts("done");
  return 0;
}
