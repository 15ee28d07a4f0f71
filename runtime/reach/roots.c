#include "reach/roots.h"
#include "base/print.h"
#include "heap/vault.h"
#include "reach/kernel_roots.h"
#include "reach/sequence.h"
#include "reach/threads.h"
#include "space/own.h"
#include "space/process.h"

#include <elf.h>
#include <string.h>

/* What the ABI of x86-64 lets a function use below its stack pointer while it calls nothing; aarch64's has nothing of
 * the kind. */
#define RED_ZONE_BYTES 128u

static uintptr_t lowest_in_use(const ucontext_t *context) {
  return context_stack_pointer(context) - ((context->uc_flags & REACH_CALLED) != 0 ? 0 : RED_ZONE_BYTES);
}
/* Of shared mappings no more is looked at: to learn which pages of a file are in memory takes time for all of them.
 * */
#define SHARED_BYTES_MOST (64 * GIB)

struct range {
  uintptr_t start, end;
};

/* What of the mappings is no root, in order. */
static struct sequence holes = SEQUENCE_OF(struct range);
/* The lowest addresses in use of stacks, in order. */
static struct sequence pointers = SEQUENCE_OF(uintptr_t);

/* ---- what is left out ---- */

static bool range_before(const void *one, const void *other) {
  return ((const struct range *)one)->start < ((const struct range *)other)->start;
}

static bool pointer_before(const void *one, const void *other) {
  return *(const uintptr_t *)one < *(const uintptr_t *)other;
}

static bool add_hole(uintptr_t start, uintptr_t end) {
  if (start >= end)
    return true;
  struct range *hole = sequence_push(&holes);
  if (hole != NULL)
    *hole = (struct range){start, end};
  return hole != NULL;
}

static bool add_pointer(uintptr_t pointer) {
  uintptr_t *record = sequence_push(&pointers);
  if (record != NULL)
    *record = pointer;
  return record != NULL;
}

/*
 * The unused part of a stack is full of pointers that were of use once. It may be left out only where it surely is a
 * stack: down to where the first thread's stack ends, or to a guard. A mapping that has several stack pointers is
 * several stacks; only below the lowest one nothing is in use.
 */
static bool leave_out_stacks(const ucontext_t *here) {
  bool enough = add_pointer(lowest_in_use(here));
  for (size_t i = 0; i < threads_count(); i++)
    if (thread_number(i)->stack_pointer != 0)
      enough = enough && add_pointer(thread_number(i)->stack_pointer - RED_ZONE_BYTES);
  if (!enough)
    return false;
  sequence_sort(&pointers, pointer_before);
  const struct mapping *before = NULL;
  for (size_t i = 0; i < pointers.count; i++) {
    uintptr_t pointer = *(const uintptr_t *)sequence_at(&pointers, i);
    const struct mapping *mapping = mapping_at(pointer);
    if (mapping == NULL || mapping == before)
      continue;
    before = mapping;
    bool stack = mapping->kind == MAPPING_STACK ||
                 (mapping->kind == MAPPING_ANONYMOUS && !mapping->shared && mapping_is_guarded(mapping));
    if (stack && !add_hole(mapping->start, pointer))
      return false;
  }
  return true;
}

static bool gather_holes(const struct reach_world *world, const ucontext_t *here) {
  bool enough = leave_out_stacks(here);
  for (const struct reach_range *range = world->excluded; enough && range != NULL && range->end != 0; range++)
    enough = add_hole(range->start, range->end);
  uintptr_t start, end;
  for (size_t i = 0; enough && own_range(i, &start, &end); i++)
    enough = add_hole(start, end);
  if (enough)
    sequence_sort(&holes, range_before);
  return enough;
}

/* ---- mappings ---- */

static bool is_stack(const struct mapping *mapping) {
  for (size_t i = 0; i < pointers.count; i++) {
    uintptr_t pointer = *(const uintptr_t *)sequence_at(&pointers, i);
    if (pointer >= mapping->start && pointer < mapping->end)
      return true;
  }
  return false;
}

/* Whether the mapping, which follows `before` in the table, is in the scope. *data: it is some file's data, or the part of
 * it that has no file behind it. */
