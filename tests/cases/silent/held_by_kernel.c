/* case: kind=none
 * The only pointer to a connection is in the kernel, as the data of an epoll entry. */
#include "case.h"
#include <sys/epoll.h>

int main(void) {
  int poll = epoll_create1(0), ends[2];
  if (pipe(ends) != 0) {
    return 1;
  }
  int *connection = calloc(8, sizeof *connection);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
  epoll_ctl(poll, EPOLL_CTL_ADD, ends[0], &event);
  connection = NULL;
  event.data.ptr = NULL;
  if (write(ends[1], "x", 1) != 1 || epoll_wait(poll, &event, 1, 1000) != 1) {
    return 1;
  }
  connection = event.data.ptr;
  connection[3] = 4;
  printf("%d\n", connection[3]);
  free(connection);
  return 0;
}
