#include "check/watch.h"
#include "base/options.h"
#include "check/dial.h"
#include "check/report.h"
#include "check/step.h"
#include "guard/instruction.h"
#include "space/kernel.h"
#include "space/space.h"

#include <link.h>
#include <string.h>

#define SMALL_WATCHES 1024u
#define SMALL_BYTES   (2 * KIB) /* of an object */
#define LARGE_WATCHES 64u
#define LARGE_BYTES   (64 * KIB)
#define HUGE_WATCHES  8u
#define WATCHES       (SMALL_WATCHES + LARGE_WATCHES + HUGE_WATCHES)

/* Traps one object may take; once the time for watching is used up; once all of it is written. */
#define TRAPS_MOST       16384u
#define TRAPS_MOST_LATE  8u
#define TRAPS_WHEN_WHOLE 512u
/* So many bytes in a row that hold the fill are not a text that was written unseen. */
#define UNWRITTEN_RUN 8u
/* Objects one call may be lent. */
#define LENT_MOST 6u

struct watch {
  struct object_record *record; /* atomic; NULL: free */
  struct stack_site *site;
  uint32_t traps;
  uint32_t unwritten; /* bytes */
  uint32_t whole_traps;
  bool reported;
  bool zeroed;      /* all of it counts as written, and there are no bits */
  uint8_t *written; /* a bit a byte */
};

static struct watch *watches; /* WATCHES of them */
/* The watches for objects up to a size; `next` is where to look for a free one. */
static struct watch_pool {
  size_t object_bytes, first, count;
  size_t next; /* atomic */
} pools[] = {
    {SMALL_BYTES, 0, SMALL_WATCHES, 0},
    {LARGE_BYTES, SMALL_WATCHES, LARGE_WATCHES, 0},
    {WATCH_BYTES_MOST, SMALL_WATCHES + LARGE_WATCHES, HUGE_WATCHES, 0},
};
static uint64_t objects, accesses; /* atomic */

/* Code that isn't the program's: libc and the loader; this library. Fixed after start. */
static struct code_range { uintptr_t start, end; } foreign_code[4], own_code;

/* The pages that are open for a call of this thread's. */
static __thread struct lent {
  struct object_record *record;
  uintptr_t first;
  size_t bytes;
} lent[LENT_MOST];
__thread unsigned watch_lent;

uint64_t watch_objects(void) {
  return __atomic_load_n(&objects, __ATOMIC_RELAXED);
}
uint64_t watch_accesses(void) {
  return __atomic_load_n(&accesses, __ATOMIC_RELAXED);
}

/* ---- Start. ---- */

static void note_code(const struct dl_phdr_info *info, struct code_range *range) {
  for (int i = 0; i < info->dlpi_phnum; i++) {
    const ElfW(Phdr) *header = &info->dlpi_phdr[i];
    if (header->p_type != PT_LOAD || (header->p_flags & PF_X) == 0)
      continue;
    uintptr_t start = info->dlpi_addr + header->p_vaddr, end = start + header->p_memsz;
    if (range->end == 0 || start < range->start)
      range->start = start;
    if (end > range->end)
      range->end = end;
  }
}

static int note_module(struct dl_phdr_info *info, size_t size, void *count) {
  (void)size;
  unsigned *used = count;
  const char *name = info->dlpi_name != NULL ? info->dlpi_name : "";
  const char *base = strrchr(name, '/');
  base = base != NULL ? base + 1 : name;
  if (strncmp(base, "libfreehold", 11) == 0)
    note_code(info, &own_code);
  bool foreign =
      strncmp(base, "libc.so", 7) == 0 || strncmp(base, "ld-linux", 8) == 0 || strncmp(base, "libpthread", 10) == 0;
  if (foreign && *used < ARRAY_LENGTH(foreign_code))
    note_code(info, &foreign_code[(*used)++]);
  return 0;
}

