#include "tool/report/sentence.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>

#include "tool/report/memory.h"

const char *sentence_allocator(uint32_t family) {
  static const char *const names[FH_FAMILIES] = {"", "malloc", "new", "new[]", "fh_heap_malloc", "fh_heap_create"};
  return family < FH_FAMILIES ? names[family] : "";
}

const char *sentence_deallocator(uint32_t family) {
  static const char *const names[FH_FAMILIES] = {"", "free", "delete", "delete[]", "fh_heap_free", "fh_heap_destroy"};
  return family < FH_FAMILIES ? names[family] : "";
}

const char *sentence_access(uint32_t access) {
  switch (access) {
  case FH_ACCESS_READ:
    return "read";
  case FH_ACCESS_WRITE:
    return "write";
  case FH_ACCESS_EXECUTE:
    return "execution";
  default:
    return "access";
  }
}

static void add_amount(struct text *to, uint64_t count, const char *one) {
  text_format(to, "%" PRIu64 " %s%s", count, one, count == 1 ? "" : "s");
}

char *sentence_bytes(uint64_t bytes) {
  struct text text = {0};
  add_amount(&text, bytes, "byte");
  return text_take(&text);
}

/* "memcpy: write of 4 bytes". */
static void add_access(struct text *to, const struct fh_report *report) {
  if (report->call[0] != '\0') {
    text_add_clean(to, report->call);
    text_add(to, ": ");
  }
  text_add(to, sentence_access(report->access));
  if (report->access_bytes != 0) {
    text_add(to, " of ");
    add_amount(to, report->access_bytes, "byte");
  }
}

static bool has_object(const struct fh_report *report) {
  return report->object.state != FH_OBJECT_NONE;
}

static void add_object(struct text *to, const struct fh_report *report) {
  text_add(to, "a heap object of ");
  add_amount(to, report->object.bytes, "byte");
}

static void add_detail(struct text *to, const struct fh_report *report, const char *before) {
  if (report->detail[0] == '\0')
    return;
  text_add(to, before);
  text_add_clean(to, report->detail);
}

/* Where the address lies, seen from the object. */
static void add_place(struct text *to, const struct fh_report *report) {
  uint64_t start = report->object.start, end = start + report->object.bytes, at = report->address;
  if (at < start) {
    text_add(to, ", ");
    add_amount(to, start - at, "byte");
    text_add(to, " before the start of ");
  } else if (at > end) {
    text_add(to, ", ");
    add_amount(to, at - end, "byte");
    text_add(to, " behind the end of ");
  } else if (at == end) {
    text_add(to, " just behind ");
  } else if (report->access_bytes > end - at && report->object.state == FH_OBJECT_LIVE) {
    text_add(to, " that goes ");
    add_amount(to, report->access_bytes - (end - at), "byte");
    text_add(to, " beyond the end of ");
  } else if (at == start) {
    text_add(to, " at the start of ");
  } else {
    text_add(to, ", ");
    add_amount(to, at - start, "byte");
    text_add(to, " into ");
  }
  add_object(to, report);
}

static void add_at_address(struct text *to, const struct fh_report *report) {
  text_format(to, " at 0x%" PRIx64, report->address);
  add_detail(to, report, ", ");
}

static void add_overflow(struct text *to, const struct fh_report *report) {
  if (!has_object(report)) {
    text_format(to, "%s", fh_report_kind_what(report->kind));
    add_at_address(to, report);
    return;
  }
  if ((report->flags & FH_REPORT_FOUND_LATE) == 0) {
    add_access(to, report);
    add_place(to, report);
    return;
  }
  if (report->access_bytes > 1)
    text_format(to, "%" PRIu64 " bytes were", report->access_bytes);
  else
    text_add(to, "memory was");
  text_add(to, " overwritten");
  add_place(to, report);
  text_add(to, " (found later)");
}

static void add_invalid_free(struct text *to, const struct fh_report *report) {
  text_add(to, report->call[0] != '\0' ? "" : "free");
  text_add_clean(to, report->call);
  text_format(to, " of 0x%" PRIx64, report->address);
  if (has_object(report)) {
    add_place(to, report);
  } else if (report->detail[0] != '\0') {
    add_detail(to, report, ", ");
  } else {
    text_add(to, ", which no allocation gave out");
  }
}

static void add_mismatched(struct text *to, const struct fh_report *report) {
  add_object(to, report);
  if (report->object.made_by == FH_FAMILY_HEAP && report->freed_as == FH_FAMILY_HEAP) {
    text_format(to, " was given to the wrong heap by %s", report->call);
  } else if (report->object.made_by == report->freed_as) {
    text_add(to, " was freed by another size or alignment than it was allocated with");
  } else {
    const char *made_by = sentence_allocator(report->object.made_by),
               *freed_as = sentence_deallocator(report->freed_as);
    text_format(to, " was allocated by %s and freed by %s", made_by[0] != '\0' ? made_by : "one family",
                freed_as[0] != '\0' ? freed_as : "another");
  }
  add_detail(to, report, ": ");
}

