#include "tool/report/symbols.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>
#include <fcntl.h>
#include <gelf.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool/report/demangle.h"
#include "tool/report/memory.h"

/* The addresses that a unit of compilation covers. */
struct unit_range {
  uint64_t start, end;
  Dwarf_Die unit;
};

struct answer {
  uint64_t offset;
  struct symbol_place *places;
  size_t count;
};

struct module {
  char *path;
  struct build_id build_id; /* of what ran */
  bool changed;             /* what is at the path now is another build */
  bool debug_alone;         /* the ELF file has debug information, and no contents: offsets in it mean nothing */
  Dwfl *session;            /* NULL: no ELF file that libdwfl takes */
  Dwfl_Module *handle;
  Elf *elf;
  GElf_Addr bias; /* from the ELF file's addresses to the session's */
  bool opened, units_read;
  struct unit_range *units;
  size_t unit_count, unit_room;
  struct answer *answers; /* in no order; a report's frames repeat */
  size_t answer_count, answer_room;
  struct module *next;
};

struct symbols {
  struct module *modules;
  char **names; /* what places point to */
  size_t name_count, name_room;
};

/* The name of the variable that lets libdwfl ask servers for debug information. */
static const char servers_variable[] = "DEBUGINFOD_URLS";

static int open_file(const char *path) {
  /* A device or a pipe in a hostile record must not be waited for. */
  return path[0] == '\0' ? -1 : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
}

/* The first file that is kept under the id and has it. */
static int open_by_id(const struct build_id *id, bool debug, char *path, size_t room) {
  for (size_t i = 0; build_id_path(id, debug, i, path, room); i++) {
    int descriptor = open_file(path);
    if (descriptor < 0)
      continue;
    Elf *elf = elf_begin(descriptor, ELF_C_READ_MMAP, NULL);
    struct build_id own = build_id_of(elf);
    elf_end(elf);
    if (own.bytes > 0 && !build_ids_differ(&own, id))
      return descriptor;
    close(descriptor);
  }
  return -1;
}

/* As libdwfl's own, which asks servers when it finds nothing, without these; but with what they have sent before. */
static int find_debug_file(Dwfl_Module *module, void **user, const char *name, Dwarf_Addr base, const char *file,
                           const char *link, GElf_Word checksum, char **found) {
  const char *servers = getenv(servers_variable);
  char *kept = servers != NULL ? memory_copy(servers) : NULL;
  unsetenv(servers_variable);
  int descriptor = dwfl_standard_find_debuginfo(module, user, name, base, file, link, checksum, found);
  if (kept != NULL)
    setenv(servers_variable, kept, 1);
  free(kept);
  struct build_id id = {0};
  const unsigned char *bytes;
  GElf_Addr at;
  int length = dwfl_module_build_id(module, &bytes, &at);
  if (descriptor >= 0 || length <= 0 || length > (int)sizeof id.id)
    return descriptor;
  id.bytes = (size_t)length;
  memcpy(id.id, bytes, id.bytes);
  char path[PATH_MAX];
  descriptor = open_by_id(&id, true, path, sizeof path);
  if (descriptor >= 0)
    *found = strdup(path); /* libdwfl frees it */
  return descriptor;
}

static int find_no_file(Dwfl_Module *module, void **user, const char *name, Dwarf_Addr base, char **file, Elf **elf) {
  (void)module, (void)user, (void)name, (void)base, (void)file, (void)elf;
  return -1;
}

struct symbols *symbols_create(void) {
  elf_version(EV_CURRENT); /* libelf wants to be asked first */
  return memory_allocate(1, sizeof(struct symbols));
}

void symbols_destroy(struct symbols *symbols) {
  if (symbols == NULL)
    return;
  for (struct module *module = symbols->modules, *next; module != NULL; module = next) {
    next = module->next;
    if (module->session != NULL)
      dwfl_end(module->session);
    for (size_t i = 0; i < module->answer_count; i++)
      free(module->answers[i].places);
    free(module->answers);
    free(module->units);
    free(module->path);
    free(module);
  }
  for (size_t i = 0; i < symbols->name_count; i++)
    free(symbols->names[i]);
  free(symbols->names);
  free(symbols);
}

