/* heap-use-after-free: a second pointer to a freed object is still used. */
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
  free(account);
  account = NULL; /* this one is safe now; the other one dangles */
  printf("%.2f\n", favourite->balance);
  return 0;
}
