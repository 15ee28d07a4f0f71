#include "tool/report/records.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "record/request.h"
#include "tool/report/memory.h"

enum { PIECE = 1 << 16, RECORD_MOST = 1 << 26 };

struct record_reader record_reader_create(int descriptor, uint64_t start) {
  return (struct record_reader){.descriptor = descriptor, .read = start};
}

void record_reader_destroy(struct record_reader *reader) {
  free(reader->bytes);
  free(reader->record);
  *reader = (struct record_reader){.descriptor = -1};
}

/* Reads what the file has more, up to one piece; false when there is nothing. */
static bool fill(struct record_reader *reader) {
  if (reader->at > 0) {
    memmove(reader->bytes, reader->bytes + reader->at, reader->length - reader->at);
    reader->length -= reader->at;
    reader->at = 0;
  }
  while (reader->room - reader->length < PIECE)
    reader->bytes = memory_grow(reader->bytes, reader->room, &reader->room, 1);
  ssize_t count;
  do
    count = pread(reader->descriptor, reader->bytes + reader->length, PIECE, (off_t)reader->read);
  while (count < 0 && errno == EINTR);
  if (count <= 0)
    return false;
  reader->length += (size_t)count;
  reader->read += (uint64_t)count;
  return true;
}

static bool has(struct record_reader *reader, size_t bytes) {
  while (reader->length - reader->at < bytes)
    if (!fill(reader))
      return false;
  return true;
}

static size_t struct_bytes(uint32_t type) {
  switch (type) {
  case FH_RECORD_PROCESS:
    return sizeof(struct fh_record_process);
  case FH_RECORD_MAPPINGS:
    return sizeof(struct fh_record_mappings);
  case FH_RECORD_REPORT:
    return sizeof(struct fh_report);
  case FH_RECORD_SUMMARY:
    return sizeof(struct fh_record_summary);
  case FH_RECORD_CHAIN:
    return sizeof(struct fh_record_chain);
  case FH_RECORD_BUILD_IDS:
    return sizeof(struct fh_record_build_ids);
  case FH_RECORD_ANSWER:
    return sizeof(struct fh_record_answer);
  default:
    return sizeof(struct fh_record_head);
  }
}

static bool head_is_sound(const struct fh_record_head *head) {
  return head->magic == FH_RECORD_MAGIC && head->bytes >= sizeof *head && head->bytes <= RECORD_MOST &&
         (head->version != FH_RECORD_VERSION || head->bytes >= struct_bytes(head->type));
}

static void end_text(char *text, size_t bytes) {
  text[bytes - 1] = '\0';
}

static void make_stack_sound(struct fh_report_stack *stack) {
  if (stack->count > FH_STACK_FRAMES)
    stack->count = FH_STACK_FRAMES;
  end_text(stack->thread_name, sizeof stack->thread_name);
}

static void make_object_sound(struct fh_report_object *object) {
  make_stack_sound(&object->allocated);
  make_stack_sound(&object->freed);
}

/* Counts that lead beyond the record, and texts without an end, are cut to what is there. */
static void make_sound(struct fh_record_head *head) {
  size_t more = head->bytes - struct_bytes(head->type);
  if (head->type == FH_RECORD_PROCESS) {
    struct fh_record_process *process = (struct fh_record_process *)head;
    if (process->bytes > more)
      process->bytes = (uint32_t)more;
  } else if (head->type == FH_RECORD_MAPPINGS) {
    struct fh_record_mappings *mappings = (struct fh_record_mappings *)head;
    if (mappings->bytes > more)
      mappings->bytes = (uint32_t)more;
  } else if (head->type == FH_RECORD_REPORT) {
    struct fh_report *report = (struct fh_report *)head;
    end_text(report->call, sizeof report->call);
    end_text(report->detail, sizeof report->detail);
    make_stack_sound(&report->at);
    make_object_sound(&report->object);
    make_object_sound(&report->earlier);
  } else if (head->type == FH_RECORD_CHAIN) {
    struct fh_record_chain *chain = (struct fh_record_chain *)head;
    if (chain->steps > more / sizeof(struct fh_chain_step))
      chain->steps = (uint32_t)(more / sizeof(struct fh_chain_step));
    struct fh_chain_step *steps = (struct fh_chain_step *)(chain + 1);
    for (uint32_t i = 0; i < chain->steps; i++) {
      make_stack_sound(&steps[i].allocated);
      end_text(steps[i].root_name, sizeof steps[i].root_name);
    }
  } else if (head->type == FH_RECORD_BUILD_IDS) {
    struct fh_record_build_ids *ids = (struct fh_record_build_ids *)head;
    if (ids->count > more / sizeof(struct fh_build_id))
      ids->count = (uint32_t)(more / sizeof(struct fh_build_id));
  } else if (head->type == FH_RECORD_ANSWER) {
    struct fh_record_answer *answer = (struct fh_record_answer *)head;
    end_text(answer->detail, sizeof answer->detail);
  }
}

const struct fh_record_head *record_reader_next(struct record_reader *reader, bool last) {
  struct fh_record_head head;
  for (;;) {
    if (!has(reader, sizeof head)) {
      if (last) {
        reader->skipped += reader->length - reader->at;
        reader->at = reader->length;
      }
      return NULL;
    }
    memcpy(&head, reader->bytes + reader->at, sizeof head);
    if (!head_is_sound(&head) || (!has(reader, head.bytes) && last)) {
      reader->at++;
      reader->skipped++;
      continue;
    }
    if (reader->length - reader->at < head.bytes)
      return NULL;
    if (head.version != FH_RECORD_VERSION) {
      reader->at += head.bytes;
      reader->foreign++;
      continue;
    }
    free(reader->record);
    reader->record = memory_allocate(1, head.bytes);
    memcpy(reader->record, reader->bytes + reader->at, head.bytes);
    reader->at += head.bytes;
    make_sound(reader->record);
    return reader->record;
  }
}