bool watch_start(void) {
  if (!options.watch || !instruction_start() || !step_start())
    return false;
  size_t table = align_up(WATCHES * sizeof(struct watch), 64);
  size_t bytes = table;
  for (size_t i = 0; i < ARRAY_LENGTH(pools); i++)
    bytes += pools[i].count * pools[i].object_bytes / 8;
  intptr_t at = kernel.reserve(bytes);
  if ((at < 0 && at > -4096) || kernel.commit((uintptr_t)at, bytes) != 0)
    return false;
  struct watch *made = (struct watch *)at;
  uint8_t *bits = (uint8_t *)at + table;
  for (size_t i = 0; i < ARRAY_LENGTH(pools); i++)
    for (size_t j = 0; j < pools[i].count; j++, bits += pools[i].object_bytes / 8)
      made[pools[i].first + j].written = bits;
  unsigned used = 0;
  dl_iterate_phdr(note_module, &used);
  __atomic_store_n(&watches, made, __ATOMIC_RELEASE);
  return true;
}

static bool is_in(const struct code_range *range, uintptr_t pc) {
  return pc >= range->start && pc < range->end;
}

static bool code_is_foreign(uintptr_t pc) {
  for (size_t i = 0; i < ARRAY_LENGTH(foreign_code); i++)
    if (is_in(&foreign_code[i], pc))
      return true;
  return is_in(&own_code, pc);
}

bool watch_serves(uintptr_t pc) {
  for (size_t i = 0; i < ARRAY_LENGTH(foreign_code); i++)
    if (is_in(&foreign_code[i], pc))
      return false;
  return true;
}

/* ---- Bytes. ---- */

static struct watch *watch_of(const struct object_record *record) {
  uint16_t number = __atomic_load_n(&record->watch, __ATOMIC_ACQUIRE);
  return number != 0 ? &watches[number - 1] : NULL;
}

static bool bit_at(const uint8_t *bits, size_t at) {
  return (bits[at / 8] >> at % 8 & 1) != 0;
}

void watch_wrote(struct object_record *record, size_t from, size_t bytes) {
  struct watch *watch = watch_of(record);
  if (watch == NULL || watch->zeroed || from >= record->bytes)
    return;
  if (bytes > record->bytes - from)
    bytes = record->bytes - from;
  for (size_t at = from; at < from + bytes; at++) {
    if (bit_at(watch->written, at))
      continue;
    watch->written[at / 8] |= (uint8_t)(1u << at % 8);
    watch->unwritten--;
  }
}

bool watch_unwritten(const struct object_record *record, size_t from, size_t bytes) {
  struct watch *watch = watch_of(record);
  if (watch == NULL || watch->zeroed || from >= record->bytes || bytes == 0)
    return false;
  if (bytes > record->bytes - from)
    bytes = record->bytes - from;
  for (size_t at = from; at < from + bytes; at++)
    if (bit_at(watch->written, at) || ((const volatile uint8_t *)record->start)[at] != (uint8_t)options.fill)
      return false;
  return true;
}

bool watch_unwritten_text(const struct object_record *record, size_t from, size_t bytes) {
  if (watch_unwritten(record, from, 1))
    return true;
  for (size_t at = from; at + UNWRITTEN_RUN <= from + bytes; at += UNWRITTEN_RUN / 2)
    if (watch_unwritten(record, at, UNWRITTEN_RUN))
      return true;
  return false;
}

/* ---- Begin and end. ---- */

