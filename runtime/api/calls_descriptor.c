/*
 * calls_descriptor.c: reading, writing and waiting for descriptors. The notation is explained in calls.h.
 *
 * The kernel writes where the program told it to: how much is known from the result. A program may ask for more
 * than its object has room for as long as less comes.
 */
#include "api/calls_vector.h"

#include <aio.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/sendfile.h>
#include <time.h>
#include <unistd.h>

/* clang-format off */

/* ---- read, write ---- */

#define READ_IN   OPENS(to, bytes)
#define CAME_IN   FILLED(to, bytes, positive(result))
#define WRITE_OUT READS(from, bytes)

CALL(ssize_t, read, (int fd, void *to, size_t bytes), (fd, to, bytes), AT(to), READ_IN, CAME_IN)
CALL(ssize_t, pread, (int fd, void *to, size_t bytes, off_t offset), (fd, to, bytes, offset), AT(to), READ_IN, CAME_IN)
CALL(ssize_t, pread64, (int fd, void *to, size_t bytes, off_t offset), (fd, to, bytes, offset), AT(to), READ_IN,
     CAME_IN)
CALL(ssize_t, __read_chk, (int fd, void *to, size_t bytes, size_t room), (fd, to, bytes, room), AT(to), READ_IN,
     CAME_IN)
CALL(ssize_t, __pread_chk, (int fd, void *to, size_t bytes, off_t offset, size_t room), (fd, to, bytes, offset, room),
     AT(to), READ_IN, CAME_IN)
CALL(ssize_t, __pread64_chk, (int fd, void *to, size_t bytes, off_t offset, size_t room), (fd, to, bytes, offset, room),
     AT(to), READ_IN, CAME_IN)
CALL(ssize_t, write, (int fd, const void *from, size_t bytes), (fd, from, bytes), AT(from), WRITE_OUT, NOTHING)
CALL(ssize_t, pwrite, (int fd, const void *from, size_t bytes, off_t offset), (fd, from, bytes, offset), AT(from),
     WRITE_OUT, NOTHING)
CALL(ssize_t, pwrite64, (int fd, const void *from, size_t bytes, off_t offset), (fd, from, bytes, offset), AT(from),
     WRITE_OUT, NOTHING)
CALL(ssize_t, getdents64, (int fd, void *to, size_t bytes), (fd, to, bytes), AT(to), READ_IN, CAME_IN)
CALL(ssize_t, getrandom, (void *to, size_t bytes, unsigned flags), (to, bytes, flags), AT(to), READ_IN, CAME_IN)
CALL(int, getentropy, (void *to, size_t bytes), (to, bytes), AT(to), READ_IN,
     FILLED(to, bytes, result == 0 ? bytes : 0))
/* libc's own call of getrandom, which ends the program when the kernel can't write. */
CALL_NOTHING(arc4random_buf, (void *to, size_t bytes), (to, bytes), AT(to), WRITES(to, bytes))

/* ---- Vectors ---- */

#define READ_INTO_VECTORS effect_vectors_opened(&site, vectors, (size_t)(unsigned)count)
#define CAME_INTO_VECTORS                                                                                            \
  effect_vectors_filled(&site, vectors, (size_t)(unsigned)count, positive(result), result == -1)
#define WRITE_VECTORS effect_vectors_carried(&site, vectors, (size_t)(unsigned)count)

CALL(ssize_t, readv, (int fd, const struct iovec *vectors, int count), (fd, vectors, count), ALWAYS, READ_INTO_VECTORS,
     CAME_INTO_VECTORS)
CALL(ssize_t, preadv, (int fd, const struct iovec *vectors, int count, off_t offset), (fd, vectors, count, offset),
     ALWAYS, READ_INTO_VECTORS, CAME_INTO_VECTORS)
CALL(ssize_t, preadv64, (int fd, const struct iovec *vectors, int count, off_t offset), (fd, vectors, count, offset),
     ALWAYS, READ_INTO_VECTORS, CAME_INTO_VECTORS)
