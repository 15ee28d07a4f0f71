/*
 * Functions of the C library, and loops of our own, on memory in which each access traps and is stepped over: the result
 * and every byte of the memory have to be the same as without, and each access explained.
 */
#include "instruction_trap.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <wchar.h>

enum { BYTES = 4 * 4096, HALF = BYTES / 2 };

static char *memory;

static int compare_integers(const void *left, const void *right) {
  int a, b;
  memcpy(&a, left, sizeof a);
  memcpy(&b, right, sizeof b);
  return (a > b) - (a < b);
}

static long copy(char *bytes) {
  long sum = 0;
  for (size_t length = 0; length < 600; length += length / 9 + 1)
    sum += (char *)memcpy(bytes + HALF + length, bytes + 3, length) - bytes;
  memcpy(bytes + HALF, bytes, 5000);
  return sum;
}
static long move_overlapping(char *bytes) {
  memmove(bytes + 7, bytes, 900);
  memmove(bytes + 2000, bytes + 2033, 3000);
  return 0;
}
static long set(char *bytes) {
  for (size_t length = 0; length < 400; length += length / 7 + 1)
    memset(bytes + length * 3, (int)length, length);
  memset(bytes + HALF, 1, 4200);
  return 0;
}
static long search(char *bytes) {
  char *first = memchr(bytes, 77, 5000), *last = memrchr(bytes, 78, 5000);
  return (first - bytes) + (last - bytes) * 100000;
}
static long text(char *bytes) {
  memset(bytes, 'x', 3000);
  memcpy(bytes + 1000, "needle", 7);
  strcpy(bytes + 4000, bytes);
  strcat(bytes + 4000, " in the hay");
  strncpy(bytes + 6000, bytes + 990, 40);
  long sum = (long)strlen(bytes) + (long)strnlen(bytes + 4000, 50) + strcmp(bytes + 4000, bytes);
  sum += strstr(bytes + 4000, "needle in") - bytes;
  sum += strchr(bytes + 4000, ' ') - bytes + (strrchr(bytes + 4000, 'h') - bytes);
  sum += (long)strspn(bytes, "x") + (long)strcspn(bytes, "e") + strcasecmp(bytes + 4, bytes + 5);
  return sum + strncmp(bytes, bytes + 4000, 900);
}
static long equal(char *bytes) {
  memcpy(bytes + HALF, bytes, 700);
  bytes[HALF + 650]++;
  long sum = 0;
  for (size_t length = 1; length < 700; length += length / 5 + 1)
    sum = sum * 3 + (memcmp(bytes, bytes + HALF, length) > 0);
  return sum;
}
static long sort(char *bytes) {
  qsort(bytes, 300, sizeof(int), compare_integers);
  int key;
  memcpy(&key, bytes + 400, sizeof key);
  return (char *)bsearch(&key, bytes, 300, sizeof(int), compare_integers) - bytes;
}
static long print(char *bytes) {
  strcpy(bytes + 100, "a string");
  int length = snprintf(bytes + HALF, 300, "%d %08lx %-20s| %.15g %e %c %Lf", -42, 0x1234567890abcdefl, bytes + 100,
                        3.14159265358979, -1e-300, 'z', 2.5L);
  return length;
}
static long parse(char *bytes) {
  strcpy(bytes, "  -123456789 0x7fffF 3.14159e2 inf 1e400 .000001");
  char *at = bytes;
  long sum = strtol(at, &at, 10);
  sum += strtol(at, &at, 0);
  double number = 0;
  for (unsigned count = 0; count < 3; count++) {
    double next = strtod(at, &at);
    number += isinf(next) ? 1000 : next;
  }
  int a = 0;
  char word[20] = "";
  if (sscanf(bytes, "%d %19s", &a, word) == 2)
    sum += a + (long)strlen(word);
  return sum + (long)number;
}
static long wide(char *bytes) {
  wchar_t *text = (wchar_t *)(void *)bytes;
  wmemset(text, L'a', 500);
  text[499] = 0;
  wcscpy((wchar_t *)(void *)(bytes + HALF), text);
  return (long)wcslen(text) + wcscmp(text, (wchar_t *)(void *)(bytes + HALF)) + (long)mbstowcs(text, "abc", 10);
}
static long numbers(char *bytes) {
  double *values = (double *)(void *)bytes;
  float *small = (float *)(void *)(bytes + HALF);
  for (int at = 0; at < 300; at++)
    values[at] = at * 0.5;
  double sum = 0;
  for (int at = 1; at < 299; at++) {
    values[at] = (values[at - 1] + values[at + 1]) / 2 + sqrt(values[at]);
    small[at] = (float)values[at];
    sum += values[at] > 20 ? (double)small[at] : (double)(int)values[at];
  }
  return (long)sum;
}
static long long_numbers(char *bytes) {
  long double *values = (long double *)(void *)bytes;
  for (int at = 0; at < 50; at++)
    values[at] = at / 3.0L;
  long double sum = 0;
  for (int at = 1; at < 50; at++)
    sum += values[at] * values[at - 1];
  return (long)sum;
}
static long bits(char *bytes) {
  uint64_t *words = (uint64_t *)(void *)bytes, hash = 1;
  for (int at = 0; at < 300; at++) {
    words[at] = words[at] >> 3 ^ (uint64_t)__builtin_popcountll(words[at + 1]);
    words[at] ^= __builtin_bswap64(words[at]);
    hash = (hash ^ words[at]) * 0x9e3779b97f4a7c15;
    if (words[at] & 0x10)
      words[at + 300]++;
    __atomic_fetch_add(&words[at + 301], 3, __ATOMIC_SEQ_CST);
    uint64_t expected = words[at + 302];
    __atomic_compare_exchange_n(&words[at + 302], &expected, hash, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
  }
  return (long)hash;
}
static long pointers(char *bytes) {
  struct node {
    struct node *next;
    short value;
    unsigned char kind : 3, more : 5;
  } *nodes = (struct node *)(void *)bytes, *list = NULL;
  for (unsigned at = 0; at < 200; at++) {
    nodes[at] = (struct node){list, (short)(at * 77), at & 7u, at & 31u};
    list = &nodes[at];
  }
  long sum = 0;
  for (; list != NULL; list = list->next)
    sum += list->value * list->kind + list->more++;
  return sum;
}
static long strings(char *bytes) {
  void *to = bytes + HALF, *from = bytes;
  size_t count = 1000;
  __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(count) : : "memory");
  count = 99;
  to = bytes + HALF + 5000;
  __asm__ volatile("std; rep stosq; cld" : "+D"(to), "+c"(count) : "a"(0x1122334455667788) : "memory");
  count = 5000;
  from = bytes;
  __asm__ volatile("repne scasb" : "+D"(from), "+c"(count) : "a"(99) : "memory", "cc");
  return (long)count;
}

