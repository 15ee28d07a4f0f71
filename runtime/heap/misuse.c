#include "heap/misuse.h"
#include "base/options.h"
#include "base/print.h"
#include "heap/accounts.h"
#include "heap/object.h"
#include "heap/sampled.h"
#include "heap/thread.h"
#include "heap/vault_fault.h"
#include "space/mapping.h"

#include <string.h>
#include <unistd.h>

/* Starts a report; the caller says what is wrong and ends it. */
static struct text begin(const char *call, uintptr_t address) {
  struct text text;
  text_clear(&text);
  text_add(&text, "freehold: ");
  text_add(&text, call);
  text_add(&text, "(");
  text_add_hex(&text, address);
  text_add(&text, "): ");
  return text;
}

static void add_object(struct text *text, size_t bytes) {
  text_add(text, "an object of ");
  text_add_decimal(text, bytes);
  text_add(text, " bytes");
}

static void end(struct text *text) {
  text_add(text, options.on_misuse == ON_MISUSE_ABORT
                     ? "; the program ends here (FREEHOLD=on_misuse=report goes on without the call)\n"
                     : "; the call is ignored\n");
  text_write(text, STDERR_FILENO);
  if (options.on_misuse == ON_MISUSE_ABORT) {
    accounts_print_at_exit();
    die();
  }
}

COLD void misuse_double_free(const char *call, uintptr_t address, size_t object_bytes) {
  struct text text = begin(call, address);
  text_add(&text, "already free: ");
  add_object(&text, object_bytes);
  text_add(&text, " that was freed before (double free) or never handed out");
  end(&text);
}

/* ---- What an address outside the heap looks like: its line in /proc/self/maps. ---- */

void misuse_describe_foreign(struct text *text, uintptr_t address) {
  uintptr_t here = (uintptr_t)__builtin_frame_address(0);
  struct mapping mapping = mapping_find(address);
  if (address < 65536) {
    text_add(text, "a small number, not a pointer (NULL plus an offset?)");
  } else if (!mapping.found) {
    text_add(text, "never allocated: nothing is mapped at this address");
  } else if (strcmp(mapping.name, "[stack]") == 0 || (address > here - 64 * KIB && address < here + 8 * MIB)) {
    text_add(text, "on the stack: a local variable, which the compiler frees by itself");
  } else if (mapping.permissions[2] == 'x') {
    text_add(text, "in code of ");
    text_add(text, mapping.name);
  } else if (mapping.name[0] == '/') {
    text_add(text, "in static data of ");
    text_add(text, mapping.name);
    text_add(text, ": a global variable or a string constant");
  } else {
    text_add(text, "data that this heap never allocated (mapping: ");
    text_add(text, mapping.name[0] != '\0' ? mapping.name : "anonymous");
    text_add(text, "): from mmap, another allocator, or from before this library was loaded");
  }
}

COLD void misuse_bad_pointer(const char *call, uintptr_t address) {
  if (sampled_contains(address) && sampled_misuse(call, address))
    return;
  struct object object = object_at((const void *)address);
  if ((object.kind == OBJECT_SMALL || object.kind == OBJECT_LARGE) && !object.live) {
    misuse_double_free(call, address, object.bytes);
    return;
  }
  struct text text = begin(call, address);
  switch (object.kind) {
  case OBJECT_FOREIGN:
    misuse_describe_foreign(&text, address);
    break;
  case OBJECT_INTERIOR:
    text_add_decimal(&text, address - object.start);
    text_add(&text, object.live ? " bytes inside an object: " : " bytes inside an object that is already free: ");
    add_object(&text, object.bytes);
    text_add(&text, " at ");
    text_add_hex(&text, object.start);
    break;
  default:
    text_add(&text, "in the heap, where no object is: already free (double free), or never allocated");
    break;
  }
  end(&text);
}

COLD void misuse_wrong_size(const char *call, uintptr_t address, size_t claimed, size_t object_bytes) {
  struct text text = begin(call, address);
  text_add(&text, "wrong size: the call says ");
  text_add_decimal(&text, claimed);
  text_add(&text, " bytes, but it is ");
  add_object(&text, object_bytes);
  end(&text);
}

COLD void misuse_wrong_heap(const char *call, uintptr_t address, size_t object_bytes, const char *owner_name) {
  struct text text = begin(call, address);
  text_add(&text, "wrong heap: ");
  add_object(&text, object_bytes);
  text_add(&text, " of another heap");
  if (owner_name[0] != '\0') {
    text_add(&text, ", ");
    text_add(&text, owner_name);
  }
  end(&text);
}

COLD void misuse_closed_heap(const char *call, uintptr_t address) {
  struct text text = begin(call, address);
  vault_describe(&text, address);
  end(&text);
}
