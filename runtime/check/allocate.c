#include "check/allocate.h"
#include "base/options.h"
#include "base/print.h"
#include "check/closed.h"
#include "check/dial.h"
#include "check/fault.h"
#include "check/fence.h"
#include "check/heaps.h"
#include "check/leaks.h"
#include "check/order.h"
#include "check/report.h"
#include "check/watch.h"
#include "heap/fast.h"
#include "heap/misuse.h"
#include "heap/object.h"

#include <string.h>

/* The slack of a guarded object: as in fence.h, but before it stand zeros, as the kernel gave them, up to the last few. */
#define SLACK_VALUE 0xfb
#define SLACK_BYTES 32
/* As far before an object it is looked at whether they still are zeros. */
#define SLACK_MOST 512
/* How much of a fresh object is filled: all of what may be watched. */
#define FILL_MOST WATCH_BYTES_MOST
/* What grows beyond this is resized where it stands, by moving pages. */
#define MOVE_PAGES_MIN (256 * KIB)

static struct check_totals totals; /* atomic, each by itself; but for what threads have not added yet */

/* What a thread has counted since it last added to the totals. */
#define BATCH_CALLS 64u
#define BATCH_BYTES (64 * (int64_t)KIB)
static __thread struct batch {
  uint32_t calls;
  uint32_t allocations, frees, guarded, fenced;
  uint64_t allocated_bytes;
  int64_t live_bytes;
} batch;

static void add(uint64_t *counter, uint64_t amount) {
  __atomic_add_fetch(counter, amount, __ATOMIC_RELAXED);
}

