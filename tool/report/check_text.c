#include "tool/report/check_report.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool/report/memory.h"
#include "tool/report/path.h"
#include "tool/report/sentence.h"
#include "tool/report/source.h"

enum { NAME_COLUMNS = 28 };

static void write_clean(FILE *to, const char *text) {
  struct text clean = {0};
  text_add_clean(&clean, text);
  char *line = text_take(&clean);
  fputs(line, to);
  free(line);
}

static int name_columns(const struct frame *frame) {
  return frame->function != NULL ? (int)strlen(frame->function) : 1;
}

static void write_frame(const struct frame *frame, FILE *to) {
  fputs("    ", to);
  write_clean(to, frame->function != NULL ? frame->function : "?");
  int columns = name_columns(frame);
  fprintf(to, "%*s  ", columns < NAME_COLUMNS ? NAME_COLUMNS - columns : 0, "");
  if (frame->file != NULL) {
    write_clean(to, path_from_here(frame->file));
    if (frame->line > 0)
      fprintf(to, ":%d", frame->line);
    if (frame->line > 0 && frame->column > 0)
      fprintf(to, ":%d", frame->column);
  } else if (frame->module[0] != '\0') {
    write_clean(to, frame->module);
    fprintf(to, "+0x%" PRIx64, frame->offset);
  } else {
    fprintf(to, "0x%" PRIx64, frame->address);
  }
  fputs(frame->inlined ? " (inlined)\n" : "\n", to);
}

/* Whether a reader would see the same line twice. */
static bool looks_same(const struct frame *one, const struct frame *other) {
  return one->function != NULL && other->function != NULL && strcmp(one->function, other->function) == 0 &&
         one->line == other->line && one->column == other->column && one->inlined == other->inlined &&
         (one->file != NULL || one->offset == other->offset);
}

static void write_frames(const struct frames *frames, FILE *to) {
  bool source_shown = false;
  size_t count = frames->count;
  for (size_t i = 1; i < count; i++)
    if (frame_is_beginning(&frames->all[i]))
      count = i;
  for (size_t i = 0; i < count; i++) {
    const struct frame *frame = &frames->all[i];
    write_frame(frame, to);
    char *line = source_shown ? NULL : source_line(frame->file, frame->line);
    if (line != NULL) {
      fprintf(to, "    %7d | %s\n", frame->line, line);
      source_shown = true;
    }
    free(line);
    if (frame->function != NULL && strcmp(frame->function, "main") == 0 && !frame->inlined)
      return;
    size_t same = 0; /* a recursion */
    while (i + 1 + same < count && looks_same(frame, &frame[1 + same]))
      same++;
    if (same > 0)
      fprintf(to, "    (the same %zu time%s more)\n", same, same == 1 ? "" : "s");
    i += same;
  }
  if (frames->cut)
    fputs("    ...\n", to);
  if (frames->count == 0)
    fputs("    (the stack is not known)\n", to);
}

/* What was done at the place. */
static const char *deed(const struct fh_report *report) {
  if ((report->flags & FH_REPORT_FOUND_LATE) != 0)
    return "noticed";
  switch (report->kind) {
  case FH_REPORT_DOUBLE_FREE:
    return "freed again";
  case FH_REPORT_INVALID_FREE:
  case FH_REPORT_MISMATCHED_FREE:
    return "freed";
  case FH_REPORT_OVERLAPPING_COPY:
    return "copied";
  case FH_REPORT_IMPOSSIBLE_SIZE:
    return "asked for";
  case FH_REPORT_LEAK:
    return "allocated";
  case FH_REPORT_STACK_OVERFLOW:
    return "filled";
  default:
    return report->access == FH_ACCESS_READ ? "read" : report->access == FH_ACCESS_WRITE ? "written" : "accessed";
  }
}

/* " in thread 12 (worker)"; nothing for the main thread. */
static void write_thread(const struct finding *finding, const struct fh_report_stack *stack, FILE *to) {
  if (stack->thread == 0 || stack->thread == finding->report.head.pid)
    return;
  fprintf(to, " in thread %u", stack->thread);
  if (stack->thread_name[0] != '\0') {
    fputs(" (", to);
    write_clean(to, stack->thread_name);
    fputc(')', to);
  }
}

static void write_process(const struct finding *finding, FILE *to) {
  enum { SHOWN_MOST = 60 };
  fprintf(to, " in process %u", finding->report.head.pid);
  const char *line = finding->process->command_line;
  size_t length = strlen(line), shown = length < SHOWN_MOST ? length : SHOWN_MOST;
  while (shown > 0 && (line[shown] & 0xc0) == 0x80) /* not in the middle of a character */
    shown--;
  if (length > 0)
    fprintf(to, " (%.*s%s)", (int)shown, line, shown < length ? "..." : "");
}