static void add_null(struct text *to, const struct fh_report *report) {
  add_access(to, report);
  text_add(to, " through a null pointer");
  if (report->detail[0] != '\0')
    add_detail(to, report, ", ");
  else if (report->address != 0)
    text_format(to, ", %" PRIu64 " byte%s above null", report->address, report->address == 1 ? "" : "s");
}

static void add_leak(struct text *to, const struct fh_report *report) {
  bool many = report->count != 1;
  add_amount(to, report->direct_bytes, "byte");
  text_add(to, " in ");
  add_amount(to, report->count, "block");
  if ((report->flags & FH_REPORT_REACHABLE) != 0)
    text_format(to, " %s still reachable and %s never freed", many ? "are" : "is", many ? "were" : "was");
  else
    text_format(to, " %s never freed and nothing points to %s any more", many ? "were" : "was", many ? "them" : "it");
  if (report->indirect_count != 0) {
    text_add(to, "; with ");
    text_add(to, many ? "them " : "it ");
    add_amount(to, report->indirect_bytes, "byte");
    text_add(to, " in ");
    add_amount(to, report->indirect_count, "block");
    text_format(to, " that only %s reached", many ? "they" : "it");
  }
}

char *sentence_of_report(const struct fh_report *report) {
  struct text text = {0};
  switch (report->kind) {
  case FH_REPORT_HEAP_BUFFER_OVERFLOW:
  case FH_REPORT_HEAP_BUFFER_UNDERFLOW:
    add_overflow(&text, report);
    break;
  case FH_REPORT_HEAP_USE_AFTER_FREE:
    if ((report->flags & FH_REPORT_FOUND_LATE) != 0)
      text_add(&text, "memory was overwritten");
    else
      add_access(&text, report);
    if (has_object(report))
      add_place(&text, report);
    else
      add_at_address(&text, report);
    text_add(&text,
             (report->flags & FH_REPORT_FOUND_LATE) != 0 ? " after it was freed (found later)" : " that was freed");
    break;
  case FH_REPORT_DOUBLE_FREE:
    if (has_object(report))
      add_object(&text, report);
    else
      text_format(&text, "0x%" PRIx64, report->address);
    text_add(&text, " was freed a second time");
    add_detail(&text, report, ": ");
    break;
  case FH_REPORT_INVALID_FREE:
    add_invalid_free(&text, report);
    break;
  case FH_REPORT_MISMATCHED_FREE:
    add_mismatched(&text, report);
    break;
  case FH_REPORT_UNINITIALIZED_READ:
    add_access(&text, report);
    if (has_object(report))
      add_place(&text, report);
    else
      add_at_address(&text, report);
    text_add(&text, ", to which nothing was ever written");
    break;
  case FH_REPORT_NULL_POINTER:
    add_null(&text, report);
    break;
  case FH_REPORT_WILD_POINTER:
    add_access(&text, report);
    add_at_address(&text, report);
    if (report->detail[0] == '\0')
      text_add(&text, ", which is no memory of the program");
    break;
  case FH_REPORT_PROTECTED_HEAP:
    if (report->call[0] != '\0') {
      add_invalid_free(&text, report);
    } else {
      add_access(&text, report);
      add_at_address(&text, report);
    }
    break;
  case FH_REPORT_WRITE_TO_READONLY:
    add_access(&text, report);
    text_add(&text, " to memory that may only be read");
    add_at_address(&text, report);
    break;
  case FH_REPORT_STACK_OVERFLOW:
    text_add(&text, "the stack");
    if (report->at.thread_name[0] != '\0') {
      text_add(&text, " of thread ");
      text_add_clean(&text, report->at.thread_name);
    }
    text_add(&text, " is full");
    add_detail(&text, report, ": ");
    break;
  case FH_REPORT_OVERLAPPING_COPY:
    text_add_clean(&text, report->call[0] != '\0' ? report->call : "a copy");
    if (report->access_bytes != 0) {
      text_add(&text, " of ");
      add_amount(&text, report->access_bytes, "byte");
    }
    text_add(&text, " between places that overlap");
    add_detail(&text, report, ": ");
    break;
  case FH_REPORT_IMPOSSIBLE_SIZE:
    text_add_clean(&text, report->call[0] != '\0' ? report->call : "an allocation");
    text_add(&text, " of ");
    add_amount(&text, report->access_bytes, "byte");
    if ((int64_t)report->access_bytes < 0)
      text_format(&text, " (as a signed number: %" PRId64 ")", (int64_t)report->access_bytes);
    add_detail(&text, report, ": ");
    break;
  case FH_REPORT_LEAK:
    add_leak(&text, report);
    break;
  default:
    text_add(&text, fh_report_kind_what(report->kind));
    add_at_address(&text, report);
    break;
  }
  return text_take(&text);
}
