#include "check/stop.h"
#include "base/options.h"
#include "base/print.h"
#include "space/kernel.h"

#include <unistd.h>

static bool held; /* written by the thread that has stopped all others */
static enum fh_report_kind put_off;
static bool is_put_off;

static __thread bool traps;

static void trap(void) {
  traps = true;
  kernel_raise(SIGTRAP);
  traps = false;
}

bool stop_trapped(const siginfo_t *info) {
  return traps && info->si_code == SI_TKILL && (uint32_t)info->si_pid == kernel_process_id();
}

static void say_how_to_attach(enum fh_report_kind kind) {
  struct text line;
  text_clear(&line);
  text_add(&line, "freehold: process ");
  text_add_decimal(&line, kernel_process_id());
  text_add(&line, " stands still (");
  text_add(&line, fh_report_kind_id(kind));
  text_add(&line, "): gdb -p ");
  text_add_decimal(&line, kernel_process_id());
  text_add(&line, " attaches a debugger at the place, kill -CONT ");
  text_add_decimal(&line, kernel_process_id());
  text_add(&line, " lets it go on\n");
  text_write(&line, STDERR_FILENO);
}

static void stop(enum fh_report_kind kind) {
  if (options.stop == STOP_ON)
    die();
  if (kernel_is_traced()) {
    trap();
  } else {
    say_how_to_attach(kind);
    kernel_stop_process();
  }
}

void stop_after(const struct fh_report *report) {
  if (options.stop == STOP_OFF || report->kind == FH_REPORT_LEAK)
    return;
  if (!held) {
    stop(report->kind);
  } else if (!is_put_off) {
    put_off = report->kind;
    is_put_off = true;
  }
}

void stop_hold(bool hold) {
  held = hold;
  if (!hold && is_put_off) {
    is_put_off = false;
    stop(put_off);
  }
}