static const struct {
  const char *name;
  long (*run)(char *);
} programs[] = {
    {"copy", copy},       {"move_overlapping", move_overlapping},
    {"set", set},         {"search", search},
    {"text", text},       {"equal", equal},
    {"sort", sort},       {"print", print},
    {"parse", parse},     {"wide", wide},
    {"numbers", numbers}, {"long_numbers", long_numbers},
    {"bits", bits},       {"pointers", pointers},
    {"strings", strings},
};

static void fill(void) {
  uint32_t random = 12345;
  for (size_t at = 0; at < BYTES; at++) {
    random = random * 1664525 + 1013904223;
    memory[at] = (char)(random >> 24 | 1);
  }
}

static unsigned strides;

static void count_wide(const ucontext_t *context, const struct instruction *instruction) {
  (void)context;
  strides += instruction->vector;
}

int main(void) {
  trap_start();
  memory = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  static char expected[BYTES];
  int failures = 0;
  for (size_t number = 0; number < ARRAY_LENGTH(programs); number++) {
    fill();
    long result = programs[number].run(memory);
    memcpy(expected, memory, BYTES);
    fill();
    unsigned before = trap_counts.traps;
    trap_close(memory, BYTES, count_wide);
    long trapped = programs[number].run(memory);
    trap_open();
    bool same = trapped == result && memcmp(expected, memory, BYTES) == 0;
    printf("%-18s %6u traps %s\n", programs[number].name, trap_counts.traps - before, same ? "" : "DIFFERS");
    failures += !same || trap_counts.traps == before;
  }
  printf("%u traps, %u of vectors, %u not decoded, %u unexplained\n", trap_counts.traps, strides,
         trap_counts.undecoded, trap_counts.unexplained);
  return failures == 0 && trap_counts.undecoded == 0 && trap_counts.unexplained == 0 && strides > 0 ? 0 : 1;
}
