#include "tool/cli/check_request.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tool/cli/command.h"
#include "tool/cli/exit_codes.h"
#include "tool/cli/flags.h"
#include "tool/cli/message.h"
#include "tool/cli/option_value.h"

enum { LONGEST_SECONDS = 86400 };

bool check_read_seconds(const char *text, double *seconds) {
  char *end;
  errno = 0;
  *seconds = strtod(text, &end);
  return end != text && *end == '\0' && errno == 0 && *seconds > 0 && *seconds <= LONGEST_SECONDS;
}

static int take_name(const char ***names, size_t *count, const char *name) {
  *names = realloc(*names, (*count + 1) * sizeof **names);
  if (*names == NULL) {
    message_error("out of memory");
    return EXIT_CODE_NOT_STARTED;
  }
  (*names)[(*count)++] = name;
  return -1;
}

static int take_suppressions(struct check_request *request, const char *path) {
  char *problem = suppressions_read(&request->filter.suppressions, path);
  if (problem == NULL)
    return -1;
  message_error("--suppressions: %s", problem);
  free(problem);
  return EXIT_CODE_NOT_STARTED;
}

static int take_size(const char *flag, const char *value, uint64_t *size) {
  if (option_parse_size(value, size))
    return -1;
  message_error("%s=%s: not a size; write it like 0 or 512K (K, M, G, T)", flag, value);
  return EXIT_CODE_NOT_STARTED;
}

static int take_code(struct check_request *request, const char *value) {
  enum { LARGEST_CODE = 255 };
  char *end;
  errno = 0;
  long code = strtol(value, &end, 10);
  if (end == value || *end != '\0' || errno != 0 || code < 0 || code > LARGEST_CODE) {
    message_error("--error-exitcode=%s: it takes 0 to %d", value, LARGEST_CODE);
    return EXIT_CODE_NOT_STARTED;
  }
  request->error_code = (int)code;
  return -1;
}

static int take_wait(struct check_request *request, const char *value) {
  if (strcmp(value, "end") == 0) {
    request->wait = INFINITY;
    return -1;
  }
  char *end;
  errno = 0;
  request->wait = strtod(value, &end);
  if (end != value && *end == '\0' && errno == 0 && request->wait >= 0 && request->wait <= LONGEST_SECONDS)
    return -1;
  message_error("--wait=%s: it takes seconds, 0 to %d, or end", value, LONGEST_SECONDS);
  return EXIT_CODE_NOT_STARTED;
}

static bool is_number(const char *text, size_t length) {
  return length > 0 && strspn(text, "0123456789") == length;
}

/* N, every:K, site:N, random:PERCENT:SEED: what the library takes. A comma may stand for the last colon here; FREEHOLD=
 * has another use for it. `site` alone is a way to run. */
static int take_failing(struct check_request *request, const char *value) {
  if (strcmp(value, "site") == 0) {
    request->every_site = true;
    return -1;
  }
  char *text = must_copy(value);
  for (char *at = text; *at != '\0'; at++)
    if (*at == ',')
      *at = ':';
  const char *number = text;
  bool is_random = strncmp(text, "random:", strlen("random:")) == 0;
  if (is_random || strncmp(text, "every:", strlen("every:")) == 0 || strncmp(text, "site:", strlen("site:")) == 0)
    number = strchr(text, ':') + 1;
  size_t length = strcspn(number, is_random ? ":" : "");
  bool right = is_number(number, length);
  if (right && is_random)
    right = number[length] == ':' && is_number(number + length + 1, strlen(number + length + 1));
  if (right && strlen(text) <= OPTION_PATH_LIMIT)
    option_settings_store(&request->settings, "fail_alloc", text);
  else
    message_error("--fail-alloc=%s: it takes N, every:K, site, site:N or random:PERCENT,SEED", value);
  free(text);
  return right ? -1 : EXIT_CODE_NOT_STARTED;
}

