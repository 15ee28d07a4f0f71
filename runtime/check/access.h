/*
 * access.h: what the wrappers of libc's functions ask: may this call touch these bytes?
 *
 * `call` is the name of the function the program called. An access that is not allowed is reported (once per place), and
 * the functions return as if it were: the caller goes on with the real function, and the program sees what it would have
 * seen. `place` is where the program called. Bytes that are in no checked object are nobody's business here.
 *
 * Thread-safe; errno is kept.
 */
#ifndef FREEHOLD_CHECK_ACCESS_H
#define FREEHOLD_CHECK_ACCESS_H

#include "base/bits.h"
#include "trace/stack.h"

#include <stdint.h>

/* The call reads, or writes, `bytes` bytes at `address`. 0 bytes are always allowed. A read also reports bytes of which
 * none was ever written; a write marks them as written. */
void access_read(const char *call, struct stack_place place, const void *address, size_t bytes);
void access_write(const char *call, struct stack_place place, void *address, size_t bytes);

/* A read of bytes one after the other, as of a text: any that were never written are reported. */
void access_text(const char *call, struct stack_place place, const void *address, size_t bytes);

/* As above for data that is only carried from one place to another (memcpy, write to a pipe of a struct with padding):
 * never reports what was not written. */
void access_carry(const char *call, struct stack_place place, const void *address, size_t bytes);

/* How many bytes from `address` on belong to the live object there; SIZE_MAX when it is in no checked object. 0 when the
 * address is not inside of its object any more. */
size_t access_room(const void *address);

/* The length of a string of at most `most` bytes, as strnlen gives it, without looking beyond the object's end; reports
 * one that has no end there, or that starts outside. Returns what the real function would be safe to look at. */
size_t access_string(const char *call, struct stack_place place, const char *string, size_t most);

/* A copy whose operands overlap although the function forbids it. */
void access_overlap(const char *call, struct stack_place place, const void *to, const void *from, size_t bytes);

/* The kernel, or code that can't be watched, is about to use `bytes` bytes at `address`: an object whose accesses are
 * watched is opened, and all of it counts as written. Never reports. */
void access_release(const void *address, size_t bytes);
/* The same for everything that is watched: for calls that reach memory through pointers in memory. */
void access_release_all(void);

/* After the real function: what was watched before is watched again. Cheap when nothing was. */
void access_done(void);

#endif
