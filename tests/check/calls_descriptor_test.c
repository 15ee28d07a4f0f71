/* calls_descriptor_test.c: the wrappers of descriptors, sockets, and waiting for them. */
#include "calls_test.h"

#include <aio.h>
#include <dirent.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/msg.h>
#include <sys/random.h>
#include <sys/sem.h>
#include <sys/sendfile.h>
#include <sys/uio.h>

void test_descriptors(void) {
  char *to = fake_object(16), *from = bytes("0123456789");
  int fd = file_of("0123456789");
  /* More is promised than there is room for, but less comes. */
#define COMES_IN(name, arguments) GIVES(name, arguments, 10, FILL(to, 16, 10))
  COMES_IN(read, (fd, to, 100));
  COMES_IN(pread, (fd, to, 16, 0));
  COMES_IN(pread64, (fd, to, 16, 0));
  COMES_IN(__pread_chk, (fd, to, 16, 0, 16));
  COMES_IN(__pread64_chk, (fd, to, 16, 0, 16));
  lseek(fd, 0, SEEK_SET);
  COMES_IN(__read_chk, (fd, to, 16, 16));
  GIVES(read, (fd, to, 16), 0, OPEN(to, 16));
  GIVES(read, (-1, to, 16), -1, OPEN(to, 16));
  EXPECT_EQUAL(errno, EBADF);
  REFUSES(1, pread, (fd, fake_object(8), 10, 0));
  REFUSES(0, pread, (fd, fake_object(8), 10, 3));
  /* Whether the file ended there or the guard stopped the kernel can't be told; too much was asked for in any case. */
  REFUSES(1, pread, (fd, fake_object(8), 10, 2));
#define GOES_OUT(name, arguments) GIVES(name, arguments, 10, READ(from, 10))
  GOES_OUT(pwrite, (fd, from, 10, 0));
  GOES_OUT(pwrite64, (fd, from, 10, 0));
  GOES_OUT(write, (fd, from, 10));
  REFUSES(1, pwrite, (fd, from, 11, 0));
  GIVES(getrandom, (to, 16, 0), 16, FILL(to, 16, 16));
  GIVES(getentropy, (to, 16), 0, FILL(to, 16, 16));
  DOES(arc4random_buf, (to, 16), WRITE(to, 16));

  struct iovec *vectors = fake_object(2 * sizeof *vectors);
  vectors[0] = (struct iovec){to, 4};
  vectors[1] = (struct iovec){to + 8, 8};
#define VECTORS READ(vectors, 2 * sizeof *vectors)
#define COMES_INTO_VECTORS(name, arguments)                                                                          \
  GIVES(name, arguments, 10, VECTORS, OPEN(to, 4), OPEN(to + 8, 8), WRITE(to, 4), WRITE(to + 8, 6))
  lseek(fd, -10, SEEK_END);
  COMES_INTO_VECTORS(readv, (fd, vectors, 2));
  ftruncate(fd, 10);
  COMES_INTO_VECTORS(preadv, (fd, vectors, 2, 0));
  COMES_INTO_VECTORS(preadv64, (fd, vectors, 2, 0));
  COMES_INTO_VECTORS(preadv2, (fd, vectors, 2, 0, 0));
  COMES_INTO_VECTORS(preadv64v2, (fd, vectors, 2, 0, 0));
#define VECTORS_GO_OUT(name, arguments) GIVES(name, arguments, 12, VECTORS, CARRY(to, 4), CARRY(to + 8, 8))
  VECTORS_GO_OUT(writev, (fd, vectors, 2));
  VECTORS_GO_OUT(pwritev, (fd, vectors, 2, 0));
  VECTORS_GO_OUT(pwritev64, (fd, vectors, 2, 0));
  VECTORS_GO_OUT(pwritev2, (fd, vectors, 2, 0, 0));
  VECTORS_GO_OUT(pwritev64v2, (fd, vectors, 2, 0, 0));
  struct iovec remote = {(char[12]){0}, 12};
  GIVES(process_vm_readv, (getpid(), vectors, 2, &remote, 1, 0), 12, OPEN_ALL, VECTORS, OPEN(to, 4), OPEN(to + 8, 8),
        WRITE(to, 4), WRITE(to + 8, 8));
  GIVES(process_vm_writev, (getpid(), vectors, 2, &remote, 1, 0), 12, VECTORS, CARRY(to, 4), CARRY(to + 8, 8),
        OPEN_ALL);

  int *ends = fake_object(2 * sizeof *ends);
  GIVES(pipe2, (ends, O_CLOEXEC), 0, FILL(ends, 8, 8));
  GIVES(pipe, (ends), 0, FILL(ends, 8, 8));
  GIVES(vmsplice, (ends[1], vectors, 2, 0), 12, VECTORS, CARRY(to, 4), CARRY(to + 8, 8), VECTORS, OPEN(to, 4),
        OPEN(to + 8, 8));
  off_t *offset = NEW(off_t);
#define MOVES_OFFSET CARRY(offset, 8), OPEN(offset, 8)
  GIVES(splice, (fd, offset, ends[1], NULL, 4, 0), 4, MOVES_OFFSET);
  *offset = 0;
  GIVES(sendfile, (ends[1], fd, offset, 4), 4, MOVES_OFFSET);
  GIVES(sendfile64, (ends[1], fd, offset, 4), 4, MOVES_OFFSET);
  *offset = 0;
  int copy = file_of("");
  GIVES(copy_file_range, (fd, offset, copy, NULL, 4, 0), 4, MOVES_OFFSET);
  int folder = open("/", O_RDONLY | O_DIRECTORY);
  char *entries = fake_object(4096);
  extern __typeof__(getdents64) call_getdents64;
  note_called("getdents64");
  fake_forget();
  ssize_t entry_bytes = call_getdents64(folder, entries, 4096);
  EXPECT(entry_bytes > 0);
  EXPECT_EFFECTS(getdents64, FILL(entries, 4096, (size_t)entry_bytes));
  close(folder);

  struct aiocb *request = NEW(struct aiocb);
  request->aio_fildes = fd;
  request->aio_buf = to;
  request->aio_nbytes = 4;
#define GOES_ON(name)                                                                                                \
  GIVES(name, ((void *)request), 0, OPEN(request, sizeof *request), OPEN(to, 4));                                    \
  while (aio_error(request) == EINPROGRESS)                                                                          \
    usleep(100);                                                                                                     \
  aio_return(request)
  GOES_ON(aio_read);
  GOES_ON(aio_read64);
  GOES_ON(aio_write);
  GOES_ON(aio_write64);
  struct aiocb *requests[] = {request};
  request->aio_lio_opcode = LIO_READ;
  GIVES(lio_listio, (LIO_WAIT, requests, 1, NULL), 0, OPEN_ALL);
  GIVES(lio_listio64, (LIO_WAIT, (void *)requests, 1, NULL), 0, OPEN_ALL);
  close(fd);
  close(copy);
}