CALL(ssize_t, preadv2, (int fd, const struct iovec *vectors, int count, off_t offset, int flags),
     (fd, vectors, count, offset, flags), ALWAYS, READ_INTO_VECTORS, CAME_INTO_VECTORS)
CALL(ssize_t, preadv64v2, (int fd, const struct iovec *vectors, int count, off_t offset, int flags),
     (fd, vectors, count, offset, flags), ALWAYS, READ_INTO_VECTORS, CAME_INTO_VECTORS)
CALL(ssize_t, writev, (int fd, const struct iovec *vectors, int count), (fd, vectors, count), ALWAYS, WRITE_VECTORS,
     NOTHING)
CALL(ssize_t, pwritev, (int fd, const struct iovec *vectors, int count, off_t offset), (fd, vectors, count, offset),
     ALWAYS, WRITE_VECTORS, NOTHING)
CALL(ssize_t, pwritev64, (int fd, const struct iovec *vectors, int count, off_t offset), (fd, vectors, count, offset),
     ALWAYS, WRITE_VECTORS, NOTHING)
CALL(ssize_t, pwritev2, (int fd, const struct iovec *vectors, int count, off_t offset, int flags),
     (fd, vectors, count, offset, flags), ALWAYS, WRITE_VECTORS, NOTHING)
CALL(ssize_t, pwritev64v2, (int fd, const struct iovec *vectors, int count, off_t offset, int flags),
     (fd, vectors, count, offset, flags), ALWAYS, WRITE_VECTORS, NOTHING)
CALL(ssize_t, vmsplice, (int fd, const struct iovec *vectors, size_t count, unsigned flags),
     (fd, vectors, count, flags),
     ALWAYS, effect_vectors_carried(&site, vectors, count); effect_vectors_opened(&site, vectors, count), NOTHING)
/* The other process's addresses are not ours to check; it may be this one. */
CALL(ssize_t, process_vm_readv, (pid_t process, const struct iovec *vectors, unsigned long count,
                                 const struct iovec *remote, unsigned long remote_count, unsigned long flags),
     (process, vectors, count, remote, remote_count, flags), ALWAYS,
     access_release_all(); effect_vectors_opened(&site, vectors, count),
     effect_vectors_filled(&site, vectors, count, positive(result), result == -1))
CALL(ssize_t, process_vm_writev, (pid_t process, const struct iovec *vectors, unsigned long count,
                                  const struct iovec *remote, unsigned long remote_count, unsigned long flags),
     (process, vectors, count, remote, remote_count, flags), ALWAYS,
     effect_vectors_carried(&site, vectors, count); access_release_all(), NOTHING)

/* ---- From descriptor to descriptor: the offsets are read and set. ---- */

CALL(ssize_t, sendfile, (int to_fd, int from_fd, off_t *offset, size_t bytes), (to_fd, from_fd, offset, bytes),
     AT(offset),
     UPDATES(offset, sizeof *offset), NOTHING)
CALL(ssize_t, sendfile64, (int to_fd, int from_fd, off_t *offset, size_t bytes), (to_fd, from_fd, offset, bytes),
     AT(offset),
     UPDATES(offset, sizeof *offset), NOTHING)
CALL(ssize_t, splice, (int from_fd, off_t *from, int to_fd, off_t *to, size_t bytes, unsigned flags),
     (from_fd, from, to_fd, to, bytes, flags), AT(from) || AT(to),
     UPDATES(from, sizeof *from); UPDATES(to, sizeof *to), NOTHING)
CALL(ssize_t, copy_file_range, (int from_fd, off_t *from, int to_fd, off_t *to, size_t bytes, unsigned flags),
     (from_fd, from, to_fd, to, bytes, flags), AT(from) || AT(to),
     UPDATES(from, sizeof *from); UPDATES(to, sizeof *to), NOTHING)

/* ---- Sockets ---- */