static const char *keep(struct symbols *symbols, char *name) {
  symbols->names = memory_grow(symbols->names, symbols->name_count, &symbols->name_room, sizeof(char *));
  return symbols->names[symbols->name_count++] = name;
}

static void open_module(struct module *module) {
  static char *no_search_path;
  static const Dwfl_Callbacks callbacks = {
      .find_elf = find_no_file,
      .find_debuginfo = find_debug_file,
      .section_address = dwfl_offline_section_address,
      .debuginfo_path = &no_search_path,
  };
  char path[PATH_MAX];
  snprintf(path, sizeof path, "%s", module->path);
  int descriptor = open_file(path);
  if (descriptor >= 0 && module->build_id.bytes > 0) {
    Elf *elf = elf_begin(descriptor, ELF_C_READ_MMAP, NULL);
    struct build_id now = build_id_of(elf);
    elf_end(elf);
    if (now.bytes == 0 || build_ids_differ(&now, &module->build_id)) {
      module->changed = true;
      close(descriptor);
      descriptor = -1;
    }
  }
  if (descriptor < 0)
    descriptor = open_by_id(&module->build_id, false, path, sizeof path);
  if (descriptor < 0) {
    descriptor = open_by_id(&module->build_id, true, path, sizeof path);
    module->debug_alone = descriptor >= 0;
  }
  if (descriptor < 0)
    return;
  module->session = dwfl_begin(&callbacks);
  if (module->session == NULL) {
    close(descriptor);
    return;
  }
  dwfl_report_begin(module->session);
  module->handle = dwfl_report_elf(module->session, "", path, descriptor, 0, true);
  dwfl_report_end(module->session, NULL, NULL);
  if (module->handle == NULL)
    close(descriptor); /* else it is the session's */
  else
    module->elf = dwfl_module_getelf(module->handle, &module->bias);
}

static struct module *module_at(struct symbols *symbols, const struct symbol_module *wanted) {
  for (struct module *module = symbols->modules; module != NULL; module = module->next)
    if (strcmp(module->path, wanted->path) == 0 && module->build_id.bytes == wanted->build_id.bytes &&
        memcmp(module->build_id.id, wanted->build_id.id, wanted->build_id.bytes) == 0)
      return module;
  struct module *module = memory_allocate(1, sizeof *module);
  module->path = memory_copy(wanted->path);
  module->build_id = wanted->build_id;
  module->next = symbols->modules;
  symbols->modules = module;
  return module;
}

/* From the place in memory to the session's address: the first segment is where the module begins. */
static bool address_in_memory(const struct module *module, size_t count, uint64_t from_start, uint64_t *address) {
  uint64_t lowest = UINT64_MAX, highest = 0;
  for (size_t i = 0; i < count; i++) {
    GElf_Phdr segment;
    if (gelf_getphdr(module->elf, (int)i, &segment) == NULL || segment.p_type != PT_LOAD || segment.p_align == 0)
      continue;
    uint64_t start = segment.p_vaddr - segment.p_vaddr % segment.p_align;
    lowest = start < lowest ? start : lowest;
    highest = segment.p_vaddr + segment.p_memsz > highest ? segment.p_vaddr + segment.p_memsz : highest;
  }
  *address = lowest + from_start + module->bias;
  return lowest < highest && from_start > 0 && from_start < highest - lowest;
}

/* From the file's byte to the session's address. */
static bool address_of(const struct module *module, const struct symbol_module *wanted, uint64_t offset,
                       uint64_t *address) {
  size_t count;
  if (module->elf == NULL || elf_getphdrnum(module->elf, &count) != 0)
    return false;
  if (module->debug_alone)
    return address_in_memory(module, count, wanted->from_start, address);
  for (size_t i = 0; i < count; i++) {
    GElf_Phdr segment;
    if (gelf_getphdr(module->elf, (int)i, &segment) != NULL && segment.p_type == PT_LOAD &&
        offset >= segment.p_offset && offset - segment.p_offset < segment.p_filesz) {
      *address = offset - segment.p_offset + segment.p_vaddr + module->bias;
      return true;
    }
  }
  return false;
}