static void write_object(const struct finding *finding, const struct fh_report_object *object,
                         const struct finding_object *stacks, const char *title, FILE *to) {
  char *bytes = sentence_bytes(object->bytes);
  const char *by = sentence_allocator(object->made_by), *freed_by = sentence_deallocator(object->freed_by);
  fprintf(to, "  %s, %s at 0x%" PRIx64 ", was allocated%s%s", title, bytes, object->start,
          by[0] != '\0' ? " by " : "", by);
  free(bytes);
  write_thread(finding, &object->allocated, to);
  fputs(":\n", to);
  write_frames(&stacks->allocated, to);
  if (object->state != FH_OBJECT_FREED && stacks->freed.count == 0)
    return;
  fprintf(to, "  it was freed%s%s", freed_by[0] != '\0' ? " by " : "", freed_by);
  write_thread(finding, &object->freed, to);
  fputs(":\n", to);
  write_frames(&stacks->freed, to);
}

void check_text_finding(const struct finding *finding, struct check_style style, FILE *to) {
  const struct fh_report *report = &finding->report;
  fprintf(to, "freehold: %s%s[%s]%s: %s%s%s\n", finding->is_error ? style.error : style.note,
          finding->is_error ? "error" : "note", fh_report_kind_id(report->kind), style.plain, style.bold,
          finding->sentence, style.plain);
  const struct frames *place = finding_place(finding);
  bool by_place = place == &finding->at;
  fprintf(to, "  %s", deed(report));
  write_thread(finding, by_place ? &report->at : &report->object.allocated, to);
  write_process(finding, to);
  fputs(":\n", to);
  write_frames(place, to);
  if (by_place && (report->flags & FH_REPORT_FAILED_CALL) != 0) {
    fputs("  after this allocation was made to fail:\n", to);
    write_frames(&finding->object.allocated, to);
  } else if (by_place && report->object.state != FH_OBJECT_NONE) {
    write_object(finding, &report->object, &finding->object, "the object", to);
  }
  if (by_place && report->earlier.state != FH_OBJECT_NONE)
    write_object(finding, &report->earlier, &finding->earlier, "an earlier object at this address", to);
  if (finding->grown_bytes > 0)
    fprintf(to, "  it grew by %" PRId64 " bytes in %" PRId64 " blocks between the two looks\n", finding->grown_bytes,
            finding->grown_blocks);
  if (report->kind == FH_REPORT_LEAK && !finding->is_error) /* what --why can be asked for */
    fprintf(to, "  %s at 0x%" PRIx64 "\n", report->count == 1 ? "it is" : "one of them is", report->address);
  if ((report->flags & FH_REPORT_FATAL) != 0)
    fputs("  the program can't go on after this\n", to);
  const char *advice = fh_report_kind_advice(report->kind);
  if (advice[0] != '\0')
    fprintf(to, "  advice: %s\n", advice);
  if (finding->suppression[0] != '\0') {
    fputs("  to leave it out: ", to);
    write_clean(to, finding->suppression);
    fputc('\n', to);
  }
  fputc('\n', to);
}

void check_text_chain(const struct finding_chain *chain, struct check_style style, FILE *to) {
  if (!chain->found || chain->count == 0) {
    fprintf(to, "freehold: nothing keeps 0x%" PRIx64 ": no block is there, or it is lost\n", chain->address);
    return;
  }
  fprintf(to, "freehold: %s0x%" PRIx64 " is kept by this chain:%s\n", style.bold, chain->address, style.plain);
  for (size_t i = 0; i < chain->count; i++) {
    const struct fh_chain_step *step = &chain->steps[i];
    char *bytes = sentence_bytes(step->object_bytes);
    fputs("  ", to);
    if (i > 0)
      fprintf(to, "the word at 0x%" PRIx64 " in it", step->from);
    else if (step->root == FH_ROOT_REGISTER)
      fprintf(to, "register %" PRIu64, step->from);
    else
      fprintf(to, "the word at 0x%" PRIx64, step->from);
    if (i == 0 && step->root_name[0] != '\0') {
      fputs(" (", to);
      write_clean(to, step->root_name);
      fputc(')', to);
    }
    fprintf(to, " points to the block of %s at 0x%" PRIx64, bytes, step->object);
    if (step->cycle != 0)
      fprintf(to, ", one of %u that form a cycle", step->cycle);
    free(bytes);
    fputs(chain->allocated[i].count > 0 ? ", allocated:\n" : "\n", to);
    if (chain->allocated[i].count > 0)
      write_frames(&chain->allocated[i], to);
  }
}

