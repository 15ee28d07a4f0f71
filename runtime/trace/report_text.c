#include "trace/report_text.h"
#include "base/print.h"
#include "space/mapping.h"

#include <string.h>

static const char *const family_names[FH_FAMILIES] = {
    [FH_FAMILY_NONE] = "",           [FH_FAMILY_MALLOC] = "malloc",       [FH_FAMILY_NEW] = "new",
    [FH_FAMILY_NEW_ARRAY] = "new[]", [FH_FAMILY_HEAP] = "fh_heap_malloc", [FH_FAMILY_HEAP_HANDLE] = "fh_heap_create"};

struct output {
  int fd;
  bool whole; /* so far */
};

static void line_end(struct text *text, struct output *output) {
  text_add(text, "\n");
  output->whole = text_write(text, output->fd) && output->whole;
  text_clear(text);
}

static void add_bytes(struct text *text, uint64_t bytes) {
  text_add_decimal(text, bytes);
  text_add(text, bytes == 1 ? " byte" : " bytes");
}

/* "read of 4 bytes by memcpy". */
static void add_access(struct text *text, const struct fh_report *report) {
  static const char *const names[] = {"access", "read", "write", "jump"};
  text_add(text, names[report->access <= FH_ACCESS_EXECUTE ? report->access : 0]);
  if (report->access_bytes != 0) {
    text_add(text, " of ");
    add_bytes(text, report->access_bytes);
  }
  if (report->call[0] != '\0') {
    text_add(text, " by ");
    text_add(text, report->call);
  }
}

/* "3 bytes behind the end of an object of 10 bytes". */
static void add_relation(struct text *text, uint64_t address, const struct fh_report_object *object) {
  if (address < object->start) {
    add_bytes(text, object->start - address);
    text_add(text, " before");
  } else if (address - object->start < object->bytes || object->bytes == 0) {
    add_bytes(text, address - object->start);
    text_add(text, " inside");
  } else {
    add_bytes(text, address - object->start - object->bytes);
    text_add(text, " behind the end of");
  }
  text_add(text, object->state == FH_OBJECT_FREED ? " a freed object of " : " an object of ");
  add_bytes(text, object->bytes);
}

static void print_stack(struct output *output, const char *title, const struct fh_report_stack *stack) {
  struct text text;
  text_clear(&text);
  if (stack->count == 0)
    return;
  text_add(&text, "  ");
  text_add(&text, title);
  if (stack->thread != 0) {
    text_add(&text, ", thread ");
    text_add_decimal(&text, stack->thread);
  }
  text_add(&text, ":");
  line_end(&text, output);
  for (uint32_t i = 0; i < stack->count && i < FH_STACK_FRAMES; i++) {
    uintptr_t address = stack->frames[i];
    struct mapping mapping = mapping_find(address);
    text_add(&text, "    ");
    if (mapping.found && mapping.name[0] != '\0') {
      text_add(&text, mapping.name);
      text_add(&text, "+");
      text_add_hex(&text, address - mapping.start + mapping.file_offset);
    } else {
      text_add_hex(&text, address);
    }
    line_end(&text, output);
  }
}

bool report_text_print(const struct fh_report *report, int fd) {
  struct output output = {fd, true};
  struct text text;
  text_clear(&text);
  text_add(&text, "freehold: error[");
  text_add(&text, fh_report_kind_id(report->kind));
  text_add(&text, "]: ");
  if (report->kind == FH_REPORT_LEAK) {
    text_add_decimal(&text, report->count);
    text_add(&text, report->count == 1 ? " block, " : " blocks, ");
    add_bytes(&text, report->direct_bytes);
    text_add(&text, (report->flags & FH_REPORT_REACHABLE) != 0 ? ", still reachable" : ", lost");
    if (report->indirect_count != 0) {
      text_add(&text, ", and through them ");
      add_bytes(&text, report->indirect_bytes);
    }
    line_end(&text, &output);
  } else {
    text_add(&text, fh_report_kind_what(report->kind));
    text_add(&text, ": ");
    add_access(&text, report);
    text_add(&text, " at ");
    text_add_hex(&text, report->address);
    if (report->object.state != FH_OBJECT_NONE) {
      text_add(&text, ", ");
      add_relation(&text, report->address, &report->object);
      text_add(&text, " from ");
      text_add(&text, family_names[report->object.made_by % FH_FAMILIES]);
    }
    line_end(&text, &output);
    if (report->detail[0] != '\0') {
      text_add(&text, "  ");
      text_add(&text, report->detail);
      line_end(&text, &output);
    }
  }
  print_stack(&output, (report->flags & FH_REPORT_FOUND_LATE) != 0 ? "noticed at" : "at", &report->at);
  print_stack(&output, "freed at", &report->object.freed);
  print_stack(&output, "allocated at", &report->object.allocated);
  print_stack(&output, "an earlier object here, freed at", &report->earlier.freed);
  text_add(&text, "  what to do: ");
  text_add(&text, fh_report_kind_advice(report->kind));
  line_end(&text, &output);
  return output.whole;
}
