#include "tool/supervise/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tool/report/memory.h"
#include "tool/report/size_text.h"
#include "tool/report/utf8.h"
#include "tool/supervise/clock.h"

#define DRAW_PAUSE (200 * MILLISECOND)
enum { BAR_WIDTH = 20, LINES_AROUND = 3, NARROWEST = 40, COMMAND_ROOM = 60, TEXT_BYTES = 512 };

void table_begin(struct table *table, bool refused, bool quiet) {
  const char *terminal = getenv("TERM");
  table->live = !refused && !quiet && isatty(STDERR_FILENO) && terminal != NULL && strcmp(terminal, "dumb") != 0;
  table->quiet = quiet;
}

void table_hide(struct table *table) {
  if (table->lines == 0)
    return;
  fprintf(stderr, "\r\033[%uA\033[J", table->lines);
  fflush(stderr);
  table->lines = 0;
  table->drawn_at = 0;
}

void table_say(struct table *table, unsigned number, const char *sentence) {
  table_hide(table);
  if (number != 0)
    fprintf(stderr, "freehold: [%u] %s\n", number, sentence);
  else
    fprintf(stderr, "freehold: %s\n", sentence);
  fflush(stderr);
}

const char *table_state_text(const struct job *job) {
  switch (job->state) {
  case JOB_WAITING:
    return "waits";
  case JOB_STARTING:
    return "starts";
  case JOB_ENDING:
    return "ends";
  case JOB_ENDED:
    return "ended";
  case JOB_RUNNING:
    break;
  }
  if (job->stop_signal != 0)
    return "stopped itself";
  if ((job->paused & PAUSE_ALL) != 0)
    return "suspended";
  if ((job->paused & PAUSE_MEMORY) != 0)
    return "waits: memory";
  if ((job->paused & PAUSE_TURN) != 0)
    return "waits: turn";
  return job->idle ? "sleeps" : "runs";
}

static void add_bar(struct text *to, uint64_t part, uint64_t whole) {
  unsigned filled = whole == 0 ? 0 : (unsigned)((double)part / (double)whole * BAR_WIDTH + 0.5);
  if (filled > BAR_WIDTH)
    filled = BAR_WIDTH;
  text_add(to, "[");
  for (unsigned i = 0; i < BAR_WIDTH; i++)
    text_add(to, i < filled ? "#" : ".");
  text_add(to, "]");
}

/* No more than `columns` characters, and no piece of one. */
static void add_cut(struct text *to, const char *text, unsigned columns) {
  for (unsigned used = 0; *text != '\0' && used < columns; used++) {
    size_t bytes = utf8_bytes(text);
    bytes = bytes == 0 ? 1 : bytes;
    text_add_bytes(to, text, bytes);
    text += bytes;
  }
}

static uint64_t wall_time(const struct job *job, uint64_t now) {
  if (job->first_started == 0)
    return 0;
  return (job->state == JOB_ENDED ? job->ended : now) - job->first_started;
}

static void add_row(struct text *to, const struct table_facts *facts, const struct job *job, unsigned columns) {
  char size[SIZE_TEXT_BYTES], start[TEXT_BYTES];
  snprintf(start, sizeof start, "%5u  %-14s %8.1fs %8.1fs %9s ", job->number, table_state_text(job),
           seconds_of(wall_time(job, facts->now)), seconds_of(job->all_cpu + job->cpu), size_text(job->held, size));
  struct text row = {0};
  text_add(&row, start);
  if (facts->budget != 0) {
    add_bar(&row, job->held, facts->budget);
    text_add(&row, " ");
  }
  text_add(&row, job->command->text);
  add_cut(to, row.text, columns);
  text_add(to, "\n");
  free(row.text);
}

/* What runs first, then what waits in the middle of its run, then what has not started. */
static int rank(const struct job *job) {
  if (job->state == JOB_ENDED)
    return -1;
  if (job->state == JOB_WAITING)
    return 2;
  return job->paused != 0 || job->stop_signal != 0;
}

uint64_t table_show(struct table *table, const struct table_facts *facts) {
  if (!table->live)
    return UINT64_MAX;
  if (table->drawn_at != 0 && facts->now - table->drawn_at < DRAW_PAUSE)
    return DRAW_PAUSE - (facts->now - table->drawn_at);
  struct winsize size = {0};
  unsigned rows = 24, columns = 80;
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > LINES_AROUND && size.ws_col >= NARROWEST)
    rows = size.ws_row, columns = size.ws_col - 1u;
  unsigned done = 0, failed = 0, running = 0, lines = 1;
  for (size_t i = 0; i < facts->count; i++) {
    done += facts->jobs[i].state == JOB_ENDED;
    failed += facts->jobs[i].state == JOB_ENDED && job_has_failed(&facts->jobs[i]);
    running += job_is_there(&facts->jobs[i]);
  }
  struct text text = {0}, head = {0};
  char held[SIZE_TEXT_BYTES], budget[SIZE_TEXT_BYTES];
  text_format(&head, "freehold: %u of %zu done, %u failed, %u there, %s", done, facts->count, failed, running,
              size_text(facts->held, held));
  if (facts->budget != 0) {
    text_format(&head, " of %s ", size_text(facts->budget, budget));
    add_bar(&head, facts->held, facts->budget);
  }
  add_cut(&text, head.text, columns);
  text_add(&text, "\n");
  free(head.text);
  for (int wanted = 0; wanted <= 2; wanted++)
    for (size_t i = 0; i < facts->count && lines + LINES_AROUND < rows; i++)
      if (rank(&facts->jobs[i]) == wanted) {
        add_row(&text, facts, &facts->jobs[i], columns);
        lines++;
      }
  table_hide(table);
  fputs(text.text, stderr);
  fflush(stderr);
  free(text.text);
  table->lines = lines;
  table->drawn_at = facts->now;
  return DRAW_PAUSE;
}

void table_end(struct table *table, const struct table_facts *facts) {
  table_hide(table);
  unsigned failed = 0;
  for (size_t i = 0; i < facts->count; i++)
    failed += job_has_failed(&facts->jobs[i]);
  if (table->quiet && failed == 0)
    return;
  fprintf(stderr, "freehold: %u of %zu programs failed\n", failed, facts->count);
  fprintf(stderr, "%6s %-22s %9s %9s %6s %9s %9s  %s\n", "number", "end", "wall", "cpu", "turns", "paused", "peak",
          "program");
  for (size_t i = 0; i < facts->count; i++) {
    const struct job *job = &facts->jobs[i];
    if (table->quiet && !job_has_failed(job))
      continue;
    char end[TEXT_BYTES], rules[TEXT_BYTES], size[SIZE_TEXT_BYTES];
    job_end_text(job, end, sizeof end);
    job_rules_text(job, rules, sizeof rules);
    struct text command = {0};
    add_cut(&command, job->command->text, COMMAND_ROOM);
    fprintf(stderr, "%6u %-22s %8.2fs %8.2fs %6llu %8.2fs %9s  %s%s%s%s\n", job->number, end,
            seconds_of(wall_time(job, facts->now)), seconds_of(job->all_cpu), (unsigned long long)job->turns,
            seconds_of(job->all_paused_time), size_text(job->peak, size), command.text != NULL ? command.text : "",
            rules[0] != '\0' ? " (" : "", rules, rules[0] != '\0' ? ")" : "");
    free(command.text);
  }
  fflush(stderr);
}
