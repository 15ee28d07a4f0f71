/*
 * calls_own.c: memcpy and its kin in plain loops.
 *
 * A compiler that sees through such a loop makes a call of the very function of it. LOOP() is an empty statement
 * that it can't see through.
 */
#include "api/calls_own.h"

#ifdef __x86_64__
#include <emmintrin.h>
#endif

#define LOOP() __asm__ volatile("" ::: "memory")

/* Below this a string instruction costs more to start than it saves. */
enum { LONG_BYTES = 64 };

static void copy_forwards(unsigned char *to, const unsigned char *from, size_t bytes) {
#ifdef __x86_64__
  if (bytes >= LONG_BYTES) {
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(bytes) : : "memory");
    return;
  }
#endif
  for (; bytes >= sizeof(uint64_t); bytes -= sizeof(uint64_t)) {
    *(uint64_t *)to = *(const uint64_t *)from;
    to += sizeof(uint64_t);
    from += sizeof(uint64_t);
    LOOP();
  }
  for (; bytes > 0; bytes--) {
    *to++ = *from++;
    LOOP();
  }
}

void *own_memcpy(void *to, const void *from, size_t bytes) {
  copy_forwards(to, from, bytes);
  return to;
}

void *own_memmove(void *to, const void *from, size_t bytes) {
  if ((uintptr_t)to - (uintptr_t)from >= bytes) {
    copy_forwards(to, from, bytes);
    return to;
  }
  unsigned char *last_to = (unsigned char *)to + bytes;
  const unsigned char *last_from = (const unsigned char *)from + bytes;
  for (; bytes > 0; bytes--) {
    *--last_to = *--last_from;
    LOOP();
  }
  return to;
}

void *own_mempcpy(void *to, const void *from, size_t bytes) {
  return (char *)own_memcpy(to, from, bytes) + bytes;
}

void *own_memset(void *to, int byte, size_t bytes) {
  unsigned char *at = to;
#ifdef __x86_64__
  if (bytes >= LONG_BYTES) {
    __asm__ volatile("rep stosb" : "+D"(at), "+c"(bytes) : "a"(byte) : "memory");
    return to;
  }
#endif
  uint64_t word = (unsigned char)byte * (uint64_t)0x0101010101010101u;
  for (; bytes >= sizeof word; bytes -= sizeof word) {
    *(uint64_t *)(void *)at = word;
    at += sizeof word;
    LOOP();
  }
  for (; bytes > 0; bytes--) {
    *at++ = (unsigned char)byte;
    LOOP();
  }
  return to;
}

int own_memcmp(const void *left, const void *right, size_t bytes) {
  const unsigned char *a = left, *b = right;
  while (bytes >= sizeof(uint64_t) && *(const uint64_t *)(const void *)a == *(const uint64_t *)(const void *)b) {
    LOOP();
    a += sizeof(uint64_t);
    b += sizeof(uint64_t);
    bytes -= sizeof(uint64_t);
  }
  for (; bytes > 0; a++, b++, bytes--) {
    LOOP();
    if (*a != *b)
      return *a - *b;
  }
  return 0;
}

int own_bcmp(const void *left, const void *right, size_t bytes) {
  return own_memcmp(left, right, bytes);
}

void *own_memchr(const void *memory, int byte, size_t bytes) {
  for (const unsigned char *at = memory; bytes > 0; at++, bytes--) {
    LOOP();
    if (*at == (unsigned char)byte)
      return (void *)(uintptr_t)at;
  }
  return NULL;
}

#ifdef __x86_64__

/* A bit for each of the 16 bytes that is 0. Such a piece lies on one page, so it can be read when one byte of it can. */
static unsigned zeros_at(uintptr_t piece) {
  __m128i bytes = _mm_load_si128((const __m128i *)piece);
  return (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_setzero_si128()));
}

size_t own_strnlen(const char *string, size_t most) {
  if (most == 0)
    return 0;
  uintptr_t piece = align_down((uintptr_t)string, sizeof(__m128i));
  size_t before = (uintptr_t)string - piece;
  unsigned zeros = zeros_at(piece) >> before;
  if (zeros != 0) {
    size_t length = (size_t)__builtin_ctz(zeros);
    return length < most ? length : most;
  }
  for (size_t length = sizeof(__m128i) - before; length < most; length += sizeof(__m128i)) {
    piece += sizeof(__m128i);
    zeros = zeros_at(piece);
    if (zeros != 0) {
      length += (size_t)__builtin_ctz(zeros);
      return length < most ? length : most;
    }
  }
  return most;
}

#else

size_t own_strnlen(const char *string, size_t most) {
  size_t length = 0;
  while (length < most && string[length] != 0) {
    LOOP();
    length++;
  }
  return length;
}

#endif

size_t own_strlen(const char *string) {
  return own_strnlen(string, SIZE_MAX);
}

char *own_stpcpy(char *to, const char *from) {
  for (; (*to = *from) != 0; to++, from++)
    LOOP();
  return to;
}

char *own_strcpy(char *to, const char *from) {
  own_stpcpy(to, from);
  return to;
}

char *own_strncpy(char *to, const char *from, size_t bytes) {
  size_t length = own_strnlen(from, bytes);
  own_memcpy(to, from, length);
  own_memset(to + length, 0, bytes - length);
  return to;
}

char *own_strcat(char *to, const char *from) {
  own_stpcpy(to + own_strlen(to), from);
  return to;
}

int own_strncmp(const char *left, const char *right, size_t most) {
  for (; most > 0; left++, right++, most--) {
    LOOP();
    if (*left != *right || *left == 0)
      return (unsigned char)*left - (unsigned char)*right;
  }
  return 0;
}

int own_strcmp(const char *left, const char *right) {
  return own_strncmp(left, right, SIZE_MAX);
}

char *own_strchr(const char *string, int byte) {
  for (;; string++) {
    LOOP();
    if (*string == (char)byte)
      return (char *)(uintptr_t)string;
    if (*string == 0)
      return NULL;
  }
}

char *own_strrchr(const char *string, int byte) {
  const char *found = NULL;
  for (;; string++) {
    LOOP();
    if (*string == (char)byte)
      found = string;
    if (*string == 0)
      return (char *)(uintptr_t)found;
  }
}

/* How many bytes from the start on are in the set, or are not. */
static size_t span(const char *string, const char *set, bool in_set) {
  size_t length = 0;
  while (string[length] != 0 && (own_strchr(set, string[length]) != NULL) == in_set) {
    LOOP();
    length++;
  }
  return length;
}

size_t own_strspn(const char *string, const char *set) {
  return span(string, set, true);
}

size_t own_strcspn(const char *string, const char *set) {
  return span(string, set, false);
}

char *own_strstr(const char *string, const char *wanted) {
  size_t length = own_strlen(wanted);
  for (;; string++) {
    LOOP();
    if (own_strncmp(string, wanted, length) == 0)
      return (char *)(uintptr_t)string;
    if (*string == 0)
      return NULL;
  }
}