/* "1.5 MiB". */
static void format_size(uint64_t bytes, char *buffer, size_t room) {
  static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
  double value = (double)bytes;
  size_t unit = 0;
  for (; value >= 1024 && unit + 1 < sizeof units / sizeof units[0]; unit++)
    value /= 1024;
  if (unit == 0)
    snprintf(buffer, room, "%" PRIu64 " byte%s", bytes, bytes == 1 ? "" : "s");
  else
    snprintf(buffer, room, "%.1f %s", value, units[unit]);
}

static const char *plural(uint64_t count) {
  return count == 1 ? "" : "s";
}

static void write_kinds(const struct findings *findings, FILE *to) {
  uint64_t counts[FH_REPORT_KINDS + 1] = {0};
  for (size_t i = 0; i < findings->count; i++)
    if (!findings->all[i]->suppressed && findings->all[i]->is_error) {
      uint32_t kind = findings->all[i]->report.kind;
      counts[kind < FH_REPORT_KINDS ? kind : FH_REPORT_KINDS] += findings->all[i]->times;
    }
  const char *before = ": ";
  for (uint32_t kind = 0; kind <= FH_REPORT_KINDS; kind++)
    if (counts[kind] != 0) {
      fprintf(to, "%s%" PRIu64 " %s", before, counts[kind], fh_report_kind_id(kind));
      before = ", ";
    }
}

static bool shows_leaks(const struct findings *findings) {
  for (size_t i = 0; i < findings->count; i++)
    if (findings->all[i]->report.kind == FH_REPORT_LEAK)
      return true;
  return false;
}

static void write_runs(const struct check_outcome *outcome, FILE *to) {
  if (outcome->run_count == 0)
    return;
  const struct check_run *last = &outcome->runs[outcome->run_count - 1];
  if (outcome->run_count == 1 && last->timed_out)
    fprintf(to, "  the program was ended, because it took longer than --timeout allows\n");
  else if (outcome->run_count == 1 && last->signal != 0)
    fprintf(to, "  the program was ended by signal %d (%s)\n", last->signal, strsignal(last->signal));
  else if (outcome->run_count == 1)
    fprintf(to, "  the program ended with exit code %d\n", last->code);
  if (outcome->run_count == 1)
    return;
  size_t killed = 0, well = 0, late = 0;
  for (size_t i = 0; i < outcome->run_count; i++) {
    late += outcome->runs[i].timed_out;
    killed += outcome->runs[i].signal != 0 && !outcome->runs[i].timed_out;
    well += outcome->runs[i].code == 0;
  }
  fprintf(to,
          "  %zu runs: %zu ended with exit code 0, %zu with another, %zu by a signal, %zu took longer than --timeout "
          "allows\n",
          outcome->run_count, well, outcome->run_count - well - killed - late, killed, late);
}

/* The processes that go on, and what becomes of their reports. */
static void write_left(const struct check_outcome *outcome, FILE *to) {
  enum { SHOWN_MOST = 5 };
  if (outcome->left_count == 0)
    return;
  bool one = outcome->left_count == 1;
  fprintf(to, "  %zu checked process%s of it go%s on: ", outcome->left_count, one ? "" : "es", one ? "es" : "");
  for (size_t i = 0; i < outcome->left_count && i < SHOWN_MOST; i++)
    fprintf(to, "%s%u", i > 0 ? ", " : "", outcome->left[i]);
  fprintf(to, "%s (%s); what %s from now on goes to ", outcome->left_count > SHOWN_MOST ? ", ..." : "",
          outcome->left_command, one ? "it reports" : "they report");
  if (outcome->left_records != NULL)
    write_clean(to, outcome->left_records);
  else
    fputs("standard error; --wait=end waits", to);
  fputc('\n', to);
}

