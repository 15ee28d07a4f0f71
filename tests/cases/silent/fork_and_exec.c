/* case: kind=none
 * Children that free what the parent allocated, and one that becomes another program. */
#include "case.h"
#include <sys/wait.h>

int main(void) {
  char *shared = strdup("shared");
  int status = 0, sum = 0;
  for (int i = 0; i < 3; i++) {
    pid_t child = fork();
    if (child == 0) {
      free(shared);
      char *own = malloc(100);
      memset(own, i, 100);
      int code = own[50];
      free(own);
      exit(code);
    }
    waitpid(child, &status, 0);
    sum += WEXITSTATUS(status);
  }
  pid_t child = fork();
  if (child == 0) {
    execlp("true", "true", (char *)NULL);
    _exit(1);
  }
  waitpid(child, &status, 0);
  printf("%d %d\n", sum, WEXITSTATUS(status));
  free(shared);
  return 0;
}
