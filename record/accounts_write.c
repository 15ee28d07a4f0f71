#include "record/accounts.h"

#include <string.h>

/* The one list of totals; the text and the JSON are both made from it. */
static const struct total {
  const char *name;
  const char *label; /* NULL: not in the text */
  size_t offset;
  int is_bytes;
} totals[] = {
#define TOTAL(name, label, is_bytes)                                                                                 \
  { #name, label, offsetof(struct fh_accounts, name), is_bytes }
    TOTAL(pid, "process", 0),
    TOTAL(heap_bytes, "heap, taken from the system", 1),
    TOTAL(live_bytes, "  live", 1),
    TOTAL(held_back_bytes, "  held back", 1),
    TOTAL(free_slot_bytes, "    free slots", 1),
    TOTAL(tail_bytes, "    tails of spans", 1),
    TOTAL(free_slice_bytes, "    free slices", 1),
    TOTAL(peak_heap_bytes, "peak heap", 1),
    TOTAL(metadata_bytes, "metadata", 1),
    TOTAL(reserved_bytes, "addresses reserved", 1),
    TOTAL(limit_bytes, "limit (0: none)", 1),
    TOTAL(rss_bytes, "resident, whole process", 1),
    TOTAL(peak_rss_bytes, "peak resident", 1),
    TOTAL(allocated_calls, "calls that allocated", 0),
    TOTAL(freed_calls, "calls that freed", 0),
    TOTAL(live_objects, "live objects", 0),
    TOTAL(purge_calls, "purges", 0),
    TOTAL(purged_bytes, "given back by purges", 1),
    TOTAL(thread_heaps, "thread heaps", 0),
    TOTAL(page_bytes, NULL, 1),
#undef TOTAL
};

static const struct column {
  const char *name;
  size_t offset;
} columns[] = {
#define COLUMN(name)                                                                                                 \
  { #name, offsetof(struct fh_class_accounts, name) }
    COLUMN(object_bytes), COLUMN(spans),           COLUMN(live_objects),
    COLUMN(free_slots),   COLUMN(allocated_calls), COLUMN(freed_calls),
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

static uint64_t field(const void *record, size_t offset) {
  uint64_t value;
  memcpy(&value, (const char *)record + offset, sizeof value);
  return value;
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
  for (size_t i = first != NULL ? 1 : 0; i < LENGTH(columns); i++)
    put_number(output, field(row, columns[i].offset), COLUMN_WIDTH);
  put(output, "\n");
}

void fh_accounts_write_text(const struct fh_accounts *accounts, fh_write_text write, void *context) {
  struct output output = {.write = write, .context = context};
  put(&output, "freehold accounts\n");
  for (size_t i = 0; i < LENGTH(totals); i++) {
    if (totals[i].label == NULL)
      continue;
    put(&output, totals[i].label);
    put_padding(&output, strlen(totals[i].label), LABEL_WIDTH);
    uint64_t value = field(accounts, totals[i].offset);
    put_number(&output, value, 20);
    if (totals[i].is_bytes && value >= 1024) {
      put(&output, "  ");
      put_scaled(&output, value);
    }
    put(&output, "\n");
  }
  for (size_t i = 0; i < LENGTH(columns); i++) {
    put_padding(&output, strlen(columns[i].name), COLUMN_WIDTH);
    put(&output, columns[i].name);
  }
  put(&output, "\n");
  for (uint32_t i = 0; i < accounts->class_count; i++)
    if (accounts->classes[i].allocated_calls != 0 || accounts->classes[i].spans != 0)
      put_row(&output, NULL, &accounts->classes[i]);
  put_row(&output, "large", &accounts->large);
  flush(&output);
}

static void put_members(struct output *output, const struct fh_class_accounts *row) {
  put(output, "{");
  for (size_t i = 0; i < LENGTH(columns); i++) {
    put(output, i == 0 ? "\"" : ",\"");
    put(output, columns[i].name);
    put(output, "\":");
    put_number(output, field(row, columns[i].offset), 0);
  }
  put(output, "}");
}

void fh_accounts_write_json(const struct fh_accounts *accounts, fh_write_text write, void *context) {
  struct output output = {.write = write, .context = context};
  put(&output, "{\"schema\":\"accounts-1\"");
  for (size_t i = 0; i < LENGTH(totals); i++) {
    put(&output, ",\"");
    put(&output, totals[i].name);
    put(&output, "\":");
    put_number(&output, field(accounts, totals[i].offset), 0);
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
