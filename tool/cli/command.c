#include "tool/cli/command.h"

#include <string.h>

#include "tool/cli/exit_codes.h"
#include "tool/cli/message.h"
#include "tool/cli/options.h"

static const struct command_flag run_flags[] = {
    {"--gc", NULL, "with the collector: what the program has lost is taken back"},
    {"--json", "FILE", "write the report of --gc-report as JSON too (share/freehold/schemas/check-1.schema.json)"},
    {"--force", NULL, "start the program even when it would not run on Freehold; the reason becomes a warning"},
    {"--jobs", "FILE", "several programs: run the command lines of FILE, one a line; - reads standard input"},
    {"--cpus", "NUMBER", "several: how many may run at a time (default: as many as there are processors)"},
    {"--slice", "TIME", "several: they take turns, each of so much time (10ms to 1h), and are paused in between"},
    {"--memory", "SIZE", "several: what all of them may hold together; 16M or more"},
    {"--kill", NULL, "several: end the program that holds the most when nothing could go on within --memory"},
    {"--timeout", "TIME", "several: end a program that has run longer than this; pauses don't count"},
    {"--retries", "NUMBER", "several: start a program that fails again, so often (0 to 100)"},
    {"--tag", NULL, "several: begin each line that they print with the program's number"},
    {"--report", "FILE", "several: write what became of them as JSON (share/freehold/schemas/run-1.schema.json)"},
    {"--isolate", NULL, "several: keep them apart; this is the default"},
    {"--no-isolate", NULL, "several: let them reach each other as far as the system lets them"},
    {"--require", NULL, "several: start nothing when the kernel can't keep them apart in every way"},
    {"--no-table", NULL, "several: no table on the terminal while they run; they write to it directly"},
    {"--quiet", NULL, "several: say only what failed"},
    {"--help", NULL, "show this help"},
    {NULL, NULL, NULL},
};

static const struct command_flag check_flags[] = {
    {"--json", "FILE", "write the reports as JSON (share/freehold/schemas/check-1.schema.json)"},
    {"--sarif", "FILE", "write the reports as SARIF 2.1.0, for code hosts and editors"},
    {"--suppressions", "FILE",
     "leave out the reports that a line of the file describes; may be given more than once"},
    {"--ignore", "MODULE", "leave out reports from this library or program; may be given more than once"},
    {"--only-from", "MODULE", "show only reports from this library or program; may be given more than once"},
    {"--error-exitcode", "NUMBER",
     "end with this code whenever errors were reported (0 to 255); 0: with the program's own"},
    {"--max-leak", "SIZE", "end with code 67 when more than this was lost"},
    {"--max-peak", "SIZE", "end with code 67 when one process held more than this at once"},
    {"--no-follow", NULL, "leave out the processes that the program starts; without it they are checked too"},
    {"--two-fills", NULL, "run the program twice, with fresh memory filled differently, and compare its output"},
    {"--timeout", "SECONDS", "end the program when it runs longer than this"},
    {"--wait", "SECONDS",
     "how long to wait for checked processes that the program leaves behind (default 1); end: until they have ended"},
    {"--no-text", NULL, "don't print the reports; for use with --json and --sarif"},
    {"--quiet", NULL, "print the reports and no summary"},
    {"--from-records", "FILE", "run nothing: show the records that an earlier run left in FILE (--report-file)"},
    {"--force", NULL, "start the program even when it could not be checked; the reason becomes a warning"},
    {"--help", NULL, "show this help"},
    {NULL, NULL, NULL},
};

static const struct command_flag leaks_flags[] = {
    {"--reachable", NULL, "list the blocks that are still reachable too"},
    {"--growth", "SECONDS",
     "look twice, so many seconds apart, and list first, of what is lost or still reachable, what has grown"},
    {"--why", "ADDRESS", "show what keeps the block at this address from being lost"},
    {"--fences", NULL, "look for writes beyond objects in all fenced ones now, instead of for leaks"},
    {"--json", NULL, "print one JSON object (share/freehold/schemas/check-1.schema.json)"},
    {"--timeout", "SECONDS", "how long to wait for the answer (default 30)"},
    {"--help", NULL, "show this help"},
    {NULL, NULL, NULL},
};