void check_text_summary(const struct findings *findings, const struct check_outcome *outcome,
                        struct check_style style, FILE *to) {
  struct finding_totals totals = findings_totals(findings);
  char size[32], other[32];
  fprintf(to, "freehold: %s%" PRIu64 " error%s%s", findings->errors > 0 ? style.error : style.bold, findings->errors,
          plural(findings->errors), style.plain);
  write_kinds(findings, to);
  fputc('\n', to);
  write_runs(outcome, to);
  if (findings->suppressed + findings->filtered > 0)
    fprintf(to, "  left out: %" PRIu64 " suppressed, %" PRIu64 " from elsewhere\n", findings->suppressed,
            findings->filtered);
  if (totals.dropped > 0)
    fprintf(to, "  not written: %" PRIu64 " more report%s, repeated or beyond the bound\n", totals.dropped,
            plural(totals.dropped));
  if (totals.summaries > 0) {
    format_size(totals.allocated_bytes, size, sizeof size);
    fprintf(to, "  %" PRIu64 " allocations of %s, %" PRIu64 " freed; %" PRIu64 " guarded, %" PRIu64 " fenced\n",
            totals.allocations, size, totals.frees, totals.guarded, totals.fenced);
    if (totals.leaks_searched) {
      format_size(totals.lost_bytes, size, sizeof size);
      format_size(totals.reachable_bytes, other, sizeof other);
      fprintf(to, "  lost: %s in %" PRIu64 " block%s; still reachable: %s in %" PRIu64 " block%s%s\n", size,
              totals.lost_objects, plural(totals.lost_objects), other, totals.reachable_objects,
              plural(totals.reachable_objects), totals.summaries > 1 ? " (the process with most)" : "");
      if (totals.lost_objects > 0 && !shows_leaks(findings))
        fprintf(to, "  freehold check --leaks says where lost memory was allocated\n");
    }
    format_size(totals.peak_live_bytes, size, sizeof size);
    format_size(totals.peak_rss_bytes, other, sizeof other);
    fprintf(to, "  most held at once: %s; most memory of the process: %s; %.2f s\n", size, other, totals.seconds);
  }
  if (totals.processes > totals.summaries + outcome->left_count)
    fprintf(to,
            "  %" PRIu64 " of %" PRIu64 " processes ended without a word (a signal, _exit, or exec): no leaks were "
            "looked for in them\n",
            totals.processes - totals.summaries - outcome->left_count, totals.processes);
  write_left(outcome, to);
  if (totals.failed_on_order > 0)
    fprintf(to, "  %" PRIu64 " allocation%s failed on order\n", totals.failed_on_order,
            plural(totals.failed_on_order));
  if (outcome->leak_bound_passed) {
    format_size(outcome->lost_bytes, size, sizeof size);
    fprintf(to, "  more was lost than --max-leak allows: %s\n", size);
  }
  if (outcome->peak_bound_passed)
    fprintf(to, "  more was held at once than --max-peak allows\n");
  enum { CHANGED_MOST = 3 };
  const char *changed;
  for (size_t i = 0; i < CHANGED_MOST && (changed = symbols_changed(findings->symbols, i)) != NULL; i++) {
    fputs("  ", to);
    write_clean(to, changed);
    fputs(" is not the file any more that ran: lines are not taken from it\n", to);
  }
  if (outcome->damaged_bytes > 0)
    fprintf(to, "  %" PRIu64 " bytes of the records made no sense and were left out\n", outcome->damaged_bytes);
  if (outcome->foreign_records > 0)
    fprintf(to, "  %" PRIu64 " records are of another version of Freehold and were left out\n",
            outcome->foreign_records);
}

static int more_bytes_before(const void *one, const void *other) {
  const struct finding *first = *(struct finding *const *)one, *second = *(struct finding *const *)other;
  return (second->report.direct_bytes > first->report.direct_bytes) -
         (second->report.direct_bytes < first->report.direct_bytes);
}

void check_text_taken_back(const struct findings *findings, const struct check_outcome *outcome,
                           struct check_style style, FILE *to) {
  struct finding_totals totals = findings_totals(findings);
  struct finding **sorted = memory_allocate(findings->count, sizeof *sorted);
  if (findings->count > 0)
    memcpy(sorted, findings->all, findings->count * sizeof *sorted);
  qsort(sorted, findings->count, sizeof *sorted, more_bytes_before);
  for (size_t i = 0; i < findings->count; i++)
    check_text_finding(sorted[i], style, to);
  free(sorted);
  char size[32], other[32];
  format_size(totals.lost_bytes, size, sizeof size);
  format_size(totals.reachable_bytes, other, sizeof other);
  fprintf(to, "freehold: %staken back: %s in %" PRIu64 " block%s%s, in %" PRIu64 " collection%s; left: %s\n",
          style.bold, size, totals.lost_objects, plural(totals.lost_objects), style.plain, totals.collections,
          plural(totals.collections), other);
  if (totals.dropped > 0)
    fprintf(to, "  %" PRIu64 " more place%s not listed\n", totals.dropped, totals.dropped == 1 ? " is" : "s are");
  if (totals.processes > totals.summaries)
    fprintf(to, "  %" PRIu64 " of %" PRIu64 " processes ended without a word (a signal, _exit, or exec), or go on\n",
            totals.processes - totals.summaries, totals.processes);
  if (totals.summaries > 0)
    fprintf(to, "  the longest pause: %.1f ms, all: %.1f ms of %.2f s\n", totals.longest_pause_seconds * 1e3,
            totals.pause_seconds * 1e3, totals.seconds);
  write_runs(outcome, to);
}