/* Nothing is touched behind an object that the call itself does not touch, and a kernel that could not write says so. */
void test_guards(void) {
  char *text_at_guard = memcpy(fake_object_at_guard(4), "12;x", 4);
  SAME(memchr, (text_at_guard, ';', SIZE_MAX / 2), CARRY(text_at_guard, 4), READ(text_at_guard, 3));
  SAME(strtol, (text_at_guard, NULL, 10), CARRY(text_at_guard, 4), READ(text_at_guard, 3));
  SAME(strncmp, (text_at_guard, "12;xyz", 4), CARRY(text_at_guard, 4), READ(text_at_guard, 4));
  SAME(memcmp, (text_at_guard, "12;y", 4), CARRY(text_at_guard, 4), READ(text_at_guard, 4));
  SAME(strnlen, (text_at_guard, 4), STRING(text_at_guard, 4));
  wchar_t *wide_at_guard = fake_object_at_guard(WIDE(2));
  wide_at_guard[0] = wide_at_guard[1] = L'a';
  SAME(wcsnlen, (wide_at_guard, 2), CARRY(wide_at_guard, WIDE(2)), READ(wide_at_guard, WIDE(2)));
  SAME(wcsncmp, (wide_at_guard, L"aa", 2), CARRY(wide_at_guard, WIDE(2)), READ(wide_at_guard, WIDE(2)));

  int ends[2];
  EXPECT_EQUAL(pipe(ends), 0);
  EXPECT_EQUAL(write(ends[1], "0123456789", 10), 10);
  char *small = fake_object_at_guard(4);
  GIVES(read, (ends[0], small, 10), -1, OPEN(small, 4), WRITE(small, 10));
  EXPECT_EQUAL(errno, EFAULT);
  EXPECT_EQUAL(fake.refused, 1);
  struct stat *status = fake_object_at_guard(sizeof *status - 8);
  GIVES(fstat, (ends[0], status), -1, OPEN(status, sizeof *status - 8), WRITE(status, sizeof *status));
  EXPECT_EQUAL(fake.refused, 1);
  close(ends[0]);
  close(ends[1]);
}