static const struct command_flag gc_flags[] = {
    {"--json", NULL, "print one JSON object (share/freehold/schemas/check-1.schema.json)"},
    {"--timeout", "SECONDS", "how long to wait for the answer (default 30)"},
    {"--help", NULL, "show this help"},
    {NULL, NULL, NULL},
};

static const struct command_flag stat_flags[] = {
    {"--json", NULL, "print one JSON object (share/freehold/schemas/accounts-1.schema.json)"},
    {"--openmetrics", NULL, "print for Prometheus: OpenMetrics 1.0 text"},
    {"--watch", "SECONDS", "print again every so many seconds (0.1 to 86400) until the process ends"},
    {"--help", NULL, "show this help"},
    {NULL, NULL, NULL},
};

static const struct command_flag map_flags[] = {
    {"--deep", NULL, "read the page tables too, piece by piece: what of each region is resident, shared, swapped"},
    {"--tree", NULL, "the process and all its descendants, and their sums"},
    {"--html", "FILE", "write one page with a strip to zoom into and areas by purpose; it needs no network"},
    {"--json", NULL, "print one JSON object (share/freehold/schemas/map-1.schema.json), which can be saved"},
    {"--since", "WHEN",
     "show what grew: 60s (ms, s, m, h) looks again after that time, FILE compares with a saved look"},
    {"--after", "TIME", "with a program: look so long after its start (ms, s, m, h), instead of when it ends"},
    {"--as-is", NULL, "with a program: start it without the Freehold heap"},
    {"--help", NULL, "show this help"},
    {NULL, NULL, NULL},
};

static const struct command_flag top_flags[] = {
    {"--all", NULL, "also the programs that don't run on Freehold"},
    {"--delay", "TIME", "how long from one look to the next (100ms to 1h, default 2s)"},
    {"--sort", "COLUMN",
     "sort by pid, state, live, held, rss (the default), pss, growth, code, stack, faults, cpu, threads or swap"},
    {"--reverse", NULL, "the smallest first"},
    {"--filter", "TEXT", "only programs whose command line has the text, in any case"},
    {"--batch", NULL, "print text, look after look, and read no keys"},
    {"--json", NULL, "print one JSON object a look (share/freehold/schemas/top-1.schema.json); implies --batch"},
    {"--iterations", "NUMBER", "end after so many looks"},
    {"--help", NULL, "show this help"},
    {NULL, NULL, NULL},
};

static const struct command_flag doctor_flags[] = {
    {"--json", NULL, "print one JSON object (share/freehold/schemas/doctor-1.schema.json)"},
    {"--help", NULL, "show this help"},
    {NULL, NULL, NULL},
};

static const struct command_flag no_flags[] = {{NULL, NULL, NULL}};

