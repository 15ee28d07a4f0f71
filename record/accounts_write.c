#include "record/accounts.h"

#include <string.h>

const struct fh_accounts_field fh_accounts_totals[FH_ACCOUNTS_TOTALS] = {
#define TOTAL(name, label, unit, trend)                                                                              \
  { #name, label, offsetof(struct fh_accounts, name), FH_UNIT_##unit, FH_TREND_##trend }
    TOTAL(pid, "process", NONE, ANY),
    TOTAL(heap_bytes, "heap, taken from the system", BYTES, ANY),
    TOTAL(live_bytes, "  live", BYTES, ANY),
    TOTAL(held_back_bytes, "  held back", BYTES, ANY),
    TOTAL(free_slot_bytes, "    free slots", BYTES, ANY),
    TOTAL(tail_bytes, "    tails of spans", BYTES, ANY),
    TOTAL(free_slice_bytes, "    free slices", BYTES, ANY),
    TOTAL(peak_heap_bytes, "peak heap", BYTES, ANY),
    TOTAL(metadata_bytes, "metadata", BYTES, ANY),
    TOTAL(reserved_bytes, "addresses reserved", BYTES, ANY),
    TOTAL(limit_bytes, "limit (0: none)", BYTES, ANY),
    TOTAL(rss_bytes, "resident, whole process", BYTES, ANY),
    TOTAL(peak_rss_bytes, "peak resident", BYTES, ANY),
    TOTAL(allocated_calls, "calls that allocated", NONE, UP),
    TOTAL(freed_calls, "calls that freed", NONE, UP),
    TOTAL(live_objects, "live objects", NONE, ANY),
    TOTAL(purge_calls, "purges", NONE, UP),
    TOTAL(purged_bytes, "given back by purges", BYTES, UP),
    TOTAL(thread_heaps, "thread heaps", NONE, ANY),
    TOTAL(page_bytes, NULL, BYTES, ANY),
#undef TOTAL
};

const struct fh_accounts_field fh_accounts_columns[FH_ACCOUNTS_COLUMNS] = {
#define COLUMN(name, unit, trend)                                                                                    \
  { #name, NULL, offsetof(struct fh_class_accounts, name), FH_UNIT_##unit, FH_TREND_##trend }
    COLUMN(object_bytes, BYTES, ANY), COLUMN(spans, NONE, ANY),          COLUMN(live_objects, NONE, ANY),
    COLUMN(free_slots, NONE, ANY),    COLUMN(allocated_calls, NONE, UP), COLUMN(freed_calls, NONE, UP),
#undef COLUMN
};

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))
#define LABEL_WIDTH   28u
#define COLUMN_WIDTH  17u

struct output {
  fh_write_text write;
  void *context;
  size_t used;
  char buffer[512];
};

static void flush(struct output *output) {
  if (output->used > 0)
    output->write(output->context, output->buffer, output->used);
  output->used = 0;
}

static void put_bytes(struct output *output, const char *text, size_t length) {
  if (length > sizeof output->buffer - output->used)
    flush(output);
  memcpy(output->buffer + output->used, text, length);
  output->used += length;
}

static void put(struct output *output, const char *text) {
  put_bytes(output, text, strlen(text));
}

static void put_padding(struct output *output, size_t used, size_t width) {
  for (; used < width; used++)
    put_bytes(output, " ", 1);
}

static size_t format_number(uint64_t value, char digits[20]) {
  char reversed[20];
  size_t length = 0;
  do {
    reversed[length++] = (char)('0' + value % 10);
    value /= 10;
  } while (value != 0);
  for (size_t i = 0; i < length; i++)
    digits[i] = reversed[length - 1 - i];
  return length;
}

static void put_number(struct output *output, uint64_t value, size_t width) {
  char digits[20];
  size_t length = format_number(value, digits);
  put_padding(output, length, width);
  put_bytes(output, digits, length);
}

uint64_t fh_accounts_value(const struct fh_accounts_field *field, const void *record) {
  uint64_t value;
  memcpy(&value, (const char *)record + field->offset, sizeof value);
  return value;
}