static bool is_in_scope(const struct reach_world *world, const struct mapping *mapping, const struct mapping *before,
                        bool *data) {
  bool follows = *data && before != NULL && before->end == mapping->start && before->writable;
  *data = !mapping->shared && (mapping->kind == MAPPING_FILE || (mapping->kind == MAPPING_ANONYMOUS && follows));
  if (world->scope == REACH_EVERYTHING || (world->scope == REACH_DATA && *data))
    return true;
  if (mapping->kind == MAPPING_STACK)
    return true;
  return mapping->kind == MAPPING_ANONYMOUS && !mapping->shared && mapping->writable &&
         (mapping_is_guarded(mapping) || is_stack(mapping) ||
          (world->wanted != NULL && world->wanted(mapping->start, mapping->end)));
}

static bool is_root(const struct mapping *mapping, size_t *shared_left) {
  if (mapping->kind == MAPPING_DEVICE)
    return false;
  if (!mapping->shared) /* what can only be read now was written once, where it has pages of its own */
    return mapping->readable || mapping->writable;
  size_t bytes = mapping->end - mapping->start;
  if (!mapping->writable || bytes > *shared_left)
    return false;
  *shared_left -= bytes;
  return true;
}

static bool mappings_words(const struct reach_world *world, struct root_source *source) {
  struct word_reader *reader = &source->words;
  size_t hole_number = 0, shared_left = SHARED_BYTES_MOST;
  bool data = false;
  for (size_t i = 0; i < mappings_count(); i++) {
    const struct mapping *mapping = mapping_number(i);
    if (!is_in_scope(world, mapping, i != 0 ? mapping_number(i - 1) : NULL, &data) || !is_root(mapping, &shared_left))
      continue;
    source->stack = is_stack(mapping);
    uintptr_t at = mapping->start;
    /* Holes may overlap each other and reach over several mappings: those that end here are done with. */
    for (size_t number = hole_number; at < mapping->end && number < holes.count; number++) {
      const struct range *hole = sequence_at(&holes, number);
      if (hole->start >= mapping->end)
        break;
      if (hole->end <= mapping->start) {
        if (number == hole_number)
          hole_number++;
        continue;
      }
      if (hole->start > at && !mapping_words(mapping, at, hole->start, reader))
        return false;
      if (hole->end > at)
        at = hole->end;
    }
    if (at < mapping->end && !mapping_words(mapping, at, mapping->end, reader))
      return false;
  }
  return true;
}

/* Heaps that can be closed are the program's data as others are, whoever may read them at the moment. (What only a heap of
 * secrets points to is not found.) */
static bool vaults_words(struct root_source *source) {
  uintptr_t start, end;
  for (size_t i = 0; vault_range(i, &start, &end); i++)
    if (start != end && !memory_copied_words(start, end - start, &source->words))
      return false;
  return true;
}

/* ---- registers ---- */

static bool give(struct root_source *source, enum fh_root kind, uint32_t number, int thread, const uintptr_t *words,
                 size_t count, uintptr_t at) {
  source->kind = kind;
  source->number = number;
  source->thread = thread;
  return source->words.take(&source->words, words, count, at);
}

/* A thread may be in a handler of the program's on an alternate stack of ours. What it has in use there are roots,
 * although the library's own memory isn't. */
static bool own_stack_words(uintptr_t stack_pointer, struct root_source *source) {
  uintptr_t start, end;
  for (size_t i = 0; own_range(i, &start, &end); i++)
    if (stack_pointer >= start && stack_pointer < end) {
      const struct mapping *mapping = mapping_at(stack_pointer);
      if (mapping == NULL || !mapping->writable)
        return true;
      source->kind = FH_ROOT_NONE;
      return mapping_words(mapping, stack_pointer, end < mapping->end ? end : mapping->end, &source->words);
    }
  return true;
}

static bool context_words(const ucontext_t *context, int thread, const struct reach_world *world,
                          struct root_source *source) {
  const uintptr_t *registers;
  size_t count = context_registers(context, &registers);
  if (!give(source, FH_ROOT_REGISTER, 0, thread, registers, count, 0))
    return false;
  /* A stack may lie in an object. */
  uintptr_t stack_pointer = context_stack_pointer(context);
  struct reach_object object;
  if (!give(source, FH_ROOT_STACK, 0, thread, &stack_pointer, 1, stack_pointer) ||
      (!world->find(stack_pointer, &object) && !own_stack_words(stack_pointer, source)))
    return false;
  uintptr_t start;
  size_t bytes;
  source->kind = FH_ROOT_REGISTER;
  source->number = (uint32_t)count;
  return !context_vectors(context, &start, &bytes) || memory_copied_words(start, bytes, &source->words);
}