const struct command commands[] = {
    {"run", "[--] PROGRAM [ARGUMENT...] [::: PROGRAM [ARGUMENT...]]...",
     "run a program on the Freehold heap, or several",
     "The program takes the place of this command: same process id, terminal, signals and exit\n"
     "code. It is examined first, and not started when the library could not take effect in it.\n"
     "Several programs, with ::: between them or from --jobs, run side by side under this command,\n"
     "in turns and within one memory budget, kept apart from each other.\n",
     run_flags, OPTION_SCOPE_COLLECT, false, command_run},
    {"check", "[--] PROGRAM [ARGUMENT...]", "run a program and tell what it does wrong with memory",
     "Each error is shown when it happens: what was done, to which object, where, and where the object\n"
     "was allocated and freed. The program needs no change and no new build; debug information (-g)\n"
     "gives the reports lines of source.\n",
     check_flags, OPTION_SCOPE_CHECK, false, command_check},
    {"leaks", "PID", "tell what a checked program has lost, while it runs",
     "Asks a process that was started by freehold check for the blocks that nothing points to any more.\n"
     "It stands still meanwhile, and goes on.\n",
     leaks_flags, OPTION_SCOPE_NONE, false, command_leaks},
    {"gc", "why PID ADDRESS", "tell what keeps a block of a program that runs with the collector",
     "Asks a process that was started by freehold run --gc, or runs on Freehold's libgc.so.1, for the chain\n"
     "of references that leads from a root to the block, so that it is not taken back. It stands still\n"
     "meanwhile, and goes on. With --gc-report the chain says where each block was allocated.\n",
     gc_flags, OPTION_SCOPE_NONE, false, command_gc},
    {"stat", "PID", "show where a running program's heap memory is",
     "Reads the accounts of a process that runs on Freehold, from outside and without stopping it.\n", stat_flags,
     OPTION_SCOPE_NONE, false, command_stat},
    {"map", "PID | FILE | -- PROGRAM [ARGUMENT...]", "show where all of a process's memory is",
     "Shows its address space as a picture and in numbers: code, data, stacks with their threads, the heap\n"
     "inside and out, files, shared memory. FILE is what --json printed earlier. A program is started on\n"
     "the Freehold heap, and looked at when it ends, with its memory still there.\n",
     map_flags, OPTION_SCOPE_NONE, false, command_map},
    {"top", "[PID...]", "watch the memory of programs while they run",
     "Shows all programs that run on Freehold, and those that are named by their process ids: what each\n"
     "holds, what its heap holds back, what is resident, how fast that grows. Enter shows one's map, ? the\n"
     "keys.\n",
     top_flags, OPTION_SCOPE_NONE, false, command_top},
    {"doctor", "", "show what this system offers and what is used instead",
     "Every feature is tried, not looked up by version.\n", doctor_flags, OPTION_SCOPE_NONE, false, command_doctor},
    {"help", "[COMMAND]", "show the help of a command", "", no_flags, OPTION_SCOPE_NONE, false, command_help},
    {"generate", "WHAT", "fill templates of documents from the tables", "", no_flags, OPTION_SCOPE_NONE, true,
     command_generate},
};
const size_t command_count = sizeof commands / sizeof commands[0];

const struct command *command_find(const char *name) {
  for (size_t i = 0; i < command_count; i++)
    if (strcmp(commands[i].name, name) == 0)
      return &commands[i];
  return NULL;
}

bool command_wants_help(const char *argument) {
  return strcmp(argument, "--help") == 0 || strcmp(argument, "-h") == 0;
}

enum { FLAG_LIMIT = 40 };

int command_unknown_flag(const struct command *command, const char *argument) {
  const char *names[FLAG_LIMIT + 1] = {NULL};
  for (size_t i = 0; i < FLAG_LIMIT && command->flags[i].name != NULL; i++)
    names[i] = command->flags[i].name + strlen("--");
  char shown[OPTION_TEXT_BYTES];
  snprintf(shown, sizeof shown, "%.*s", (int)strcspn(argument, "="), argument);
  char near[OPTION_TEXT_BYTES];
  const char *bare = shown + strspn(shown, "-");
  const char *closest = NULL;
  if (command->scope == OPTION_SCOPE_COLLECT && option_is_of_check(shown + strspn(shown, "-"))) {
    message_error("%s is an option of the checker: freehold check %s PROGRAM", shown, argument);
    return EXIT_CODE_USAGE;
  }
  if (command->scope != OPTION_SCOPE_NONE) {
    closest = option_closest(command->scope, bare, names, near, sizeof near);
  } else {
    for (size_t i = 0; names[i] != NULL && closest == NULL; i++)
      if (names[i][0] == bare[0])
        closest = names[i];
  }
  if (closest != NULL)
    message_error("%s: no such option; did you mean --%s? (freehold %s --help lists them all)", shown, closest,
                  command->name);
  else
    message_error("%s: no such option; freehold %s --help lists them all", shown, command->name);
  return EXIT_CODE_USAGE;
}