CALL(ssize_t, send, (int fd, const void *from, size_t bytes, int flags), (fd, from, bytes, flags), AT(from), WRITE_OUT,
     NOTHING)
CALL(ssize_t, sendto,
     (int fd, const void *from, size_t bytes, int flags, const struct sockaddr *address, socklen_t room),
     (fd, from, bytes, flags, address, room), AT(from) || AT(address), WRITE_OUT; CARRIES(address, room), NOTHING)
CALL(ssize_t, sendmsg, (int fd, const struct msghdr *message, int flags), (fd, message, flags), ALWAYS,
     effect_message_sent(&site, message), NOTHING)
CALL(int, sendmmsg, (int fd, struct mmsghdr *messages, unsigned count, int flags), (fd, messages, count, flags), ALWAYS,
     if (messages != NULL) {
       UPDATES(messages, product(count, sizeof *messages));
       for (unsigned i = 0; i < count; i++)
         effect_message_sent(&site, &messages[i].msg_hdr);
     }, NOTHING)

/* With MSG_TRUNC the result counts what did not fit, too; FILLED looks no further than `bytes`. */
CALL(ssize_t, recv, (int fd, void *to, size_t bytes, int flags), (fd, to, bytes, flags), AT(to), READ_IN, CAME_IN)
CALL(ssize_t, __recv_chk, (int fd, void *to, size_t bytes, size_t room, int flags), (fd, to, bytes, room, flags),
     AT(to),
     READ_IN, CAME_IN)

/* A socket's address: the kernel fills what fits, and says how long it really is. */
#define ADDRESS_IN                                                                                                   \
  if (address != NULL)                                                                                               \
    READS(length, sizeof *length);                                                                                   \
  OPENS(length, sizeof *length);                                                                                     \
  socklen_t address_room = address != NULL && length != NULL ? *length : 0;                                          \
  OPENS(address, address_room)
#define ADDRESS_CAME                                                                                                 \
  if (address_room > 0)                                                                                              \
  FILLED(address, address_room, result == -1 ? 0 : least(*length, address_room))

CALL(ssize_t, recvfrom, (int fd, void *to, size_t bytes, int flags, struct sockaddr *address, socklen_t *length),
     (fd, to, bytes, flags, address, length), AT(to) || AT(address) || AT(length),
     READ_IN; ADDRESS_IN, CAME_IN; ADDRESS_CAME)
CALL(ssize_t, __recvfrom_chk,
     (int fd, void *to, size_t bytes, size_t room, int flags, struct sockaddr *address, socklen_t *length),
     (fd, to, bytes, room, flags, address, length), AT(to) || AT(address) || AT(length),
     READ_IN; ADDRESS_IN, CAME_IN; ADDRESS_CAME)
CALL(ssize_t, recvmsg, (int fd, struct msghdr *message, int flags), (fd, message, flags), ALWAYS,
     struct message_room room = effect_message_opened(&site, message),
     effect_message_filled(&site, message, room, positive(result), result == -1))
/* What came in each message stands in the message. */
CALL(int, recvmmsg, (int fd, struct mmsghdr *messages, unsigned count, int flags, struct timespec *timeout),
     (fd, messages, count, flags, timeout), ALWAYS,
     UPDATES(timeout, sizeof *timeout);
     if (messages != NULL) {
       UPDATES(messages, product(count, sizeof *messages));
       for (unsigned i = 0; i < count; i++)
         effect_message_opened(&site, &messages[i].msg_hdr);
     },
     for (int i = 0; i < result; i++)
       effect_vectors_filled(&site, messages[i].msg_hdr.msg_iov, messages[i].msg_hdr.msg_iovlen, messages[i].msg_len,
                             false))

CALL(int, accept, (int fd, struct sockaddr *address, socklen_t *length), (fd, address, length),
     AT(address) || AT(length),
     ADDRESS_IN, ADDRESS_CAME)
CALL(int, accept4, (int fd, struct sockaddr *address, socklen_t *length, int flags), (fd, address, length, flags),
     AT(address) || AT(length), ADDRESS_IN, ADDRESS_CAME)
