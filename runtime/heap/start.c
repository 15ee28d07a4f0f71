#include "heap/start.h"
#include "base/options.h"
#include "base/print.h"
#include "heap/accounts.h"
#include "heap/heap.h"
#include "heap/thread.h"
#include "space/kernel.h"
#include "space/space.h"

#include <unistd.h>

static struct lock start_lock;
static bool started; /* set once, with release; after it everything under the heap works */
static bool complained;

static const enum huge_page_use huge_page_choices[] = {
    [THP_AUTO] = HUGE_PAGES_UNDECIDED, [THP_ON] = HUGE_PAGES_EVERYWHERE, [THP_OFF] = HUGE_PAGES_NEVER};

bool heap_started(void) {
  return __atomic_load_n(&started, __ATOMIC_ACQUIRE);
}

/* The value of FREEHOLD. By hand: getenv and what it calls lie on pages of the C library that a small program never
 * touches otherwise. */
static const char *own_variable(void) {
  static const char name[] = "FREEHOLD=";
  for (char **variable = environ; variable != NULL && *variable != NULL; variable++) {
    size_t i = 0;
    while (name[i] != '\0' && (*variable)[i] == name[i])
      i++;
    if (name[i] == '\0')
      return *variable + i;
  }
  return NULL;
}

/* environ may not be there when the loader allocates before libc has set it; then the options come too late for the few
 * that matter at the start, which is said. */
COLD bool heap_start(void) {
  lock_take(&start_lock);
  if (!started) {
    static bool options_known;
    if (!options_known)
      options_read(own_variable());
    options_known = true;
    if (space_start(options.reserve, huge_page_choices[options.thp])) {
      for (unsigned i = 0; i < THREAD_HEAPS; i++) {
        heap_format(&shared_heaps[i], 0);
        shared_heaps[i].collect_kind = (uint8_t)i;
      }
      accounts_start();
      __atomic_store_n(&started, true, __ATOMIC_RELEASE);
    } else {
      if (!complained)
        warn("no addresses for the heap: even 16 MiB were refused; see ulimit -v", NULL);
      complained = true; /* but the next call tries again */
    }
  }
  bool done = started;
  lock_drop(&start_lock);
  return done;
}

static void say_what_is_in_use(void) {
  struct text line;
  text_clear(&line);
  text_add(&line, "freehold: heap at ");
  text_add_hex(&line, space_base);
  text_add(&line, space.claimed ? ", claimed piece by piece (addresses are limited), up to " : ", reserved ");
  text_add_decimal(&line, space.reserved_bytes >> 20);
  text_add(&line, " MiB; pages of ");
  text_add_decimal(&line, space.page_bytes);
  text_add(&line, options.purge_thread ? " bytes; purge thread when needed\n" : " bytes; no purge thread\n");
  text_write(&line, 2);
}

__attribute__((constructor(101))) static void library_loaded(void) {
  if (!heap_start())
    return;
  thread_start_hooks();
  accounts_keep_stderr();
  if (COLLECTED && options.sample != 0)
    warn("sample: the collecting library guards no objects; the setting is left out", NULL);
  if (options.verbose)
    say_what_is_in_use();
}

__attribute__((destructor(101))) static void library_unloaded(void) {
  accounts_print_at_exit();
}