/* Compilers that write no .debug_aranges (clang) leave only the units' own word for what they cover. */
static void read_units(struct module *module) {
  Dwarf_Die *unit = NULL;
  Dwarf_Addr bias;
  module->units_read = true;
  while ((unit = dwfl_module_nextcu(module->handle, unit, &bias)) != NULL) {
    Dwarf_Addr base, start, end;
    ptrdiff_t at = 0;
    while ((at = dwarf_ranges(unit, at, &base, &start, &end)) > 0) {
      module->units = memory_grow(module->units, module->unit_count, &module->unit_room, sizeof module->units[0]);
      module->units[module->unit_count++] = (struct unit_range){start + bias, end + bias, *unit};
    }
  }
}

static Dwarf_Die *unit_at(struct module *module, uint64_t address, Dwarf_Addr *bias) {
  Dwarf_Die *unit = dwfl_module_addrdie(module->handle, address, bias);
  if (unit != NULL || dwfl_module_getdwarf(module->handle, bias) == NULL)
    return unit;
  if (!module->units_read)
    read_units(module);
  for (size_t i = 0; i < module->unit_count; i++)
    if (address >= module->units[i].start && address < module->units[i].end)
      return &module->units[i].unit;
  return NULL;
}

static const char *name_of(struct symbols *symbols, Dwarf_Die *function) {
  Dwarf_Attribute attribute;
  const char *name = dwarf_formstring(dwarf_attr_integrate(function, DW_AT_linkage_name, &attribute));
  if (name == NULL)
    name = dwarf_formstring(dwarf_attr_integrate(function, DW_AT_MIPS_linkage_name, &attribute));
  if (name == NULL)
    name = dwarf_diename(function);
  return name != NULL ? keep(symbols, demangle(name)) : NULL;
}

/* A file's path as the unit names it; a relative one begins where the compiler ran. NULL stays NULL. */
static const char *path_of(struct symbols *symbols, Dwarf_Die *unit, const char *file) {
  Dwarf_Attribute attribute;
  const char *directory = dwarf_formstring(dwarf_attr(unit, DW_AT_comp_dir, &attribute));
  if (file == NULL)
    return NULL;
  if (file[0] == '/' || directory == NULL)
    return keep(symbols, memory_copy(file));
  struct text path = {0};
  text_format(&path, "%s/%s", directory, file);
  return keep(symbols, text_take(&path));
}

static int number_of(Dwarf_Die *die, unsigned name) {
  Dwarf_Attribute attribute;
  Dwarf_Word value;
  return dwarf_formudata(dwarf_attr(die, name, &attribute), &value) == 0 && value < INT32_MAX ? (int)value : 0;
}

static bool is_function(Dwarf_Die *die) {
  int tag = dwarf_tag(die);
  return tag == DW_TAG_inlined_subroutine || tag == DW_TAG_subprogram || tag == DW_TAG_entry_point;
}

/* The innermost function that holds the address, as it stands in the tree of debug information. */
static bool function_at(Dwarf_Die *unit, Dwarf_Addr address, Dwarf_Die *function) {
  Dwarf_Die *scopes = NULL;
  int count = dwarf_getscopes(unit, address, &scopes);
  bool found = false;
  for (int i = 0; i < count && !found; i++)
    if (is_function(&scopes[i])) {
      *function = scopes[i];
      found = true;
    }
  free(scopes);
  return found;
}