static bool threads_words(const struct reach_world *world, struct root_source *source) {
  for (size_t i = 0; i < threads_count(); i++) {
    const struct stopped_thread *thread = thread_number(i);
    if (thread->context != NULL && thread->state == THREAD_STOPPED) {
      if (!context_words(thread->context, thread->thread, world, source))
        return false;
      uintptr_t alternate = (uintptr_t)thread->context->uc_stack.ss_sp;
      if (!give(source, FH_ROOT_KERNEL, KERNEL_ROOT_SIGNAL_STACK, thread->thread, &alternate, 1,
                (uintptr_t)thread->thread))
        return false;
      continue;
    }
    if (thread->stack_pointer != 0 &&
        !give(source, FH_ROOT_STACK, 0, thread->thread, &thread->stack_pointer, 1, thread->stack_pointer))
      return false;
    if (thread->call.known &&
        !give(source, FH_ROOT_REGISTER, 0, thread->thread, thread->call.arguments, CALL_ARGUMENTS, 0))
      return false;
  }
  return true;
}

static bool kernel_words(struct root_source *source) {
  for (size_t i = 0; i < kernel_roots_count(); i++) {
    const struct kernel_root *root = kernel_root_number(i);
    if (!give(source, FH_ROOT_KERNEL, root->kind, 0, &root->word, 1, root->number))
      return false;
  }
  return true;
}

bool roots_words(const struct reach_world *world, const ucontext_t *here, struct root_source *source) {
  bool whole = (world->scope != REACH_EVERYTHING || kernel_roots_read()) && mappings_read(threads_frozen()) &&
               gather_holes(world, here);
  if (whole)
    whole = context_words(here, 0, world, source) && threads_words(world, source) &&
            (world->scope != REACH_EVERYTHING || kernel_words(source));
  if (whole) {
    source->kind = FH_ROOT_NONE;
    source->thread = 0;
    whole = mappings_words(world, source) && vaults_words(source);
  }
  sequence_release(&holes);
  sequence_release(&pointers);
  return whole;
}

/* ---- in words ---- */

static void name_add(struct reach_root *root, const char *part) {
  size_t length = strlen(root->name), room = sizeof root->name - 1 - length, bytes = strlen(part);
  memcpy(root->name + length, part, bytes < room ? bytes : room);
  root->name[length + (bytes < room ? bytes : room)] = '\0';
}

static void name_add_number(struct reach_root *root, uint64_t number) {
  struct text digits;
  text_clear(&digits);
  text_add_decimal(&digits, number);
  text_add_bytes(&digits, "", 1);
  name_add(root, digits.bytes);
}

static void name_of_thread(struct reach_root *root, enum fh_root kind, const char *what, int thread) {
  root->kind = kind;
  name_add(root, what);
  name_add(root, " of thread ");
  name_add_number(root, (uint64_t)(thread != 0 ? thread : threads_self()));
}

/* An upper bound of what all loaded files have in thread-local storage, which lies below the thread pointer (on
 * aarch64 above it). */
static size_t thread_local_bytes(void) {
  size_t bytes = 0;
  for (size_t i = 0; i < mappings_count(); i++) {
    const struct mapping *mapping = mapping_number(i);
    char page[4096] __attribute__((aligned(8)));
    if (mapping->kind != MAPPING_FILE || mapping->shared ||
        process_copy(-1, mapping->start, page, sizeof page) != sizeof page || memcmp(page, ELFMAG, SELFMAG) != 0)
      continue;
    const Elf64_Ehdr *file = (const Elf64_Ehdr *)(const void *)page;
    for (size_t j = 0; j < file->e_phnum && file->e_phoff + (j + 1) * sizeof(Elf64_Phdr) <= sizeof page; j++) {
      const Elf64_Phdr *segment = (const Elf64_Phdr *)(const void *)(page + file->e_phoff) + j;
      if (segment->p_type == PT_TLS)
        bytes += segment->p_memsz + segment->p_align;
    }
  }
  return bytes;
}

