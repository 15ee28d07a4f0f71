/*
 * calls_vector.h: effects on memory that a call reaches through an array or a message header.
 */
#ifndef FREEHOLD_API_CALLS_VECTOR_H
#define FREEHOLD_API_CALLS_VECTOR_H

#include "api/calls.h"

#include <sys/socket.h>
#include <sys/uio.h>

/* All that the vectors name is only carried. */
void effect_vectors_carried(const struct call_site *site, const struct iovec *vectors, size_t count);
/* All of it may be written; then `written` bytes of it were, in order. */
void effect_vectors_opened(const struct call_site *site, const struct iovec *vectors, size_t count);
void effect_vectors_filled(const struct call_site *site, const struct iovec *vectors, size_t count, size_t written,
                           bool failed);

/* A message is sent. */
void effect_message_sent(const struct call_site *site, const struct msghdr *message);
/* A message is received into what the header names; the sizes as they were before. */
struct message_room {
  socklen_t name;
  size_t control;
};
struct message_room effect_message_opened(const struct call_site *site, const struct msghdr *message);
void effect_message_filled(const struct call_site *site, const struct msghdr *message, struct message_room room,
                           size_t written, bool failed);

#endif