int fh_accounts_class_used(const struct fh_class_accounts *of_class) {
  return of_class->allocated_calls != 0 || of_class->spans != 0;
}

/* 1536 -> "1.5 KiB". */
static void put_scaled(struct output *output, uint64_t bytes) {
  static const char *const units[] = {" B", " KiB", " MiB", " GiB", " TiB"};
  unsigned unit = 0;
  uint64_t tenths = bytes * 10;
  while (tenths >= 10240 && unit + 1 < LENGTH(units)) {
    tenths /= 1024;
    unit++;
  }
  put_number(output, tenths / 10, 0);
  if (unit > 0) {
    put(output, ".");
    put_number(output, tenths % 10, 0);
  }
  put(output, units[unit]);
}

static void put_row(struct output *output, const char *first, const struct fh_class_accounts *row) {
  if (first != NULL) {
    put_padding(output, strlen(first), COLUMN_WIDTH);
    put(output, first);
  }
  for (size_t i = first != NULL ? 1 : 0; i < FH_ACCOUNTS_COLUMNS; i++)
    put_number(output, fh_accounts_value(&fh_accounts_columns[i], row), COLUMN_WIDTH);
  put(output, "\n");
}

void fh_accounts_write_text(const struct fh_accounts *accounts, fh_write_text write, void *context) {
  struct output output = {.write = write, .context = context};
  put(&output, "freehold accounts\n");
  for (size_t i = 0; i < FH_ACCOUNTS_TOTALS; i++) {
    if (fh_accounts_totals[i].label == NULL)
      continue;
    put(&output, fh_accounts_totals[i].label);
    put_padding(&output, strlen(fh_accounts_totals[i].label), LABEL_WIDTH);
    uint64_t value = fh_accounts_value(&fh_accounts_totals[i], accounts);
    put_number(&output, value, 20);
    if (fh_accounts_totals[i].unit == FH_UNIT_BYTES && value >= 1024) {
      put(&output, "  ");
      put_scaled(&output, value);
    }
    put(&output, "\n");
  }
  for (size_t i = 0; i < FH_ACCOUNTS_COLUMNS; i++) {
    put_padding(&output, strlen(fh_accounts_columns[i].name), COLUMN_WIDTH);
    put(&output, fh_accounts_columns[i].name);
  }
  put(&output, "\n");
  for (uint32_t i = 0; i < accounts->class_count; i++)
    if (fh_accounts_class_used(&accounts->classes[i]))
      put_row(&output, NULL, &accounts->classes[i]);
  put_row(&output, "large", &accounts->large);
  flush(&output);
}

static void put_members(struct output *output, const struct fh_class_accounts *row) {
  put(output, "{");
  for (size_t i = 0; i < FH_ACCOUNTS_COLUMNS; i++) {
    put(output, i == 0 ? "\"" : ",\"");
    put(output, fh_accounts_columns[i].name);
    put(output, "\":");
    put_number(output, fh_accounts_value(&fh_accounts_columns[i], row), 0);
  }
  put(output, "}");
}

void fh_accounts_write_json(const struct fh_accounts *accounts, fh_write_text write, void *context) {
  struct output output = {.write = write, .context = context};
  put(&output, "{\"schema\":\"accounts-1\"");
  for (size_t i = 0; i < FH_ACCOUNTS_TOTALS; i++) {
    put(&output, ",\"");
    put(&output, fh_accounts_totals[i].name);
    put(&output, "\":");
    put_number(&output, fh_accounts_value(&fh_accounts_totals[i], accounts), 0);
  }
  put(&output, ",\"classes\":[");
  for (uint32_t i = 0; i < accounts->class_count; i++) {
    if (i != 0)
      put(&output, ",");
    put_members(&output, &accounts->classes[i]);
  }
  put(&output, "],\"large\":");
  put_members(&output, &accounts->large);
  put(&output, "}\n");
  flush(&output);
}