CALL(int, getsockname, (int fd, struct sockaddr *address, socklen_t *length), (fd, address, length),
     AT(address) || AT(length), ADDRESS_IN, ADDRESS_CAME)
CALL(int, getpeername, (int fd, struct sockaddr *address, socklen_t *length), (fd, address, length),
     AT(address) || AT(length), ADDRESS_IN, ADDRESS_CAME)
CALL(int, getsockopt, (int fd, int level, int option, void *address, socklen_t *length),
     (fd, level, option, address, length), AT(address) || AT(length), ADDRESS_IN, ADDRESS_CAME)
CALL(int, setsockopt, (int fd, int level, int option, const void *from, socklen_t bytes),
     (fd, level, option, from, bytes),
     AT(from), WRITE_OUT, NOTHING)
CALL(int, connect, (int fd, const struct sockaddr *from, socklen_t bytes), (fd, from, bytes), AT(from), WRITE_OUT,
     NOTHING)
CALL(int, bind, (int fd, const struct sockaddr *from, socklen_t bytes), (fd, from, bytes), AT(from), WRITE_OUT, NOTHING)

/* ---- Waiting ---- */

#define POLL UPDATES(waits, product(count, sizeof *waits))
CALL(int, poll, (struct pollfd *waits, nfds_t count, int timeout), (waits, count, timeout), AT(waits), POLL, NOTHING)
CALL(int, __poll_chk, (struct pollfd *waits, nfds_t count, int timeout, size_t room), (waits, count, timeout, room),
     AT(waits), POLL, NOTHING)
CALL(int, ppoll, (struct pollfd *waits, nfds_t count, const struct timespec *timeout, const sigset_t *mask),
     (waits, count, timeout, mask), AT(waits) || AT(timeout) || AT(mask),
     POLL; READS(timeout, sizeof *timeout); RELEASES(mask, sizeof *mask), NOTHING)
CALL(int, __ppoll_chk,
     (struct pollfd *waits, nfds_t count, const struct timespec *timeout, const sigset_t *mask, size_t room),
     (waits, count, timeout, mask, room), AT(waits) || AT(timeout) || AT(mask),
     POLL; READS(timeout, sizeof *timeout); RELEASES(mask, sizeof *mask), NOTHING)

/* The kernel takes sets in whole words, as many as the descriptors need. */
#define SET_BYTES (divide_up(positive(count), 8 * sizeof(long)) * sizeof(long))
#define SELECT                                                                                                       \
  UPDATES(reads, SET_BYTES);                                                                                         \
  UPDATES(writes, SET_BYTES);                                                                                        \
  UPDATES(others, SET_BYTES)
CALL(int, select, (int count, fd_set *reads, fd_set *writes, fd_set *others, struct timeval *timeout),
     (count, reads, writes, others, timeout), AT(reads) || AT(writes) || AT(others) || AT(timeout),
     SELECT; UPDATES(timeout, sizeof *timeout), NOTHING)
CALL(int, pselect,
     (int count, fd_set *reads, fd_set *writes, fd_set *others, const struct timespec *timeout, const sigset_t *mask),
     (count, reads, writes, others, timeout, mask), AT(reads) || AT(writes) || AT(others) || AT(timeout) || AT(mask),
     SELECT; READS(timeout, sizeof *timeout); RELEASES(mask, sizeof *mask), NOTHING)

#define EVENTS_WANTED OPENS(events, product(positive(most), sizeof *events))
#define EVENTS_CAME   FILLED(events, product(positive(most), sizeof *events), product(positive(result), sizeof *events))
CALL(int, epoll_ctl, (int epoll, int operation, int fd, struct epoll_event *event), (epoll, operation, fd, event),
     AT(event),
     if (operation != EPOLL_CTL_DEL) CARRIES(event, sizeof *event), NOTHING)
