/*
 * calls_effects.c: the effects that are more than one question.
 *
 * What is read here is read on the program's behalf, before the real function reads it: never beyond the object,
 * and only after the access layer was asked for the bytes, so that they can be read.
 */
#include "api/calls.h"

#include <wchar.h>

void effect_string(const struct call_site *site, const char *string, size_t most) {
  if (checkable(string))
    access_string(site->call, site->place, string, most);
}

void effect_apart(const struct call_site *site, const void *to, const void *from, size_t bytes) {
  uintptr_t above = (uintptr_t)to - (uintptr_t)from, below = (uintptr_t)from - (uintptr_t)to;
  if (UNLIKELY(to != from && (above < bytes || below < bytes)))
    access_overlap(site->call, site->place, to, from, bytes);
}

void effect_opens(const volatile void *pointer, size_t bytes) {
  if (bytes > 0 && checkable(pointer)) {
    size_t room = access_room((const void *)pointer);
    if (room > 0)
      access_release((const void *)pointer, least(bytes, room));
  }
}

void effect_filled(const struct call_site *site, void *pointer, size_t bytes, size_t written, bool failed) {
  if (!checkable(pointer))
    return;
  /* The kernel that stopped just where the object ends was kept from going on: by the guard. */
  if (written > 0 && written == access_room(pointer) && written < bytes)
    access_write(site->call, site->place, pointer, bytes);
  else if (written > 0)
    access_write(site->call, site->place, pointer, least(written, bytes));
  else if (failed && errno == EFAULT && access_room(pointer) < bytes)
    access_write(site->call, site->place, pointer, bytes);
}

void effect_updates(const struct call_site *site, void *pointer, size_t bytes) {
  if (bytes > 0 && checkable(pointer)) {
    access_carry(site->call, site->place, pointer, bytes);
    effect_opens(pointer, bytes);
  }
}

/* How many of `bytes` bytes may be looked at here. They are opened for reading. */
static size_t readable(const struct call_site *site, const void *memory, size_t bytes) {
  if (!checkable(memory))
    return bytes;
  size_t safe = least(bytes, access_room(memory));
  access_carry(site->call, site->place, memory, safe);
  return safe;
}

/* The call goes on where `safe` bytes end although it was not done. */
static size_t beyond(size_t safe, size_t bytes) {
  return bytes == SIZE_MAX ? safe + 1 : bytes; /* without a bound the first byte behind is what can be told */
}

size_t effect_search(const struct call_site *site, const void *memory, int byte, size_t bytes) {
  size_t safe = readable(site, memory, bytes);
  const unsigned char *at = memory;
  for (size_t i = 0; i < safe; i++)
    if (at[i] == (unsigned char)byte) {
      access_read(site->call, site->place, memory, i + 1);
      return i + 1;
    }
  access_read(site->call, site->place, memory, safe == bytes ? bytes : beyond(safe, bytes));
  return safe;
}

/* ASCII alone: other letters count as equal, which at worst looks further than the real function. */
static bool folded_differ(unsigned left, unsigned right) {
  if (left >= 0x80 || right >= 0x80)
    return false;
  if (left - 'A' < 26)
    left |= 0x20;
  if (right - 'A' < 26)
    right |= 0x20;
  return left != right;
}

static bool differ(unsigned left, unsigned right, enum compare compare) {
  return left != right && (compare == COMPARE_EXACT || folded_differ(left, right));
}

void effect_compare(const struct call_site *site, const char *left, const char *right, size_t most,
                    enum compare compare) {
  size_t left_safe = readable(site, left, most), right_safe = readable(site, right, most);
  size_t safe = least(left_safe, right_safe), i = 0;
  for (; i < safe; i++) {
    bool end = left[i] == 0 || right[i] == 0;
    if (end || differ((unsigned char)left[i], (unsigned char)right[i], compare))
      break;
  }
  if (i < safe || safe == most) {
    size_t looked_at = i < safe ? i + 1 : most;
    access_read(site->call, site->place, left, looked_at);
    access_read(site->call, site->place, right, looked_at);
    return;
  }
  if (left_safe == safe)
    access_string(site->call, site->place, left, most);
  if (right_safe == safe)
    access_string(site->call, site->place, right, most);
}

void effect_compare_memory(const struct call_site *site, const void *left, const void *right, size_t bytes) {
  size_t left_safe = readable(site, left, bytes), right_safe = readable(site, right, bytes);
  if (left_safe < bytes)
    access_carry(site->call, site->place, left, bytes);
  if (right_safe < bytes)
    access_carry(site->call, site->place, right, bytes);
  size_t safe = least(left_safe, right_safe), same = 0;
  const unsigned char *a = left, *b = right;
  while (same < safe && a[same] == b[same])
    same++;
  size_t looked_at = least(same + 1, safe);
  access_read(site->call, site->place, left, looked_at);
  access_read(site->call, site->place, right, looked_at);
}

