/*
 * calls_vector.c: vectors and messages.
 */
#include "api/calls_vector.h"

#include <limits.h>

/* The kernel refuses more without looking. */
static bool has_vectors(const struct call_site *site, const struct iovec *vectors, size_t count) {
  if (vectors == NULL || count > IOV_MAX)
    return false;
  access_read(site->call, site->place, vectors, count * sizeof *vectors);
  return true;
}

void effect_vectors_carried(const struct call_site *site, const struct iovec *vectors, size_t count) {
  if (has_vectors(site, vectors, count))
    for (size_t i = 0; i < count; i++)
      access_carry(site->call, site->place, vectors[i].iov_base, vectors[i].iov_len);
}

void effect_vectors_opened(const struct call_site *site, const struct iovec *vectors, size_t count) {
  if (has_vectors(site, vectors, count))
    for (size_t i = 0; i < count; i++)
      effect_opens(vectors[i].iov_base, vectors[i].iov_len);
}

void effect_vectors_filled(const struct call_site *site, const struct iovec *vectors, size_t count, size_t written,
                           bool failed) {
  if (vectors == NULL || count > IOV_MAX)
    return;
  for (size_t i = 0; i < count && (written > 0 || failed); i++) {
    size_t here = least(written, vectors[i].iov_len);
    effect_filled(site, vectors[i].iov_base, vectors[i].iov_len, here, failed);
    written -= here;
  }
}

void effect_message_sent(const struct call_site *site, const struct msghdr *message) {
  if (message == NULL)
    return;
  access_carry(site->call, site->place, message, sizeof *message);
  access_carry(site->call, site->place, message->msg_name, message->msg_namelen);
  access_carry(site->call, site->place, message->msg_control, message->msg_controllen);
  effect_vectors_carried(site, message->msg_iov, message->msg_iovlen);
}

struct message_room effect_message_opened(const struct call_site *site, const struct msghdr *message) {
  if (message == NULL)
    return (struct message_room){0, 0};
  access_carry(site->call, site->place, message, sizeof *message);
  effect_opens(message, sizeof *message);
  effect_opens(message->msg_name, message->msg_namelen);
  effect_opens(message->msg_control, message->msg_controllen);
  effect_vectors_opened(site, message->msg_iov, message->msg_iovlen);
  return (struct message_room){message->msg_namelen, message->msg_controllen};
}

void effect_message_filled(const struct call_site *site, const struct msghdr *message, struct message_room room,
                           size_t written, bool failed) {
  if (message == NULL)
    return;
  effect_vectors_filled(site, message->msg_iov, message->msg_iovlen, written, failed);
  size_t name = failed ? 0 : least(message->msg_namelen, room.name);
  size_t control = failed ? 0 : least(message->msg_controllen, room.control);
  if (message->msg_name != NULL)
    effect_filled(site, message->msg_name, room.name, name, failed);
  if (message->msg_control != NULL)
    effect_filled(site, message->msg_control, room.control, control, failed);
}