/* What of a thread descriptor may lie on the thread pointer's other side. */
#define THREAD_DESCRIPTOR_BYTES 4096u

static bool is_thread_local(uintptr_t at, uintptr_t thread_pointer, size_t bytes) {
  return thread_pointer != 0 && at + bytes + THREAD_DESCRIPTOR_BYTES >= thread_pointer &&
#if defined(__x86_64__)
         at + bytes >= thread_pointer && at < thread_pointer + THREAD_DESCRIPTOR_BYTES;
#else
         at < thread_pointer + bytes;
#endif
}

/* The stack that an address is on: above the stack pointer, in its mapping. */
static bool is_on_stack(uintptr_t at, uintptr_t stack_pointer) {
  const struct mapping *mapping = mapping_at(stack_pointer);
  return mapping != NULL && at + RED_ZONE_BYTES >= stack_pointer && at < mapping->end;
}

static bool describe_thread(uintptr_t at, const ucontext_t *context, uintptr_t stack_pointer,
                            uintptr_t thread_pointer, size_t local_bytes, int thread, struct reach_root *root) {
  if (is_thread_local(at, thread_pointer, local_bytes)) {
    name_of_thread(root, FH_ROOT_THREAD_LOCAL, "thread-local storage", thread);
    return true;
  }
  if (context != NULL && at - (uintptr_t)context < sizeof *context) {
    const uintptr_t *registers;
    size_t count = context_registers(context, &registers), number = (at - (uintptr_t)registers) / sizeof at;
    name_of_thread(root, FH_ROOT_REGISTER, "register", thread);
    root->at = number < count ? number : count;
    return true;
  }
  if (stack_pointer != 0 && is_on_stack(at, stack_pointer)) {
    name_of_thread(root, FH_ROOT_STACK, "stack", thread);
    return true;
  }
  return false;
}

static void describe_memory(uintptr_t at, const ucontext_t *here, struct reach_root *root) {
  size_t local_bytes = thread_local_bytes();
  if (describe_thread(at, NULL, context_stack_pointer(here), (uintptr_t)__builtin_thread_pointer(), local_bytes, 0,
                      root))
    return;
  for (size_t i = 0; i < threads_count(); i++) {
    const struct stopped_thread *thread = thread_number(i);
    if (describe_thread(at, thread->context, thread->stack_pointer, thread->thread_pointer, local_bytes,
                        thread->thread, root))
      return;
  }
  root->kind = FH_ROOT_DATA;
  char path[sizeof root->name - sizeof "data of "];
  mapping_describe(at, path, sizeof path);
  name_add(root, path[0] != '\0' ? "data of " : "memory that the program mapped");
  name_add(root, path);
}

void root_describe(enum fh_root kind, uint32_t number, int thread, uintptr_t at, const ucontext_t *here,
                   struct reach_root *root) {
  static const char *const kernel_names[] = {[KERNEL_ROOT_EPOLL] = "epoll ",
                                             [KERNEL_ROOT_TIMER] = "timer ",
                                             [KERNEL_ROOT_SIGNAL_STACK] = "signal stack of thread ",
                                             [KERNEL_ROOT_URING] = "io_uring "};
  *root = (struct reach_root){.kind = kind, .at = at};
  if (kind == FH_ROOT_NONE) {
    describe_memory(at, here, root);
  } else if (kind == FH_ROOT_KERNEL) {
    name_add(root, kernel_names[number]);
    name_add_number(root, at);
  } else if (kind == FH_ROOT_COLLECTOR) {
    static const char *const names[] = {[COLLECTOR_ROOT_RANGE] = "memory registered with the collector",
                                        [COLLECTOR_ROOT_KEPT] = "allocated to be kept until it is freed",
                                        [COLLECTOR_ROOT_HOOK] = "pushed by the program, or by its finalizers"};
    name_add(root, names[number]);
  } else if (kind == FH_ROOT_REGISTER) {
    name_of_thread(root, kind, number == 0 ? "register" : "vector register", thread);
    root->at = number == 0 ? at / sizeof at : number;
  } else {
    name_of_thread(root, kind, "stack", thread);
  }
}