static bool in_set(char byte, const char *set) {
  for (; *set != 0; set++)
    if (*set == byte)
      return true;
  return false;
}

/* What a number, of any base and notation, in any locale, may consist of. */
static bool in_number(unsigned byte) {
  return (byte | 0x20) - 'a' < 26 || byte - '0' < 10 || byte >= 0x80 || (byte != 0 && in_set((char)byte, "+-.,'_()"));
}

static bool is_space(unsigned byte) {
  return byte == ' ' || byte - '\t' < 5;
}

static bool scan_ends(char byte, enum scan scan, int wanted, const char *set) {
  switch (scan) {
  case SCAN_TO_BYTE:
    return byte == (char)wanted;
  case SCAN_TO_ANY_OF:
    return in_set(byte, set);
  case SCAN_TO_NONE_OF:
    return !in_set(byte, set);
  case SCAN_NUMBER:
    return !in_number((unsigned char)byte);
  }
  return true;
}

void effect_scan(const struct call_site *site, const char *string, enum scan scan, int byte, const char *set) {
  if (!checkable(string))
    return;
  size_t safe = readable(site, string, SIZE_MAX);
  size_t i = 0;
  if (scan == SCAN_NUMBER)
    while (i < safe && is_space((unsigned char)string[i]))
      i++;
  while (i < safe && string[i] != 0 && !scan_ends(string[i], scan, byte, set))
    i++;
  if (i < safe)
    access_text(site->call, site->place, string, i + 1);
  else
    access_string(site->call, site->place, string, SIZE_MAX);
}

/* ---- wchar_t ---- */

static size_t wide_readable(const struct call_site *site, const wchar_t *memory, size_t count) {
  if (!checkable(memory))
    return count;
  size_t safe = least(count, access_room(memory) / sizeof(wchar_t));
  access_carry(site->call, site->place, memory, wide(safe));
  return safe;
}

size_t effect_wide_length(const struct call_site *site, const wchar_t *string, size_t most) {
  size_t safe = wide_readable(site, string, most), length = 0;
  while (length < safe && string[length] != 0)
    length++;
  size_t looked_at = length < safe ? length + 1 : safe == most ? most : safe + 1;
  access_read(site->call, site->place, string, wide(looked_at));
  return length;
}

void effect_wide_string(const struct call_site *site, const wchar_t *string, size_t most) {
  if (checkable(string))
    effect_wide_length(site, string, most);
}

void effect_wide_compare(const struct call_site *site, const wchar_t *left, const wchar_t *right, size_t most,
                         enum compare compare) {
  size_t left_safe = wide_readable(site, left, most), right_safe = wide_readable(site, right, most);
  size_t safe = least(left_safe, right_safe), i = 0;
  while (i < safe && left[i] != 0 && right[i] != 0 && !differ((unsigned)left[i], (unsigned)right[i], compare))
    i++;
  size_t looked_at = i < safe ? i + 1 : safe;
  access_read(site->call, site->place, left, wide(looked_at + (looked_at == left_safe && i == safe && safe < most)));
  access_read(site->call, site->place, right,
              wide(looked_at + (looked_at == right_safe && i == safe && safe < most)));
}

size_t effect_wide_search(const struct call_site *site, const wchar_t *memory, wchar_t wanted, size_t count) {
  size_t safe = wide_readable(site, memory, count), i = 0;
  while (i < safe && memory[i] != wanted)
    i++;
  size_t looked_at = i < safe ? i + 1 : safe == count ? count : beyond(safe, count);
  access_read(site->call, site->place, memory, wide(looked_at));
  return least(looked_at, safe);
}

static bool in_wide_set(wchar_t character, const wchar_t *set) {
  for (; *set != 0; set++)
    if (*set == character)
      return true;
  return false;
}

static bool wide_scan_ends(wchar_t character, enum scan scan, wchar_t wanted, const wchar_t *set) {
  switch (scan) {
  case SCAN_TO_BYTE:
    return character == wanted;
  case SCAN_TO_ANY_OF:
    return in_wide_set(character, set);
  case SCAN_TO_NONE_OF:
    return !in_wide_set(character, set);
  case SCAN_NUMBER:
    return character < 0x80 && !in_number((unsigned)character);
  }
  return true;
}

void effect_wide_scan(const struct call_site *site, const wchar_t *string, enum scan scan, wchar_t wanted,
                      const wchar_t *set) {
  if (!checkable(string))
    return;
  size_t safe = wide_readable(site, string, SIZE_MAX), i = 0;
  if (scan == SCAN_NUMBER)
    while (i < safe && (unsigned)string[i] < 0x80 && is_space((unsigned)string[i]))
      i++;
  while (i < safe && string[i] != 0 && !wide_scan_ends(string[i], scan, wanted, set))
    i++;
  access_read(site->call, site->place, string, wide(i < safe ? i + 1 : safe + 1));
}