static struct watch *watch_take(struct object_record *record, bool zeroed) {
  struct watch_pool *pool = pools;
  while (!zeroed && record->bytes > pool->object_bytes)
    pool++;
  for (size_t looked = 0; looked < 16 && looked < pool->count; looked++) {
    struct watch *watch = &watches[pool->first + __atomic_fetch_add(&pool->next, 1, __ATOMIC_RELAXED) % pool->count];
    struct object_record *none = NULL;
    if (__atomic_compare_exchange_n(&watch->record, &none, record, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
      return watch;
  }
  return NULL;
}

static void watch_drop(struct watch *watch) {
  __atomic_store_n(&watch->record, NULL, __ATOMIC_RELEASE);
}

bool watch_begin(struct object_record *record, struct stack_site *site, bool zeroed) {
  if (watches == NULL || record->bytes == 0 || (!zeroed && record->bytes > WATCH_BYTES_MOST))
    return false;
  struct watch *watch = watch_take(record, zeroed);
  if (watch == NULL)
    return false;
  watch->site = site;
  watch->traps = watch->whole_traps = 0;
  watch->reported = false;
  watch->unwritten = zeroed ? 0 : (uint32_t)record->bytes;
  watch->zeroed = zeroed;
  if (!zeroed)
    memset(watch->written, 0, divide_up(record->bytes, 8));
  __atomic_store_n(&record->watch, (uint16_t)(watch - watches + 1), __ATOMIC_RELEASE);
  guard_set_apart(record, true);
  if (!guard_close_pages(record)) {
    __atomic_store_n(&record->watch, 0, __ATOMIC_RELEASE);
    watch_drop(watch);
    return false;
  }
  __atomic_add_fetch(&objects, 1, __ATOMIC_RELAXED);
  return true;
}

void watch_end(struct object_record *record) {
  uint16_t number = __atomic_exchange_n(&record->watch, 0, __ATOMIC_ACQ_REL);
  if (number == 0)
    return;
  struct watch *watch = &watches[number - 1];
  uint64_t ticks = dial_ticks();
  guard_open_pages(record);
  guard_set_apart(record, false);
  dial_watched_since(ticks);
  if (!watch->reported && watch->site != NULL)
    __atomic_add_fetch(&watch->site->clean, 1, __ATOMIC_RELAXED);
  watch_drop(watch);
}

void watch_end_all(void) {
  if (watches == NULL)
    return;
  for (size_t i = 0; i < WATCHES; i++) {
    struct object_record *record = __atomic_load_n(&watches[i].record, __ATOMIC_ACQUIRE);
    if (record != NULL && watch_of(record) == &watches[i])
      watch_end(record);
  }
}

bool watch_pause(struct object_record *record) {
  return guard_open_pages(record);
}
void watch_resume(struct object_record *record) {
  if (watch_covers(record))
    guard_close_pages(record);
}

/* Whether the watch goes on after this access. */
static bool worth_going_on(struct watch *watch) {
  watch->traps++;
  if (watch->unwritten == 0)
    watch->whole_traps++;
  return watch->traps < (dial_may_watch() ? TRAPS_MOST : TRAPS_MOST_LATE) && watch->whole_traps < TRAPS_WHEN_WHOLE;
}

void watch_lend(struct object_record *record, size_t from, size_t bytes) {
  uint64_t ticks = dial_ticks();
  size_t page = space_page_bytes();
  uintptr_t first = align_down(record->start + from, page);
  uintptr_t end = align_up(record->start + from + (bytes > 0 ? bytes : 1), page);
  struct watch *watch = watch_of(record);
  if (watch == NULL)
    return;
  if (watch_lent == LENT_MOST || !worth_going_on(watch) || kernel.protect(first, end - first, true) != 0)
    watch_end(record); /* more than a call has any use for */
  else
    lent[watch_lent++] = (struct lent){record, first, end - first};
  dial_watched_since(ticks);
}

void watch_reclose_lent(void) {
  uint64_t ticks = dial_ticks();
  for (unsigned i = 0; i < watch_lent; i++)
    if (watch_covers(lent[i].record))
      kernel.protect(lent[i].first, lent[i].bytes, false);
  watch_lent = 0;
  dial_watched_since(ticks);
}

/* ---- One access. ---- */

static void report_access(struct watch *watch, enum fh_report_kind kind, const ucontext_t *context,
                          const struct instruction_access *access, uintptr_t address, struct object_record *record) {
  struct fh_report report;
  report_begin_at_fault(&report, kind, context);
  report.address = address;
  report.access_bytes = access->bytes;
  report.access = access->writes ? FH_ACCESS_WRITE : FH_ACCESS_READ;
  report_add_object(&report, record);
  report_write(&report);
  watch->reported = true;
  if (kind != FH_REPORT_UNINITIALIZED_READ)
    record->known |= OBJECT_KNOWN_DAMAGE;
}

/* Vectors may read more than they need, before and behind, as long as they can't come to another page, that is, at a
 * multiple of their length, and look for a byte there; what they write they mean. */
static bool judge_bounds(struct watch *watch, const ucontext_t *context, const struct instruction *instruction,
                         const struct instruction_access *access, struct object_record *record) {
  uintptr_t end = record->start + record->bytes;
  if (instruction->vector && !access->writes && access->address % access->bytes == 0 && instruction_scans(context))
    return true;
  if (access->address < record->start) {
    report_access(watch, FH_REPORT_HEAP_BUFFER_UNDERFLOW, context, access, access->address, record);
    return false;
  }
  if (access->address + access->bytes > end) {
    report_access(watch, FH_REPORT_HEAP_BUFFER_OVERFLOW, context, access, access->address, record);
    return false;
  }
  return true;
}

static void judge(struct watch *watch, const ucontext_t *context, const struct instruction *instruction,
                  const struct instruction_access *access, struct object_record *record) {
  uintptr_t pages = align_down(record->start, space_page_bytes());
  uintptr_t pages_end = align_up(record->start + record->bytes, space_page_bytes());
  if (access->bytes == 0 || access->address + access->bytes <= pages || access->address >= pages_end)
    return; /* another object's */
  bool inside = judge_bounds(watch, context, instruction, access, record);
  uintptr_t from = access->address > record->start ? access->address : record->start;
  uintptr_t to = access->address + access->bytes, end = record->start + record->bytes;
  if (to > end)
    to = end;
  if (from >= to)
    return;
  if (inside && access->reads && !instruction->vector && watch_unwritten(record, from - record->start, to - from) &&
      instruction_uses_value(context, instruction))
    report_access(watch, FH_REPORT_UNINITIALIZED_READ, context, access, from, record);
  if (access->writes)
    watch_wrote(record, from - record->start, to - from);
}

static uintptr_t program_counter(const ucontext_t *context) {
#if defined(__x86_64__)
  return (uintptr_t)context->uc_mcontext.gregs[REG_RIP];
#else
  return (uintptr_t)context->uc_mcontext.pc;
#endif
}

/* A program's stack in an object of the heap: the kernel writes there too, the frames of signals for one. */
static bool stack_is_in(const ucontext_t *context, const struct object_record *record) {
#if defined(__x86_64__)
  uintptr_t sp = (uintptr_t)context->uc_mcontext.gregs[REG_RSP];
#else
  uintptr_t sp = (uintptr_t)context->uc_mcontext.sp;
#endif
  return sp - record->start <= record->bytes;
}

/* The pages of the object that the instruction touches; 0 bytes when it touches none. */
static uintptr_t touched_pages(const struct object_record *record, const struct instruction *instruction,
                               size_t *bytes) {
  size_t page = space_page_bytes();
  uintptr_t first = align_down(record->start, page), end = align_up(record->start + record->bytes, page);
  uintptr_t lowest = end, highest = first;
  for (unsigned i = 0; i < instruction->access_count; i++) {
    const struct instruction_access *access = &instruction->accesses[i];
    uintptr_t from = align_down(access->address, page), to = align_up(access->address + access->bytes, page);
    if (access->bytes == 0 || to <= first || from >= end)
      continue;
    lowest = from > first ? (from < lowest ? from : lowest) : first;
    highest = to < end ? (to > highest ? to : highest) : end;
  }
  *bytes = lowest < highest ? highest - lowest : 0;
  return lowest;
}

bool watch_fault(struct object_record *record, ucontext_t *context) {
  uint64_t from = dial_fault_ticks();
  struct watch *watch = watch_of(record);
  struct instruction instruction;
  size_t bytes = 0;
  if (watch == NULL)
    return guard_open_pages(record);
  __atomic_add_fetch(&accesses, 1, __ATOMIC_RELAXED);
  uintptr_t pages = 0;
  if (!code_is_foreign(program_counter(context)) && !stack_is_in(context, record) &&
      instruction_read(context, &instruction))
    pages = touched_pages(record, &instruction, &bytes);
  if (bytes == 0 || kernel.protect(pages, bytes, true) != 0) {
    watch_end(record);
    dial_watched_since(from);
    return true;
  }
  for (unsigned i = 0; i < instruction.access_count; i++)
    judge(watch, context, &instruction, &instruction.accesses[i], record);
  if (!worth_going_on(watch) || !step_over(context, instruction.length, pages, bytes))
    watch_end(record);
  dial_watched_since(from);
  return true;
}