CALL(int, epoll_wait, (int epoll, struct epoll_event *events, int most, int timeout), (epoll, events, most, timeout),
     AT(events), EVENTS_WANTED, EVENTS_CAME)
CALL(int, epoll_pwait, (int epoll, struct epoll_event *events, int most, int timeout, const sigset_t *mask),
     (epoll, events, most, timeout, mask), AT(events) || AT(mask), EVENTS_WANTED; RELEASES(mask, sizeof *mask),
     EVENTS_CAME)
CALL(int, epoll_pwait2,
     (int epoll, struct epoll_event *events, int most, const struct timespec *timeout, const sigset_t *mask),
     (epoll, events, most, timeout, mask), AT(events) || AT(timeout) || AT(mask),
     EVENTS_WANTED; READS(timeout, sizeof *timeout); RELEASES(mask, sizeof *mask), EVENTS_CAME)

/* ---- Pairs ---- */

CALL(int, pipe, (int *ends), (ends), AT(ends), OPENS(ends, 2 * sizeof *ends),
     FILLED(ends, 2 * sizeof *ends, result == 0 ? 2 * sizeof *ends : 0))
CALL(int, pipe2, (int *ends, int flags), (ends, flags), AT(ends), OPENS(ends, 2 * sizeof *ends),
     FILLED(ends, 2 * sizeof *ends, result == 0 ? 2 * sizeof *ends : 0))
CALL(int, socketpair, (int domain, int type, int protocol, int *ends), (domain, type, protocol, ends), AT(ends),
     OPENS(ends, 2 * sizeof *ends), FILLED(ends, 2 * sizeof *ends, result == 0 ? 2 * sizeof *ends : 0))

/* ---- Queues: a message is a long and then its bytes. ---- */

CALL(int, msgsnd, (int queue, const void *from, size_t bytes, int flags), (queue, from, bytes, flags), AT(from),
     CARRIES(from, sizeof(long) + bytes), NOTHING)
CALL(ssize_t, msgrcv, (int queue, void *to, size_t bytes, long type, int flags), (queue, to, bytes, type, flags),
     AT(to),
     OPENS(to, sizeof(long) + bytes), FILLED(to, sizeof(long) + bytes, result < 0 ? 0 : sizeof(long) + (size_t)result))
CALL(int, mq_send, (int queue, const char *from, size_t bytes, unsigned priority), (queue, from, bytes, priority),
     AT(from),
     WRITE_OUT, NOTHING)
CALL(ssize_t, mq_receive, (int queue, char *to, size_t bytes, unsigned *priority), (queue, to, bytes, priority),
     AT(to) || AT(priority), READ_IN; OPENS_ONE(priority), CAME_IN; FILLED_ONE(priority))
CALL(int, semop, (int set, struct sembuf *operations, size_t count), (set, operations, count), AT(operations),
     READS(operations, product(count, sizeof *operations)), NOTHING)

/* ---- What goes on while the program does: from now on somebody else uses the memory. ---- */

#define AIO                                                                                                          \
  RELEASES(request, sizeof *request);                                                                                \
  if (request != NULL)                                                                                               \
  RELEASES((const void *)(uintptr_t)request->aio_buf, request->aio_nbytes)
CALL(int, aio_read, (struct aiocb *request), (request), ALWAYS, AIO, NOTHING)
CALL(int, aio_read64, (struct aiocb *request), (request), ALWAYS, AIO, NOTHING)
CALL(int, aio_write, (struct aiocb *request), (request), ALWAYS, AIO, NOTHING)
CALL(int, aio_write64, (struct aiocb *request), (request), ALWAYS, AIO, NOTHING)
CALL(int, lio_listio, (int mode, struct aiocb *const *requests, int count, struct sigevent *event),
     (mode, requests, count, event), ALWAYS, access_release_all(), NOTHING)
CALL(int, lio_listio64, (int mode, struct aiocb *const *requests, int count, struct sigevent *event),
     (mode, requests, count, event), ALWAYS, access_release_all(), NOTHING)