/* Lines of source, and the functions that were inlined at the address. */
static size_t places_from_debug(struct symbols *symbols, struct module *module, uint64_t address,
                                struct symbol_place *places, size_t most) {
  Dwarf_Addr bias;
  Dwarf_Die *unit = unit_at(module, address, &bias);
  if (unit == NULL)
    return 0;
  struct symbol_place place = {0};
  Dwarf_Line *line = dwarf_getsrc_die(unit, address - bias);
  if (line != NULL) {
    place.file = path_of(symbols, unit, dwarf_linesrc(line, NULL, NULL));
    dwarf_lineno(line, &place.line);
    dwarf_linecol(line, &place.column);
  }
  Dwarf_Die function, *scopes = NULL;
  int count = function_at(unit, address - bias, &function) ? dwarf_getscopes_die(&function, &scopes) : 0;
  size_t written = 0;
  for (int i = 0; i < count && written < most; i++) {
    if (!is_function(&scopes[i]))
      continue;
    place.function = name_of(symbols, &scopes[i]);
    place.inlined = dwarf_tag(&scopes[i]) == DW_TAG_inlined_subroutine;
    places[written++] = place;
    if (!place.inlined)
      break;
    /* Where it was called is the next one's line. */
    Dwarf_Files *files;
    size_t file_count;
    int number = number_of(&scopes[i], DW_AT_call_file);
    const char *file = dwarf_getsrcfiles(unit, &files, &file_count) == 0 && (size_t)number < file_count
                           ? dwarf_filesrc(files, (size_t)number, NULL, NULL)
                           : NULL;
    place = (struct symbol_place){.file = path_of(symbols, unit, file),
                                  .line = number_of(&scopes[i], DW_AT_call_line),
                                  .column = number_of(&scopes[i], DW_AT_call_column)};
  }
  free(scopes);
  if (written == 0 && (place.file != NULL) && most > 0)
    places[written++] = place;
  return written;
}

static size_t find_places(struct symbols *symbols, struct module *module, const struct symbol_module *wanted,
                          uint64_t offset, struct symbol_place *places, size_t most) {
  uint64_t address;
  if (!module->opened) {
    module->opened = true;
    open_module(module);
  }
  if (module->handle == NULL || !address_of(module, wanted, offset, &address) || most == 0)
    return 0;
  size_t count = places_from_debug(symbols, module, address, places, most);
  if (count > 0 && places[count - 1].function != NULL)
    return count;
  GElf_Off into;
  GElf_Sym symbol;
  const char *name = dwfl_module_addrinfo(module->handle, address, &into, &symbol, NULL, NULL, NULL);
  if (name == NULL || name[0] == '\0')
    return count;
  if (count == 0)
    places[count++] = (struct symbol_place){0};
  places[count - 1].function = keep(symbols, demangle(name));
  return count;
}

static sigjmp_buf way_out;

static void leave(int number) {
  (void)number;
  siglongjmp(way_out, 1);
}

/* libdw reads files through mappings: one that is cut short meanwhile, by a build say, gives SIGBUS. What libdw held of
 * such a file is given up, and the file with it. */
static size_t find_places_surely(struct symbols *symbols, struct module *module, const struct symbol_module *wanted,
                                 uint64_t offset, struct symbol_place *places, size_t most) {
  const struct sigaction action = {.sa_handler = leave};
  struct sigaction earlier_bus, earlier_fault;
  volatile size_t count = 0;
  sigaction(SIGBUS, &action, &earlier_bus);
  sigaction(SIGSEGV, &action, &earlier_fault);
  if (sigsetjmp(way_out, 1) == 0) {
    count = find_places(symbols, module, wanted, offset, places, most);
  } else {
    module->session = NULL;
    module->handle = NULL;
    module->elf = NULL;
  }
  sigaction(SIGBUS, &earlier_bus, NULL);
  sigaction(SIGSEGV, &earlier_fault, NULL);
  return count;
}

const char *symbols_changed(const struct symbols *symbols, size_t index) {
  for (const struct module *module = symbols->modules; module != NULL; module = module->next)
    if (module->changed && index-- == 0)
      return module->path;
  return NULL;
}

size_t symbols_find(struct symbols *symbols, const struct symbol_module *wanted, uint64_t offset,
                    struct symbol_place *places, size_t most) {
  struct module *module = module_at(symbols, wanted);
  for (size_t i = 0; i < module->answer_count; i++)
    if (module->answers[i].offset == offset) {
      size_t count = module->answers[i].count < most ? module->answers[i].count : most;
      memcpy(places, module->answers[i].places, count * sizeof *places);
      return count;
    }
  size_t count = find_places_surely(symbols, module, wanted, offset, places, most);
  struct answer answer = {offset, memory_allocate(count, sizeof *places), count};
  memcpy(answer.places, places, count * sizeof *places);
  module->answers = memory_grow(module->answers, module->answer_count, &module->answer_room, sizeof answer);
  module->answers[module->answer_count++] = answer;
  return count;
}
