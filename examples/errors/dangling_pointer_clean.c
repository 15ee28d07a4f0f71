/* The clean twin of dangling_pointer.c: the object is freed after its last use. */
#include <stdio.h>
#include <stdlib.h>

struct account {
  int number;
  double balance;
};

int main(void) {
  struct account *account = malloc(sizeof *account);
  if (account == NULL)
    return 1;
  account->number = 17;
  account->balance = 100.0;
  struct account *favourite = account;
  printf("%.2f\n", favourite->balance);
  favourite = NULL;
  free(account);
  return 0;
}
