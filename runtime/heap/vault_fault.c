#include "heap/vault_fault.h"
#include "base/fault_access.h"
#include "heap/accounts.h"
#include "heap/vault.h"
#include "record/report.h"
#include "space/kernel.h"
#include "space/mapping.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

static void add_bytes(struct text *text, size_t bytes) {
  text_add_decimal(text, bytes);
  text_add(text, bytes == 1 ? " byte" : " bytes");
}

static void add_heap(struct text *text, const struct vault_place *place) {
  text_add(text, place->name[0] != '\0' ? "the heap " : "a protected heap without a name");
  text_add(text, place->name);
}

bool vault_describe(struct text *text, uintptr_t address) {
  static const char *const closed[] = {[VAULT_OPEN] = "",
                                       [VAULT_READ_ONLY] = ", which may only be read (fh_heap_protect)",
                                       [VAULT_CLOSED] = ", which is closed (fh_heap_protect)"};
  struct vault_place place = vault_look(address);
  if (place.vault == NULL)
    return false;
  if (place.where == VAULT_GUARD_BELOW) {
    add_bytes(text, place.area - address);
    text_add(text, " before the start of ");
    add_heap(text, &place);
    text_add(text, ", in its guard pages");
    return true;
  }
  bool in_object = place.where == VAULT_IN_OBJECT, in_free = place.where == VAULT_IN_FREE;
  if (in_free || place.object == 0) {
    text_add(text, "in no object of ");
    add_heap(text, &place);
    text_add(text, place.object != 0 ? ", " : "");
  }
  if (place.object != 0) {
    uintptr_t from = in_object ? place.object : place.object + place.object_bytes;
    if (address != from)
      add_bytes(text, address - from);
    text_add(text, address == from ? (in_object ? "at the start of " : "just behind the end of ")
                                   : (in_object ? " into " : " behind the end of "));
    text_add(text, "an object of ");
    add_bytes(text, place.object_bytes);
    text_add(text, in_free ? "" : " of ");
    if (!in_free)
      add_heap(text, &place);
  }
  text_add(text, place.where == VAULT_GUARD_BEHIND ? ", in its guard pages" : closed[place.access]);
  return true;
}

/* ---- The fault. ---- */

static uintptr_t program_counter(const ucontext_t *context) {
#if defined(__x86_64__)
  return (uintptr_t)context->uc_mcontext.gregs[REG_RIP];
#else
  return (uintptr_t)context->uc_mcontext.pc;
#endif
}

struct module {
  uintptr_t address, base;
  char name[128];
  bool found;
};

/* Remembers where each file begins; ends at the mapping that has the address. */
static bool look_at_mapping(void *context, const struct mapping *mapping) {
  struct module *module = context;
  if (strcmp(module->name, mapping->name) != 0) {
    module->base = mapping->start - mapping->file_offset;
    memcpy(module->name, mapping->name, sizeof module->name);
  }
  module->found = module->address - mapping->start < mapping->end - mapping->start;
  return mapping->end <= module->address;
}

/* "prog+0x1139", as addr2line takes it. */
static void add_code(struct text *text, uintptr_t address) {
  struct module module = {.address = address};
  mapping_each(look_at_mapping, &module);
  if (module.found && module.name[0] == '/') {
    text_add(text, module.name);
    text_add(text, "+");
    text_add_hex(text, address - module.base);
  } else {
    text_add_hex(text, address);
  }
}

static void explain(uintptr_t address, const ucontext_t *context) {
  static const char *const names[] = {"an access", "read", "write", "a jump"};
  struct text text;
  text_clear(&text);
  text_add(&text, "freehold: error[");
  text_add(&text, fh_report_kind_id(FH_REPORT_PROTECTED_HEAP));
  text_add(&text, "]: ");
  text_add(&text, names[fault_access(context)]);
  text_add(&text, " at ");
  text_add_hex(&text, address);
  text_add(&text, ", ");
  size_t before = text.length;
  vault_describe(&text, address);
  if (text.length == before)
    return;
  text_add(&text, "\n  in thread ");
  text_add_decimal(&text, kernel_thread_id());
  text_add(&text, " at ");
  add_code(&text, program_counter(context));
  text_add(&text, "\n  what to do: ");
  text_add(&text, fh_report_kind_advice(FH_REPORT_PROTECTED_HEAP));
  text_add(&text, "\n");
  text_write(&text, STDERR_FILENO);
}

/* The fault happens again when this returns, and then does what it does without us, in the same place. */
static void on_fault(int number, siginfo_t *info, void *context) {
  int saved_errno = errno;
  bool sent = info->si_code <= 0;
  if (!sent)
    explain((uintptr_t)info->si_addr, context);
  struct sigaction standard = {.sa_handler = SIG_DFL};
  sigaction(number, &standard, NULL);
  if (sent)
    kernel_raise(number); /* nothing makes it happen again */
  errno = saved_errno;
}

void vault_fault_watch(void) {
  int saved_errno = errno;
  struct sigaction now, action = {.sa_flags = SA_SIGINFO | SA_ONSTACK};
  action.sa_sigaction = on_fault;
  sigemptyset(&action.sa_mask);
  if (sigaction(SIGSEGV, NULL, &now) == 0 && (now.sa_flags & SA_SIGINFO) == 0 && now.sa_handler == SIG_DFL)
    sigaction(SIGSEGV, &action, NULL);
  errno = saved_errno;
}
