#include "check/access.h"
#include "base/print.h"
#include "check/object.h"
#include "check/report.h"
#include "check/watch.h"
#include "space/space.h"

#include <string.h>

enum use { USE_READ, USE_TEXT, USE_CARRY, USE_WRITE };

ALWAYS_INLINE bool is_checked(uintptr_t address) {
  return guard_contains(address) || space_contains(address);
}

/* As the program's source has it: sprintf for __sprintf_chk, sscanf for __isoc99_sscanf. */
static void name_call(struct fh_report *report, const char *call) {
  static const char *const before[] = {"__isoc99_", "__isoc23_", "__"}, after[] = "_chk";
  for (size_t i = 0; i < ARRAY_LENGTH(before); i++)
    if (strncmp(call, before[i], strlen(before[i])) == 0) {
      call += strlen(before[i]);
      break;
    }
  size_t length = strlen(call), end = strlen(after);
  if (length > end && strcmp(call + length - end, after) == 0)
    length -= end;
  memcpy(report->call, call, length < sizeof report->call ? length : sizeof report->call - 1);
}

static void report_use(const char *call, struct stack_place place, enum fh_report_kind kind, enum use use,
                       uintptr_t address, size_t bytes, struct object_record *record) {
  struct fh_report report;
  report_begin(&report, kind, place);
  report.address = address;
  report.access = use == USE_WRITE ? FH_ACCESS_WRITE : FH_ACCESS_READ;
  report.access_bytes = bytes;
  name_call(&report, call);
  report_add_object(&report, record);
  report_write(&report);
}

/* The real function is going to do it all the same: it must not be reported again when it faults. */
static void let_pass(struct object_record *record, uintptr_t address, size_t bytes) {
  if (!record->fenced)
    guard_open(address, bytes);
}

static bool is_inside(struct checked checked, uintptr_t address, size_t bytes) {
  return checked.where == CHECKED_INSIDE && bytes <= checked.record->start + checked.record->bytes - address;
}

static void use_outside(const char *call, struct stack_place place, enum use use, uintptr_t address, size_t bytes,
                        struct checked checked) {
  struct object_record *record = checked.record;
  switch (checked.where) {
  case CHECKED_FREED:
    report_use(call, place, FH_REPORT_HEAP_USE_AFTER_FREE, use, address, bytes, record);
    break;
  case CHECKED_BEFORE:
    report_use(call, place, FH_REPORT_HEAP_BUFFER_UNDERFLOW, use, address, bytes, record);
    break;
  case CHECKED_INSIDE:
    report_use(call, place, FH_REPORT_HEAP_BUFFER_OVERFLOW, use, record->start + record->bytes, bytes, record);
    break;
  case CHECKED_BEYOND:
    report_use(call, place, FH_REPORT_HEAP_BUFFER_OVERFLOW, use, address, bytes, record);
    break;
  default:
    return;
  }
  record->known |= OBJECT_KNOWN_DAMAGE;
  if (watch_covers(record))
    watch_end(record);
  let_pass(record, address, bytes);
}

/* An access inside of a watched object. */
static void use_watched(const char *call, struct stack_place place, enum use use, uintptr_t address, size_t bytes,
                        struct object_record *record) {
  size_t from = address - record->start;
  watch_lend(record, from, bytes);
  if (use == USE_WRITE)
    watch_wrote(record, from, bytes);
  else if (use == USE_TEXT ? watch_unwritten_text(record, from, bytes)
                           : use == USE_READ && watch_unwritten(record, from, bytes))
    report_use(call, place, FH_REPORT_UNINITIALIZED_READ, use, address, bytes, record);
}

static void use_bytes(const char *call, struct stack_place place, enum use use, const void *pointer, size_t bytes) {
  uintptr_t address = (uintptr_t)pointer;
  if (bytes == 0 || !is_checked(address))
    return;
  struct checked checked = checked_at(address);
  if (LIKELY(is_inside(checked, address, bytes))) {
    if (UNLIKELY(watch_covers(checked.record)))
      use_watched(call, place, use, address, bytes, checked.record);
    return;
  }
  use_outside(call, place, use, address, bytes, checked);
}

void access_read(const char *call, struct stack_place place, const void *address, size_t bytes) {
  use_bytes(call, place, USE_READ, address, bytes);
}
void access_write(const char *call, struct stack_place place, void *address, size_t bytes) {
  use_bytes(call, place, USE_WRITE, address, bytes);
}
void access_text(const char *call, struct stack_place place, const void *address, size_t bytes) {
  use_bytes(call, place, USE_TEXT, address, bytes);
}
void access_carry(const char *call, struct stack_place place, const void *address, size_t bytes) {
  use_bytes(call, place, USE_CARRY, address, bytes);
}

size_t access_room(const void *pointer) {
  uintptr_t address = (uintptr_t)pointer;
  if (!is_checked(address))
    return SIZE_MAX;
  struct checked checked = checked_at(address);
  switch (checked.where) {
  case CHECKED_INSIDE:
    return checked.record->start + checked.record->bytes - address;
  case CHECKED_BEFORE:
  case CHECKED_BEYOND:
  case CHECKED_FREED:
    return 0;
  default:
    return SIZE_MAX;
  }
}

size_t access_string(const char *call, struct stack_place place, const char *string, size_t most) {
  uintptr_t address = (uintptr_t)string;
  if (most == 0)
    return 0;
  if (!is_checked(address))
    return strnlen(string, most);
  struct checked checked = checked_at(address);
  if (checked.where != CHECKED_INSIDE) {
    use_outside(call, place, USE_READ, address, 1, checked);
    return strnlen(string, most);
  }
  struct object_record *record = checked.record;
  size_t room = record->start + record->bytes - address, looked = room < most ? room : most;
  if (watch_covers(record))
    watch_lend(record, address - record->start, looked);
  size_t length = strnlen(string, looked);
  size_t read = length < looked ? length + 1 : looked;
  if (watch_covers(record) && watch_unwritten_text(record, address - record->start, read))
    report_use(call, place, FH_REPORT_UNINITIALIZED_READ, USE_READ, address, read, record);
  if (length == room && room < most)
    use_outside(call, place, USE_READ, address, room + 1, checked);
  return length;
}

void access_overlap(const char *call, struct stack_place place, const void *to, const void *from, size_t bytes) {
  struct fh_report report;
  report_begin(&report, FH_REPORT_OVERLAPPING_COPY, place);
  report.address = (uintptr_t)to;
  report.access = FH_ACCESS_WRITE;
  report.access_bytes = bytes;
  name_call(&report, call);
  uintptr_t apart =
      (uintptr_t)to > (uintptr_t)from ? (uintptr_t)to - (uintptr_t)from : (uintptr_t)from - (uintptr_t)to;
  struct text detail;
  text_clear(&detail);
  text_add(&detail, "source and destination are only ");
  text_add_decimal(&detail, apart);
  text_add(&detail, " bytes apart");
  memcpy(report.detail, detail.bytes, detail.length);
  struct checked checked = checked_at((uintptr_t)to);
  if (checked.record != NULL)
    report_add_object(&report, checked.record);
  report_write(&report);
}

void access_release(const void *address, size_t bytes) {
  uintptr_t at = (uintptr_t)address;
  if (bytes == 0 || !guard_contains(at))
    return;
  struct checked checked = checked_at(at);
  if (checked.record != NULL && watch_covers(checked.record))
    watch_end(checked.record);
}

void access_release_all(void) {
  watch_end_all();
}

void access_done(void) {
  if (UNLIKELY(watch_lent != 0))
    watch_reclose_lent();
}