/* The flags with a value. An exit code, -1 to go on. */
static int take_valued(struct check_request *request, const char *flag, const char *value) {
  struct finding_filter *filter = &request->filter;
  if (strcmp(flag, "--json") == 0)
    request->json_path = value;
  else if (strcmp(flag, "--sarif") == 0)
    request->sarif_path = value;
  else if (strcmp(flag, "--from-records") == 0)
    request->from_records = value;
  else if (strcmp(flag, "--suppressions") == 0)
    return take_suppressions(request, value);
  else if (strcmp(flag, "--ignore") == 0)
    return take_name(&filter->ignored, &filter->ignored_count, value);
  else if (strcmp(flag, "--only-from") == 0)
    return take_name(&filter->only, &filter->only_count, value);
  else if (strcmp(flag, "--error-exitcode") == 0)
    return take_code(request, value);
  else if (strcmp(flag, "--max-leak") == 0)
    return take_size(flag, value, &request->max_leak);
  else if (strcmp(flag, "--max-peak") == 0)
    return take_size(flag, value, &request->max_peak);
  else if (strcmp(flag, "--wait") == 0)
    return take_wait(request, value);
  else if (strcmp(flag, "--fail-alloc") == 0)
    return take_failing(request, value);
  else if (!check_read_seconds(value, &request->timeout)) {
    message_error("%s=%s: it takes seconds, up to a day", flag, value);
    return EXIT_CODE_NOT_STARTED;
  }
  return -1;
}

static const char *const valued[] = {"--json",     "--sarif",     "--from-records",   "--suppressions",
                                     "--ignore",   "--only-from", "--error-exitcode", "--max-leak",
                                     "--max-peak", "--timeout",   "--fail-alloc",     "--wait"};

/* The flag among `valued` that `argument` is, with or without its value. */
static const char *valued_flag(const char *argument) {
  size_t length = strcspn(argument, "=");
  for (size_t i = 0; i < sizeof valued / sizeof valued[0]; i++)
    if (strlen(valued[i]) == length && memcmp(valued[i], argument, length) == 0)
      return valued[i];
  return strncmp(argument, "--fail_alloc", length) == 0 && length == strlen("--fail_alloc") ? "--fail-alloc" : NULL;
}

static bool take_plain(struct check_request *request, const char *argument) {
  const struct {
    const char *flag;
    bool *set;
  } plain[] = {{"--no-follow", &request->no_follow},
               {"--two-fills", &request->two_fills},
               {"--no-text", &request->no_text},
               {"--quiet", &request->quiet},
               {"-q", &request->quiet},
               {"--force", &request->force}};
  for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++)
    if (strcmp(argument, plain[i].flag) == 0) {
      *plain[i].set = true;
      return true;
    }
  return false;
}

/* What can't be asked for together. */
static int judge(const struct check_request *request) {
  if (request->from_records != NULL && request->program != NULL)
    message_error("--from-records shows an earlier run; leave out the program");
  else if (request->from_records == NULL && request->program == NULL)
    message_error("check: which program? Write: freehold check [options] PROGRAM [ARGUMENT...]");
  else if (request->two_fills && request->every_site)
    message_error("--two-fills and --fail-alloc=site each run the program in a way of their own; choose one");
  else
    return -1;
  return EXIT_CODE_NOT_STARTED;
}

static int take_flag(void *context, const char *argument, const char *next) {
  struct check_request *request = context;
  if (take_plain(request, argument))
    return FLAG_TAKEN;
  const char *flag = valued_flag(argument), *equals = strchr(argument, '=');
  if (flag == NULL)
    return FLAG_NOT_OWN;
  const char *value = equals != NULL ? equals + 1 : next;
  if (value == NULL || value[0] == '\0') {
    message_error("%s needs a value; freehold check --help says which", flag);
    return EXIT_CODE_NOT_STARTED;
  }
  int result = take_valued(request, flag, value);
  return result >= 0 ? result : equals != NULL ? FLAG_TAKEN : FLAG_TAKEN_DOUBLE;
}

int check_request_read(struct check_request *request, int count, char **arguments) {
  *request = (struct check_request){.settings = option_settings_create(OPTION_SCOPE_CHECK),
                                    .error_code = CHECK_CODE_NOT_GIVEN,
                                    .wait = 1,
                                    .max_leak = UINT64_MAX,
                                    .max_peak = UINT64_MAX};
  int at;
  const struct flag_reader reader = {"check", &request->settings, take_flag, request};
  int result = flags_read(&reader, count, arguments, &at);
  if (result >= 0)
    return result;
  request->program = at < count ? arguments + at : NULL;
  return judge(request);
}

void check_request_destroy(struct check_request *request) {
  option_settings_destroy(&request->settings);
  suppressions_destroy(&request->filter.suppressions);
  free(request->filter.ignored);
  free(request->filter.only);
}