void test_sockets(void) {
  int *ends = fake_object(2 * sizeof *ends);
  GIVES(socketpair, (AF_UNIX, SOCK_DGRAM, 0, ends), 0, FILL(ends, 8, 8));
  char *from = bytes("abcd"), *to = fake_object(16);
  GIVES(send, (ends[0], from, 4, 0), 4, READ(from, 4));
  GIVES(sendto, (ends[0], from, 4, 0, NULL, 0), 4, READ(from, 4));
  GIVES(recv, (ends[1], to, 16, 0), 4, FILL(to, 16, 4));
  GIVES(__recv_chk, (ends[1], to, 16, 16, 0), 4, FILL(to, 16, 4));
  /* The true length is more than the buffer got. */
  send(ends[0], from, 4, 0);
  GIVES(recv, (ends[1], to, 2, MSG_TRUNC), 4, FILL(to, 2, 2));
  send(ends[0], from, 4, 0);
  REFUSES(1, recv, (ends[1], fake_object(3), 4, 0));

  struct mmsghdr *messages = fake_object(2 * sizeof *messages);
  struct msghdr *message = &messages[0].msg_hdr;
  struct iovec *out = NEW(struct iovec), *in = NEW(struct iovec);
  *out = (struct iovec){from, 4};
  *in = (struct iovec){to, 16};
  char *control = fake_object(64);
  message->msg_iov = out;
  message->msg_iovlen = 1;
  GIVES(sendmsg, (ends[0], message, 0), 4, CARRY(message, sizeof *message), READ(out, sizeof *out), CARRY(from, 4));
  GIVES(sendmmsg, (ends[0], messages, 1, 0), 1, CARRY(messages, sizeof *messages), OPEN(messages, sizeof *messages),
        CARRY(message, sizeof *message), READ(out, sizeof *out), CARRY(from, 4));
  message->msg_iov = in;
  message->msg_control = control;
  message->msg_controllen = 64;
  GIVES(recvmsg, (ends[1], message, 0), 4, CARRY(message, sizeof *message), OPEN(message, sizeof *message),
        OPEN(control, 64), READ(in, sizeof *in), OPEN(to, 16), WRITE(to, 4));
  message->msg_control = NULL;
  message->msg_controllen = 0;
  GIVES(recvmmsg, (ends[1], messages, 1, 0, NULL), 1, CARRY(messages, sizeof *messages),
        OPEN(messages, sizeof *messages), CARRY(message, sizeof *message), OPEN(message, sizeof *message),
        READ(in, sizeof *in), OPEN(to, 16), WRITE(to, 4));
  close(ends[0]);
  close(ends[1]);

  struct sockaddr_in *address = NEW(struct sockaddr_in);
  socklen_t *length = NEW(socklen_t);
  *length = sizeof *address;
  address->sin_family = AF_INET;
  address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int listener = socket(AF_INET, SOCK_STREAM, 0), client, server;
#define ADDRESS_COMES READ(length, 4), OPEN(length, 4), FILL(address, sizeof *address, sizeof *address)
  GIVES(bind, (listener, (struct sockaddr *)address, sizeof *address), 0, READ(address, sizeof *address));
  listen(listener, 2);
  GIVES(getsockname, (listener, (struct sockaddr *)address, length), 0, ADDRESS_COMES);
  client = socket(AF_INET, SOCK_STREAM, 0);
  GIVES(connect, (client, (struct sockaddr *)address, sizeof *address), 0, READ(address, sizeof *address));
#define ACCEPTS(name, arguments)                                                                                     \
  do {                                                                                                               \
    extern __typeof__(name) call_##name;                                                                             \
    note_called(#name);                                                                                              \
    fake_forget();                                                                                                   \
    server = call_##name arguments;                                                                                  \
    EXPECT(server >= 0);                                                                                             \
    EXPECT_EFFECTS(name, ADDRESS_COMES);                                                                             \
  } while (0)
  ACCEPTS(accept, (listener, (struct sockaddr *)address, length));
  GIVES(getpeername, (server, (struct sockaddr *)address, length), 0, ADDRESS_COMES);
  close(client);
  close(server);
  GIVES(getsockname, (listener, (struct sockaddr *)address, length), 0, ADDRESS_COMES);
  client = socket(AF_INET, SOCK_STREAM, 0);
  EXPECT_EQUAL(connect(client, (struct sockaddr *)address, sizeof *address), 0);
  ACCEPTS(accept4, (listener, (struct sockaddr *)address, length, SOCK_CLOEXEC));
  int *value = NEW(int);
  *value = 1;
  GIVES(setsockopt, (client, SOL_SOCKET, SO_KEEPALIVE, value, sizeof *value), 0, READ(value, 4));
  *length = sizeof *value;
  GIVES(getsockopt, (client, SOL_SOCKET, SO_KEEPALIVE, value, length), 0, READ(length, 4), OPEN(length, 4),
        FILL(value, 4, 4));
  close(client);
  close(server);
  close(listener);

  int sender = socket(AF_INET, SOCK_DGRAM, 0), receiver = socket(AF_INET, SOCK_DGRAM, 0);
  address->sin_port = 0;
  bind(receiver, (struct sockaddr *)address, sizeof *address);
  *length = sizeof *address;
  getsockname(receiver, (struct sockaddr *)address, length);
  for (int i = 0; i < 2; i++)
    GIVES(sendto, (sender, from, 4, 0, (struct sockaddr *)address, sizeof *address), 4, READ(from, 4),
          CARRY(address, sizeof *address));
#define COMES_FROM                                                                                                   \
  OPEN(to, 16), READ(length, 4), OPEN(length, 4), OPEN(address, sizeof *address), WRITE(to, 4),                      \
      WRITE(address, sizeof *address)
  GIVES(recvfrom, (receiver, to, 16, 0, (struct sockaddr *)address, length), 4, COMES_FROM);
  GIVES(__recvfrom_chk, (receiver, to, 16, 16, 0, (struct sockaddr *)address, length), 4, COMES_FROM);
  close(sender);
  close(receiver);
}

void test_waiting(void) {
  int ends[2];
  EXPECT_EQUAL(pipe(ends), 0);
  EXPECT_EQUAL(write(ends[1], "x", 1), 1);
  struct pollfd *waits = NEW(struct pollfd);
  struct timespec *timeout = NEW(struct timespec);
  sigset_t *mask = NEW(sigset_t);
  *waits = (struct pollfd){ends[0], POLLIN, 0};
#define POLLS CARRY(waits, sizeof *waits), OPEN(waits, sizeof *waits)
  GIVES(poll, (waits, 1, 0), 1, POLLS);
  GIVES(__poll_chk, (waits, 1, 0, sizeof *waits), 1, POLLS);
  GIVES(ppoll, (waits, 1, timeout, mask), 1, POLLS, READ(timeout, 16), OPEN(mask, sizeof *mask));
  GIVES(__ppoll_chk, (waits, 1, timeout, mask, sizeof *waits), 1, POLLS, READ(timeout, 16), OPEN(mask, sizeof *mask));
  REFUSES(1, poll, (waits, 2, 0));
  fd_set *set = fake_object(8); /* as large as few descriptors need */
  struct timeval *period = NEW(struct timeval);
  *(long *)(void *)set = 1l << ends[0];
  GIVES(select, (ends[0] + 1, set, NULL, NULL, period), 1, CARRY(set, 8), OPEN(set, 8), CARRY(period, 16),
        OPEN(period, 16));
  GIVES(pselect, (ends[0] + 1, set, NULL, NULL, timeout, mask), 1, CARRY(set, 8), OPEN(set, 8), READ(timeout, 16),
        OPEN(mask, sizeof *mask));
  int epoll = epoll_create1(0);
  struct epoll_event *event = NEW(struct epoll_event), *events = fake_object(4 * sizeof *events);
  event->events = EPOLLIN;
  GIVES(epoll_ctl, (epoll, EPOLL_CTL_ADD, ends[0], event), 0, CARRY(event, sizeof *event));
#define EVENTS_COME OPEN(events, 4 * sizeof *events)
  GIVES(epoll_wait, (epoll, events, 4, 0), 1, EVENTS_COME, WRITE(events, sizeof *events));
  GIVES(epoll_pwait, (epoll, events, 4, 0, mask), 1, EVENTS_COME, OPEN(mask, sizeof *mask),
        WRITE(events, sizeof *events));
  extern __typeof__(epoll_pwait2) call_epoll_pwait2;
  note_called("epoll_pwait2");
  fake_forget();
  if (call_epoll_pwait2(epoll, events, 4, timeout, mask) == 1)
    EXPECT_EFFECTS(epoll_pwait2, EVENTS_COME, READ(timeout, 16), OPEN(mask, sizeof *mask),
                   WRITE(events, sizeof *events));
  close(epoll);
  close(ends[0]);
  close(ends[1]);

  int queue = msgget(IPC_PRIVATE, 0600);
  long *message = fake_object(2 * sizeof *message);
  message[0] = 1;
  if (queue >= 0) {
    GIVES(msgsnd, (queue, message, 8, 0), 0, CARRY(message, 16));
    GIVES(msgrcv, (queue, message, 8, 0, 0), 8, FILL(message, 16, 16));
    msgctl(queue, IPC_RMID, NULL);
  }
  unsigned *priority = NEW(unsigned);
  GIVES(mq_send, (-1, (char *)message, 8, 1), -1, READ(message, 8));
  GIVES(mq_receive, (-1, (char *)message, 8, priority), -1, OPEN(message, 8), OPEN(priority, 4));
  struct sembuf *operation = NEW(struct sembuf);
  GIVES(semop, (-1, operation, 1), -1, READ(operation, sizeof *operation));
}