NOINLINE void check_totals_add(void) {
  add(&totals.allocations, batch.allocations);
  add(&totals.allocated_bytes, batch.allocated_bytes);
  add(&totals.frees, batch.frees);
  add(&totals.guarded, batch.guarded);
  add(&totals.fenced, batch.fenced);
  add(&totals.live_objects, (uint64_t)batch.allocations - batch.frees);
  uint64_t now = __atomic_add_fetch(&totals.live_bytes, (uint64_t)batch.live_bytes, __ATOMIC_RELAXED);
  uint64_t peak = __atomic_load_n(&totals.peak_live_bytes, __ATOMIC_RELAXED);
  while ((int64_t)now > (int64_t)peak &&
         !__atomic_compare_exchange_n(&totals.peak_live_bytes, &peak, now, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
    ;
  batch = (struct batch){.calls = 0};
}

struct check_totals check_totals_read(void) {
  check_totals_add();
  struct check_totals read = totals;
  read.failed_on_order = order_failures();
  return read;
}

ALWAYS_INLINE void batch_count(int64_t live_bytes) {
  batch.live_bytes += live_bytes;
  if (UNLIKELY(++batch.calls >= BATCH_CALLS || batch.live_bytes > BATCH_BYTES || batch.live_bytes < -BATCH_BYTES))
    check_totals_add();
}

static void count_live(size_t bytes) {
  batch.allocations++;
  batch.allocated_bytes += bytes;
  batch_count((int64_t)bytes);
}

static void count_dead(size_t bytes) {
  batch.frees++;
  batch_count(-(int64_t)bytes);
}

/* Exact stacks are paid for from the same purse as guards. */
static stack_id store_stack(struct stack_place place) {
  bool exact = dial_exact() || order_given();
  uint64_t from = exact ? dial_ticks() : 0;
  stack_id stack = stack_store(place, !exact);
  if (exact)
    dial_spent_since(from);
  return stack;
}

/* ---- What surrounds a guarded object. ---- */

struct slack {
  unsigned char *front, *rear;
  size_t front_bytes, rear_bytes;
};

static struct slack slack_of(const struct object_record *record) {
  size_t page = space_page_bytes();
  uintptr_t end = record->start + record->bytes;
  struct slack slack;
  slack.front = (unsigned char *)align_down(record->start, page);
  slack.front_bytes = record->start % page;
  if (slack.front_bytes > SLACK_MOST) {
    slack.front += slack.front_bytes - SLACK_MOST;
    slack.front_bytes = SLACK_MOST;
  }
  slack.rear = (unsigned char *)end;
  slack.rear_bytes = align_up(end, page) - end;
  if (record->bytes == 0)
    slack.front_bytes = slack.rear_bytes = 0; /* it stands at its guard, or nowhere near */
  return slack;
}

static size_t slack_marked(const struct slack *slack) {
  return slack->front_bytes < SLACK_BYTES ? slack->front_bytes : SLACK_BYTES;
}

static void slack_fill(const struct object_record *record) {
  struct slack slack = slack_of(record);
  size_t marked = slack_marked(&slack);
  memset(slack.front + slack.front_bytes - marked, SLACK_VALUE, marked);
  memset(slack.rear, SLACK_VALUE, slack.rear_bytes < SLACK_BYTES ? slack.rear_bytes : SLACK_BYTES);
}

static struct fence_damage slack_inspect(const struct object_record *record) {
  struct slack slack = slack_of(record);
  size_t marked = slack_marked(&slack), first, last;
  size_t rear = slack.rear_bytes < SLACK_BYTES ? slack.rear_bytes : SLACK_BYTES;
  if (UNLIKELY(!bytes_are(slack.rear, rear, SLACK_VALUE, &first, &last)))
    return (struct fence_damage){true, (uintptr_t)slack.rear + first, last - first + 1};
  unsigned char *front = slack.front + slack.front_bytes - marked;
  if (UNLIKELY(!bytes_are(front, marked, SLACK_VALUE, &first, &last)))
    return (struct fence_damage){true, (uintptr_t)front + first, last - first + 1};
  if (UNLIKELY(!bytes_are(slack.front, slack.front_bytes - marked, 0, &first, &last)))
    return (struct fence_damage){true, (uintptr_t)slack.front + first, last - first + 1};
  return (struct fence_damage){.found = false};
}

/* ---- Damage that was left behind. ---- */

static void copy_call(struct fh_report *report, const char *call) {
  strncpy(report->call, call, sizeof report->call - 1);
}

static void add_detail(struct fh_report *report, const struct text *text) {
  size_t length = text->length < sizeof report->detail ? text->length : sizeof report->detail - 1;
  memcpy(report->detail, text->bytes, length);
}

static void describe_damage(struct fh_report *report, const struct object_record *record,
                            const struct fence_damage *damage) {
  report->flags = FH_REPORT_FOUND_LATE;
  report->access = FH_ACCESS_WRITE;
  report->address = damage->first;
  report->access_bytes = damage->bytes;
  report_add_object(report, record);
}

static enum fh_report_kind kind_of_damage(const struct object_record *record, const struct fence_damage *damage) {
  if (record->state == FH_OBJECT_FREED)
    return FH_REPORT_HEAP_USE_AFTER_FREE;
  return damage->first < record->start ? FH_REPORT_HEAP_BUFFER_UNDERFLOW : FH_REPORT_HEAP_BUFFER_OVERFLOW;
}

static void report_damage(struct object_record *record, struct fence_damage damage, struct stack_place place) {
  struct fh_report report;
  report_begin(&report, kind_of_damage(record, &damage), place);
  describe_damage(&report, record, &damage);
  report_write(&report);
}

/* The places of those who look through what waits, for the function below. */
static __thread struct stack_place looking_place;

static void report_written_after_free(struct object_record *record, struct fence_damage damage) {
  report_damage(record, damage, looking_place);
}

static struct fence_damage surroundings_inspect(const struct object_record *record) {
  return record->fenced ? fence_inspect(record) : slack_inspect(record);
}

static void inspect(struct object_record *record, struct stack_place place) {
  if (UNLIKELY(record->known & OBJECT_KNOWN_DAMAGE))
    return;
  struct fence_damage damage = surroundings_inspect(record);
  if (LIKELY(!damage.found))
    return;
  report_damage(record, damage, place);
  record->known |= OBJECT_KNOWN_DAMAGE;
}

static bool inspect_live(void *context, struct object_record *record) {
  bool watched = watch_covers(record) && watch_pause(record);
  inspect(record, *(struct stack_place *)context);
  if (watched)
    watch_resume(record);
  return true;
}

void check_fences(struct stack_place place) {
  looking_place = place;
  checked_each_live(inspect_live, &place);
  fence_inspect_waiting(report_written_after_free);
}

/* Where the damage found in a copy of the process goes; there is but one thread. */
static struct report_sink *copy_sink;

static void tell_sink(struct object_record *record, struct fence_damage damage) {
  struct fh_report report;
  memset(&report, 0, sizeof report);
  report.head.type = FH_RECORD_REPORT;
  report.head.bytes = sizeof report;
  report.kind = kind_of_damage(record, &damage);
  report.count = 1;
  describe_damage(&report, record, &damage);
  copy_sink->write(copy_sink, &report);
}

static bool inspect_in_copy(void *context, struct object_record *record) {
  (void)context;
  if ((record->known & OBJECT_KNOWN_DAMAGE) != 0 || (watch_covers(record) && !watch_pause(record)))
    return true;
  struct fence_damage damage = surroundings_inspect(record);
  if (damage.found)
    tell_sink(record, damage);
  return true;
}

void check_fences_in_copy(struct report_sink *sink) {
  copy_sink = sink;
  checked_each_live(inspect_in_copy, NULL);
  fence_inspect_waiting(tell_sink);
}

/* ---- Allocation. ---- */

static void fill(struct object_record *record, bool zeroed) {
  if (zeroed) {
    if (record->fenced)
      memset((void *)record->start, 0, record->bytes);
  } else {
    memset((void *)record->start, (int)options.fill, record->bytes < FILL_MOST ? record->bytes : FILL_MOST);
  }
}

static struct object_record *take_guarded(const struct check_request *request, struct stack_site *site) {
  uint64_t from = dial_ticks();
  struct object_record *record = guard_take(request->bytes, request->alignment);
  if (record != NULL) {
    slack_fill(record);
    fill(record, request->zeroed);
    batch.guarded++;
  }
  (void)site;
  dial_spent_since(from);
  return record;
}

static struct object_record *take_fenced(const struct check_request *request) {
  struct object_record *record = fence_take(request->bytes, request->alignment);
  if (record != NULL) {
    fill(record, request->zeroed);
    batch.fenced++;
  }
  return record;
}

static void add_signed(struct text *text, size_t value) {
  if (value > PTRDIFF_MAX)
    text_add(text, "-");
  text_add_decimal(text, value > PTRDIFF_MAX ? -value : value);
}

void check_impossible_size(const char *call, struct stack_place place, size_t count, size_t bytes) {
  struct fh_report report;
  report_begin(&report, FH_REPORT_IMPOSSIBLE_SIZE, place);
  report.access_bytes = bytes;
  copy_call(&report, call);
  struct text detail;
  text_clear(&detail);
  text_add(&detail, "as signed numbers: ");
  if (count != 1) {
    add_signed(&detail, count);
    text_add(&detail, " times ");
  }
  add_signed(&detail, bytes);
  text_add(&detail, " bytes");
  add_detail(&report, &detail);
  report_write(&report);
}

static void give_out(struct object_record *record, const struct check_request *request, stack_id stack) {
  record->allocated = stack;
  record->allocated_thread = report_thread();
  record->made_by = (uint8_t)request->family;
  __atomic_store_n(&record->state, FH_OBJECT_LIVE, __ATOMIC_RELEASE);
  count_live(record->bytes);
}

void *check_allocate(const struct check_request *request) {
  if (UNLIKELY(request->bytes > PTRDIFF_MAX)) {
    check_impossible_size(request->call, request->place, 1, request->bytes);
    return NULL;
  }
  stack_id stack = store_stack(request->place);
  struct stack_site *site = stack_site_of(stack);
  bool first = site != NULL && __atomic_load_n(&site->allocations, __ATOMIC_RELAXED) == 0;
  bool guarded = dial_guards(site, request->bytes);
  if (UNLIKELY(order_fails(stack, first)))
    return NULL;
  struct object_record *record = guarded ? take_guarded(request, site) : NULL;
  if (record == NULL)
    record = take_fenced(request);
  if (record == NULL)
    return NULL;
  give_out(record, request, stack);
  if (!record->fenced && watch_serves(request->place.pc) && dial_watches(site)) {
    uint64_t from = dial_ticks();
    watch_begin(record, site, request->zeroed);
    dial_spent_since(from);
  }
  return (void *)record->start;
}

/* ---- Frees. ---- */

static void report_bad_free(const char *call, struct stack_place place, uintptr_t address, struct checked checked,
                            enum fh_family family) {
  struct fh_report report;
  bool again = checked.where == CHECKED_FREED && address == checked.record->start;
  report_begin(&report, again ? FH_REPORT_DOUBLE_FREE : FH_REPORT_INVALID_FREE, place);
  report.address = address;
  report.freed_as = family;
  copy_call(&report, call);
  struct text detail;
  text_clear(&detail);
  if (checked.record != NULL) {
    checked.record->known |= OBJECT_KNOWN_FREE;
    report_add_object(&report, checked.record);
    if (!again && checked.where != CHECKED_BEYOND && checked.where != CHECKED_BEFORE) {
      text_add_decimal(&detail, address - checked.record->start);
      text_add(&detail, " bytes inside an object: only its start may be freed");
    }
  } else if (checked.where == CHECKED_EMPTY) {
    text_add(&detail, "in the heap, where no object is");
  } else {
    misuse_describe_foreign(&detail, address);
  }
  add_detail(&report, &detail);
  report_write(&report);
}

static void report_mismatch(const char *call, struct stack_place place, const struct object_record *record,
                            enum fh_family family, size_t bytes) {
  struct fh_report report;
  report_begin(&report, FH_REPORT_MISMATCHED_FREE, place);
  report.address = record->start;
  report.freed_as = family;
  report_add_object(&report, record);
  copy_call(&report, call);
  if (bytes != SIZE_MAX) {
    struct text detail;
    text_clear(&detail);
    text_add(&detail, "the call says ");
    text_add_decimal(&detail, bytes);
    text_add(&detail, " bytes, the object has ");
    text_add_decimal(&detail, record->bytes);
    add_detail(&report, &detail);
  }
  report_write(&report);
}

/* The record of the live object that starts at `pointer`; NULL after saying why there is none, or after freeing what is
 * the heap's but not the checker's: objects of heaps of one's own. */
static struct object_record *live_object(const char *call, struct stack_place place, void *pointer,
                                         enum fh_family family) {
  struct checked checked = checked_at((uintptr_t)pointer);
  if (LIKELY(checked.where == CHECKED_INSIDE && checked.record->start == (uintptr_t)pointer))
    return checked.record;
  struct object object = object_at(pointer);
  if (object.vault != NULL)
    closed_give(call, place, object.vault, pointer);
  else if (checked.where == CHECKED_EMPTY && object_is_exact(&object))
    release(pointer);
  else
    report_bad_free(call, place, (uintptr_t)pointer, checked, family);
  return NULL;
}

void check_free(const char *call, struct stack_place place, void *pointer, enum fh_family family) {
  check_free_sized(call, place, pointer, family, SIZE_MAX);
}

static void take_back(struct object_record *record, struct stack_place place, enum fh_family family) {
  record->freed = store_stack(place);
  record->freed_thread = report_thread();
  record->freed_by = (uint8_t)family;
  count_dead(record->bytes);
}

/* Whether a free of `family` may take what `made_by` has made. */
static bool family_fits(unsigned made_by, enum fh_family family) {
  return made_by == family ||
         (made_by == FH_FAMILY_HEAP && (family == FH_FAMILY_MALLOC || family == FH_FAMILY_HEAP_HANDLE));
}

void check_free_sized(const char *call, struct stack_place place, void *pointer, enum fh_family family,
                      size_t bytes) {
  struct object_record *record = live_object(call, place, pointer, family);
  if (UNLIKELY(record == NULL))
    return;
  if (UNLIKELY(!family_fits(record->made_by, family) || (bytes != SIZE_MAX && bytes != record->bytes)))
    report_mismatch(call, place, record, family,
                    bytes != record->bytes && record->made_by == family ? bytes : SIZE_MAX);
  if (watch_covers(record))
    watch_end(record);
  inspect(record, place);
  uint8_t live = FH_OBJECT_LIVE;
  if (UNLIKELY(!__atomic_compare_exchange_n(&record->state, &live, FH_OBJECT_FREED, false, __ATOMIC_ACQ_REL,
                                            __ATOMIC_RELAXED))) {
    report_bad_free(call, place, (uintptr_t)pointer, checked_at((uintptr_t)pointer), family);
    return;
  }
  take_back(record, place, family);
  if (UNLIKELY(record->made_by >= FH_FAMILY_HEAP))
    heaps_forget(record->start);
  fault_stack_freed(record->start, record->bytes);
  if (record->fenced) {
    looking_place = place;
    fence_give(record, report_written_after_free);
  } else {
    uint64_t from = dial_ticks();
    guard_give(record);
    dial_spent_since(from);
  }
}

/* ---- realloc. ---- */

/* Bytes and what is known of them. */
static void carry(struct object_record *from, struct object_record *to, size_t bytes) {
  bool from_watched = watch_covers(from) && watch_pause(from), to_watched = watch_covers(to) && watch_pause(to);
  memcpy((void *)to->start, (const void *)from->start, bytes);
  if (to_watched) {
    for (size_t at = 0, run; at < bytes; at += run) {
      bool unwritten = watch_unwritten(from, at, 1);
      for (run = 1; at + run < bytes && watch_unwritten(from, at + run, 1) == unwritten; run++)
        ;
      if (!unwritten)
        watch_wrote(to, at, run);
    }
    watch_resume(to);
  }
  if (from_watched)
    watch_resume(from);
}

void check_carry(void *from, void *to, size_t bytes) {
  carry(checked_at((uintptr_t)from).record, checked_at((uintptr_t)to).record, bytes);
}

static void *resize_large(struct object_record *record, struct stack_place place, size_t bytes) {
  size_t before = record->bytes;
  struct object_record was = *record;
  inspect(record, place);
  /* Who looks at all objects meanwhile, at the end of the program, must not look at this one. */
  uint8_t known = record->known;
  record->known |= OBJECT_KNOWN_DAMAGE;
  struct object_record *resized = fence_resize(record, bytes);
  if (resized == NULL || resized == record)
    record->known = known;
  if (resized == NULL)
    return NULL;
  if (resized != record) {
    resized->made_by = was.made_by;
    __atomic_store_n(&record->state, FH_OBJECT_FREED, __ATOMIC_RELEASE);
    record->freed = store_stack(place);
    record->freed_thread = report_thread();
  }
  count_dead(before);
  resized->allocated = store_stack(place);
  resized->allocated_thread = report_thread();
  __atomic_store_n(&resized->state, FH_OBJECT_LIVE, __ATOMIC_RELEASE);
  count_live(bytes);
  if (bytes > before)
    memset((char *)resized->start + before, (int)options.fill,
           bytes - before < FILL_MOST ? bytes - before : FILL_MOST);
  return (void *)resized->start;
}

void *check_reallocate(const char *call, struct stack_place place, void *pointer, size_t bytes) {
  struct checked checked = checked_at((uintptr_t)pointer);
  if (checked.where != CHECKED_INSIDE || checked.record->start != (uintptr_t)pointer) {
    struct object object = object_at(pointer);
    int failure;
    if (object.vault != NULL)
      return closed_resize(call, place, object.vault, pointer, bytes, &failure);
    if (checked.where == CHECKED_EMPTY && object_is_exact(&object))
      return reallocate(NULL, pointer, bytes);
    report_bad_free(call, place, (uintptr_t)pointer, checked, FH_FAMILY_MALLOC);
    return NULL;
  }
  struct object_record *record = checked.record;
  if (UNLIKELY(record->made_by == FH_FAMILY_HEAP))
    return heaps_reallocate(call, place, pointer, bytes);
  if (UNLIKELY(record->made_by != FH_FAMILY_MALLOC))
    report_mismatch(call, place, record, FH_FAMILY_MALLOC, SIZE_MAX);
  bool large = record->bytes >= MOVE_PAGES_MIN && bytes >= MOVE_PAGES_MIN && bytes <= PTRDIFF_MAX;
  if (large && record->fenced && !options.all && !order_given()) {
    void *resized = resize_large(record, place, bytes);
    if (resized != NULL)
      return resized;
  }
  struct check_request request = {
      .call = call, .place = place, .bytes = bytes, .alignment = GRANULE, .family = FH_FAMILY_MALLOC};
  void *moved = check_allocate(&request);
  if (moved == NULL)
    return NULL;
  check_carry(pointer, moved, bytes < record->bytes ? bytes : record->bytes);
  check_free_sized(call, place, pointer, (enum fh_family)record->made_by, SIZE_MAX);
  return moved;
}

size_t check_usable_bytes(struct stack_place place, void *pointer) {
  struct checked checked = checked_at((uintptr_t)pointer);
  if (LIKELY(checked.where == CHECKED_INSIDE && checked.record->start == (uintptr_t)pointer))
    return checked.record->bytes;
  struct object object = object_at(pointer);
  if (object_is_exact(&object) && (checked.where == CHECKED_EMPTY || object.vault != NULL))
    return object.bytes;
  report_bad_free("malloc_usable_size", place, (uintptr_t)pointer, checked, FH_FAMILY_MALLOC);
  return 0;
}

/* ---- new[] and delete[]. ---- */

/* The live object that starts at `pointer`, or NULL: what is wrong then, operator delete will say. */
static struct object_record *object_from(void *pointer) {
  struct checked checked = checked_at((uintptr_t)pointer);
  return checked.where == CHECKED_INSIDE && checked.record->start == (uintptr_t)pointer ? checked.record : NULL;
}

void check_make_array(void *pointer) {
  struct object_record *record = object_from(pointer);
  if (record != NULL && record->made_by == FH_FAMILY_NEW)
    record->made_by = FH_FAMILY_NEW_ARRAY;
}

void check_unmake_array(struct stack_place place, void *pointer) {
  struct object_record *record = object_from(pointer);
  if (record == NULL)
    return;
  if (record->made_by == FH_FAMILY_NEW)
    report_mismatch("operator delete[]", place, record, FH_FAMILY_NEW_ARRAY, SIZE_MAX);
  else if (record->made_by == FH_FAMILY_NEW_ARRAY)
    record->made_by = FH_FAMILY_NEW;
}

void check_size(struct stack_place place, void *pointer, enum fh_family family, size_t bytes) {
  struct object_record *record = object_from(pointer);
  if (record != NULL && record->bytes != bytes && record->made_by == family)
    report_mismatch(family == FH_FAMILY_NEW_ARRAY ? "operator delete[]" : "operator delete", place, record, family,
                    bytes);
}
