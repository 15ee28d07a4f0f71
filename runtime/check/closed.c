#include "check/closed.h"
#include "base/print.h"
#include "check/report.h"
#include "heap/object.h"
#include "heap/vault.h"
#include "heap/vault_fault.h"

#include <errno.h>
#include <string.h>

bool closed_concerns(const void *pointer) {
  return object_at(pointer).vault != NULL;
}

static void report(enum fh_report_kind kind, const char *call, struct stack_place place, const void *pointer,
                   const char *what) {
  struct fh_report report;
  struct text detail;
  report_begin(&report, kind, place);
  report.address = (uintptr_t)pointer;
  report.freed_as = FH_FAMILY_HEAP;
  struct object object = object_at(pointer);
  if (kind == FH_REPORT_MISMATCHED_FREE && object_is_exact(&object)) /* else the detail says it all */
    report.object = (struct fh_report_object){
        .start = object.start, .bytes = object.bytes, .state = FH_OBJECT_LIVE, .made_by = FH_FAMILY_HEAP};
  strncpy(report.call, call, sizeof report.call - 1);
  text_clear(&detail);
  text_add(&detail, what);
  vault_describe(&detail, (uintptr_t)pointer);
  memcpy(report.detail, detail.bytes,
         detail.length < sizeof report.detail ? detail.length : sizeof report.detail - 1);
  report_write(&report);
}

/* Whether the call may go on. */
static bool is_of(struct vault *vault, const char *call, struct stack_place place, const void *pointer) {
  struct object object = object_at(pointer);
  if (object.kind == OBJECT_VAULT && object.vault == vault)
    return true;
  if (object_is_exact(&object))
    report(FH_REPORT_MISMATCHED_FREE, call, place, pointer, "of another heap: ");
  else
    report(FH_REPORT_INVALID_FREE, call, place, pointer, "");
  return false;
}

void closed_give(const char *call, struct stack_place place, struct vault *vault, void *pointer) {
  if (!is_of(vault, call, place, pointer))
    return;
  int failure = vault_give(vault, pointer);
  if (failure == -EACCES)
    report(FH_REPORT_PROTECTED_HEAP, call, place, pointer, "");
  else if (failure != 0) /* somebody has been faster */
    report(FH_REPORT_INVALID_FREE, call, place, pointer, "");
}

void *closed_resize(const char *call, struct stack_place place, struct vault *vault, void *pointer, size_t bytes,
                    int *failure) {
  *failure = -EINVAL;
  if (!is_of(vault, call, place, pointer))
    return NULL;
  void *resized = vault_resize(vault, pointer, bytes, failure);
  if (resized == NULL && *failure == -EACCES)
    report(FH_REPORT_PROTECTED_HEAP, call, place, pointer, "");
  return resized;
}
