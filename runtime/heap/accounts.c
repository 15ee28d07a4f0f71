#include "heap/accounts.h"
#include "base/options.h"
#include "base/print.h"
#include "heap/size_class.h"
#include "space/kernel.h"
#include "space/space.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

__attribute__((visibility("default"))) struct fh_accounts_root fh_accounts_root;

struct accounts accounts = {.root = &fh_accounts_root};

void accounts_start(void) {
  struct fh_accounts_root *root = accounts.root;
  root->version = FH_ACCOUNTS_VERSION;
  root->root_bytes = sizeof *root;
  root->base = space_base;
  root->slice_bytes = SLICE_BYTES;
  root->table = (uint64_t)(uintptr_t)space_table;
  root->page_bytes = space.page_bytes;
  root->reserved_bytes = space.reserved_bytes;
  root->limit_bytes = options.limit;
  root->started_nanoseconds = kernel_now_coarse();
  root->class_count = CLASS_COUNT;
  for (unsigned i = 0; i < CLASS_COUNT; i++)
    root->class_bytes[i] = class_bytes[i];
  __atomic_store_n(&root->magic, FH_ACCOUNTS_MAGIC, __ATOMIC_RELEASE);
}

void accounts_publish(void) {
  struct fh_accounts_root *root = accounts.root;
  root->free_slice_bytes = accounts.free_slice_bytes;
  root->heap_bytes = (accounts.slices_in_use << SLICE_SHIFT) + accounts.free_slice_bytes;
  root->metadata_bytes = space.metadata_bytes;
  __atomic_store_n(&root->slice_limit, space_slice_limit, __ATOMIC_RELEASE);
}

void accounts_retire_span(unsigned class_index, uint64_t freed_calls) {
  __atomic_fetch_add(&accounts.root->class_freed_calls[class_index], freed_calls, __ATOMIC_RELAXED);
}

static int read_own_memory(void *context, uint64_t address, void *to, size_t bytes) {
  (void)context;
  memcpy(to, (const void *)(uintptr_t)address, bytes);
  return 0;
}

/* "Name:   123 kB" in /proc/self/status, in bytes; 0 when it isn't there. */
static uint64_t status_bytes(const char *status, const char *name) {
  const char *at = strstr(status, name);
  if (at == NULL)
    return 0;
  uint64_t kib = 0;
  for (at += strlen(name); *at == ':' || *at == ' ' || *at == '\t'; at++)
    ;
  for (; *at >= '0' && *at <= '9'; at++)
    kib = kib * 10 + (uint64_t)(*at - '0');
  return kib * KIB;
}

void accounts_collect(struct fh_accounts *out) {
  memset(out, 0, sizeof *out);
  fh_accounts_collect(read_own_memory, NULL, (uint64_t)(uintptr_t)accounts.root, out);
  char status[4096];
  long length = kernel_read_file("/proc/self/status", status, sizeof status - 1);
  status[length > 0 ? length : 0] = '\0';
  out->rss_bytes = status_bytes(status, "VmRSS");
  out->peak_rss_bytes = status_bytes(status, "VmHWM");
  out->pid = (uint64_t)getpid();
}

static void write_to_fd(void *fd, const char *bytes, size_t length) {
  write_all(*(int *)fd, bytes, length);
}

/* The path of the option stats_file, with %p filled in. */
static void stats_path(struct text *path) {
  text_clear(path);
  for (const char *at = options.stats_file; *at != '\0'; at++) {
    if (at[0] == '%' && at[1] == 'p') {
      text_add_decimal(path, (uint64_t)getpid());
      at++;
    } else {
      text_add_bytes(path, at, 1);
    }
  }
  text_add_bytes(path, "", 1);
}

/* Standard error as it was at the start: many programs have closed theirs by the time they end. */
static int kept_stderr = -1;
/* Out of the way of the low numbers that programs count on. */
#define KEPT_FD_MIN 100

void accounts_keep_stderr(void) {
  if (options.stats != STATS_OFF && options.stats_file[0] == '\0')
    kept_stderr = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, KEPT_FD_MIN);
}

void accounts_print_at_exit(void) {
  if (options.stats == STATS_OFF)
    return;
  int fd = kept_stderr >= 0 && fcntl(kept_stderr, F_GETFD) >= 0 ? kept_stderr : STDERR_FILENO;
  if (options.stats_file[0] != '\0') {
    struct text path;
    stats_path(&path);
    fd = open(path.bytes, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0) {
      warn("can't write the accounts to ", path.bytes, ": ", strerror(errno), NULL);
      return;
    }
  }
  struct fh_accounts totals;
  accounts_collect(&totals);
  if (options.stats == STATS_JSON)
    fh_accounts_write_json(&totals, write_to_fd, &fd);
  else
    fh_accounts_write_text(&totals, write_to_fd, &fd);
  if (fd != STDERR_FILENO && fd != kept_stderr)
    close(fd);
}
