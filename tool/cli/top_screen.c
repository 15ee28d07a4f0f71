/* The screen has a line about all, one of sums, the headings, the programs, and a line that says which keys there are. It
 * is drawn anew after each key and each look; curses sends what differs. */
#include "tool/cli/top_screen.h"

#include <ctype.h>
#include <curses.h>
#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tool/cli/exit_codes.h"
#include "tool/cli/message.h"
#include "tool/proc/address_space.h"
#include "tool/report/map_document.h"
#include "tool/report/map_report.h"

enum { FILTER_BYTES = 128, LIST_TOP = 3, ESCAPE = 27, NARROW = 60, SIDEWARD = 20, LEFT_MOST = 400 };
/* How long an ended program is still shown. */
static const double keep_ended = 5;
static const double shortest_delay = 0.1, longest_delay = 3600;

enum mode { MODE_LIST, MODE_MAP, MODE_HELP };

struct lines {
  char *text; /* the lines point into it */
  char **lines;
  size_t count, first; /* first: the one that stands at the top */
  int left;            /* how many columns are to the left of the screen */
};

struct screen {
  struct top_request request;
  struct memory_watch watch;
  const struct watched_program **rows;
  size_t row_count, selected, first;
  pid_t selected_pid; /* the selection stays with its program when the order changes */
  enum mode mode;
  bool paused, has_cursor_prompt;
  char filter[FILTER_BYTES], filter_before[FILTER_BYTES];
  int look_error;
  pid_t map_pid;
  bool map_deep, map_ended;
  int map_error;
  struct lines map;
  struct lines help;
};

static volatile sig_atomic_t told_to_end;

static void end_soon(int number) {
  told_to_end = number;
}

static double now_seconds(void) {
  struct timespec time;
  return clock_gettime(CLOCK_MONOTONIC, &time) == 0 ? (double)time.tv_sec + (double)time.tv_nsec * 1e-9 : 0;
}

/* ---- Lines that are longer than a screen. ---- */

static void lines_free(struct lines *lines) {
  free(lines->text);
  free(lines->lines);
  *lines = (struct lines){.first = lines->first, .left = lines->left};
}

/* Takes the text over. */
static void lines_set(struct lines *lines, char *text) {
  lines_free(lines);
  size_t room = 0;
  lines->text = text;
  for (char *at = text; *at != '\0';) {
    lines->lines = memory_grow(lines->lines, lines->count, &room, sizeof *lines->lines);
    lines->lines[lines->count++] = at;
    char *end = strchrnul(at, '\n');
    bool more = *end != '\0';
    *end = '\0';
    at = end + more;
  }
}

static void lines_scroll(struct lines *lines, long by, int height) {
  long most = (long)lines->count - height, first = (long)lines->first + by;
  first = first > most ? most : first;
  lines->first = first > 0 ? (size_t)first : 0;
}

/* ---- Looking. ---- */

static void select_rows(struct screen *screen) {
  free(screen->rows);
  screen->rows = memory_allocate(screen->watch.count + 1, sizeof screen->rows[0]);
  screen->request.view.filter = screen->filter;
  screen->row_count = top_select(&screen->watch, &screen->request.view, screen->rows);
  size_t found = screen->row_count;
  for (size_t i = 0; i < screen->row_count; i++)
    if (screen->rows[i]->pid == screen->selected_pid)
      found = i;
  if (found < screen->row_count)
    screen->selected = found;
  if (screen->selected >= screen->row_count)
    screen->selected = screen->row_count > 0 ? screen->row_count - 1 : 0;
  screen->selected_pid = screen->row_count > 0 ? screen->rows[screen->selected]->pid : 0;
}

static void look_at_list(struct screen *screen) {
  struct watch_wish wish = screen->request.wish;
  wish.keep_ended_seconds = keep_ended;
  screen->look_error = memory_watch_look(&screen->watch, &wish);
  select_rows(screen);
}

static void look_at_map(struct screen *screen) {
  struct address_space space;
  struct address_request wish = {.deep = screen->map_deep};
  int error = address_space_read(screen->map_pid, &wish, &space);
  screen->map_ended = error == ESRCH;
  screen->map_error = error == ESRCH ? 0 : error;
  if (error != 0)
    return; /* what was seen last stays */
  json_t *document = map_document_make(&space, 1);
  address_space_destroy(&space);
  char *text = NULL;
  size_t bytes;
  FILE *stream = open_memstream(&text, &bytes);
  if (document != NULL && stream != NULL) {
    struct map_style style = {.columns = COLS > 0 ? (unsigned)COLS : 0};
    map_text_write(document, &style, stream);
  }
  bool good = stream != NULL && fclose(stream) == 0 && document != NULL;
  json_decref(document);
  if (good)
    lines_set(&screen->map, text);
  else
    free(text);
}

static void look(struct screen *screen) {
  look_at_list(screen);
  if (screen->mode == MODE_MAP)
    look_at_map(screen);
}

/* ---- Drawing. ---- */

/* As many characters as fit; curses would go on in the next line. */
static void put(int row, struct text *text, attr_t attribute, bool fill) {
  char *line = text_take(text);
  size_t at = 0;
  int columns = 0;
  while (line[at] != '\0' && columns < COLS) {
    at++;
    while (((unsigned char)line[at] & 0xc0) == 0x80)
      at++;
    columns++;
  }
  line[at] = '\0';
  attr_set(attribute, 0, NULL);
  mvaddstr(row, 0, line);
  attr_set(A_NORMAL, 0, NULL);
  if (fill)
    mvchgat(row, 0, -1, attribute, 0, NULL);
  free(line);
}

static int list_height(void) {
  return LINES > LIST_TOP + 1 ? LINES - LIST_TOP - 1 : 1;
}

static void draw_head(const struct screen *screen) {
  char clock[16];
  time_t taken = (time_t)screen->watch.taken_at;
  struct tm local;
  localtime_r(&taken, &local);
  strftime(clock, sizeof clock, "%H:%M:%S", &local);
  struct text head = {0};
  text_format(&head, "freehold top %s", clock);
  if (screen->paused)
    text_add(&head, " paused");
  else
    text_format(&head, " every %gs", screen->request.delay);
  text_format(&head, ", by %s%s", top_columns[screen->request.view.sort].name,
              screen->request.view.reversed ? " upwards" : "");
  if (screen->filter[0] != '\0') {
    text_add(&head, ", only ");
    text_add_clean(&head, screen->filter);
  }
  if (screen->look_error != 0)
    text_format(&head, "; can't look: %s", strerror(screen->look_error));
  put(0, &head, A_BOLD, false);
  struct text sums = {0};
  top_write_sums(&sums, screen->rows, screen->row_count);
  put(1, &sums, A_NORMAL, false);
}

static void draw_list(struct screen *screen) {
  struct top_layout layout = top_layout_for((unsigned)COLS);
  draw_head(screen);
  struct text heading = {0};
  top_write_heading(&heading, &layout, &screen->request.view);
  put(2, &heading, A_REVERSE, true);
  size_t height = (size_t)list_height();
  if (screen->selected < screen->first)
    screen->first = screen->selected;
  if (screen->selected >= screen->first + height)
    screen->first = screen->selected - height + 1;
  for (size_t i = 0; i < height && screen->first + i < screen->row_count; i++) {
    const struct watched_program *program = screen->rows[screen->first + i];
    bool chosen = screen->first + i == screen->selected;
    struct text row = {0};
    top_write_row(&row, &layout, program);
    put(LIST_TOP + (int)i, &row, chosen ? A_STANDOUT : program->ended ? A_DIM : A_NORMAL, chosen);
  }
  if (screen->row_count == 0) {
    struct text none = {0};
    text_add(&none, screen->filter[0] != '\0'  ? "none of the programs matches the filter: / changes it"
                    : screen->request.wish.all ? "no program can be looked at"
                                               : "no program runs on Freehold: freehold run PROGRAM starts one, "
                                                 "a shows all others");
    put(LIST_TOP, &none, A_NORMAL, false);
  }
}

static void draw_lines(struct lines *lines, int top) {
  int height = LINES > top + 1 ? LINES - top - 1 : 1;
  lines_scroll(lines, 0, height);
  for (int i = 0; i < height && lines->first + (size_t)i < lines->count; i++) {
    struct text line = {0};
    const char *from = lines->lines[lines->first + (size_t)i];
    for (int left = lines->left; left > 0 && *from != '\0'; left--) {
      from++;
      while (((unsigned char)*from & 0xc0) == 0x80)
        from++;
    }
    text_add(&line, from);
    put(top + i, &line, A_NORMAL, false);
  }
}

static void draw_map(struct screen *screen) {
  struct text head = {0};
  text_format(&head, "map of process %ld", (long)screen->map_pid);
  if (screen->map_ended)
    text_add(&head, screen->map.count > 0 ? ", which has ended: the last look" : ", which has ended");
  else if (screen->map_error != 0)
    text_format(&head, ": can't be looked into: %s", strerror(screen->map_error));
  else
    text_add(&head, screen->map_deep ? ", with its page tables" : "");
  put(0, &head, A_BOLD, false);
  draw_lines(&screen->map, 1);
}

static void draw_keys(const struct screen *screen) {
  static const char *const wide[] = {
      [MODE_LIST] = "q quit  arrows choose  Enter map  < > sort  r reverse  / filter  a all  p pause  ? help",
      [MODE_MAP] = "q back  arrows scroll  d deep: what is resident  p pause",
      [MODE_HELP] = "q back",
  };
  static const char *const narrow[] = {
      [MODE_LIST] = "q quit Enter map <> sort / filter ? help",
      [MODE_MAP] = "q back d deep",
      [MODE_HELP] = "q back",
  };
  struct text keys = {0};
  if (screen->has_cursor_prompt) {
    text_add(&keys, "filter: ");
    text_add_clean(&keys, screen->filter);
    text_add(&keys, "_");
  } else {
    text_add(&keys, COLS < NARROW ? narrow[screen->mode] : wide[screen->mode]);
  }
  put(LINES - 1, &keys, A_REVERSE, true);
}

static void draw(struct screen *screen) {
  erase();
  if (screen->mode == MODE_LIST)
    draw_list(screen);
  else if (screen->mode == MODE_MAP)
    draw_map(screen);
  else
    draw_lines(&screen->help, 0);
  draw_keys(screen);
  refresh();
}

static char *make_help(void) {
  struct text text = {0};
  text_add(&text, "keys\n"
                  "  up, down, PgUp, PgDn, Home, End   choose a program; j and k too\n"
                  "  Enter    the map of its address space; d there reads its page tables, too\n"
                  "  < >      sort by the column to the left or to the right\n"
                  "  r        the other way round\n"
                  "  /        show only programs whose command line has a word; Enter keeps it, Esc gives it up\n"
                  "  a        also those that don't run on Freehold, or not\n"
                  "  p        pause, or go on\n"
                  "  + -      look more or less often; blank: look now\n"
                  "  q        back, and quit\n"
                  "\ncolumns (* is sorted by, ^ the smallest first; - is not known)\n");
  for (size_t i = 0; i < TOP_COLUMN_COUNT; i++)
    text_format(&text, "  %-8s %s\n", top_columns[i].heading, top_columns[i].meaning);
  return text_take(&text);
}

/* ---- Keys. ---- */

static void move_selection(struct screen *screen, long by) {
  long to = (long)screen->selected + by, last = (long)screen->row_count - 1;
  to = to > last ? last : to;
  screen->selected = to > 0 ? (size_t)to : 0;
  screen->selected_pid = screen->row_count > 0 ? screen->rows[screen->selected]->pid : 0;
}

/* How far a key moves; 0 for others. */
static long movement(int key, int height, long count) {
  switch (key) {
  case KEY_UP:
  case 'k':
    return -1;
  case KEY_DOWN:
  case 'j':
    return 1;
  case KEY_PPAGE:
    return -height;
  case KEY_NPAGE:
    return height;
  case KEY_HOME:
  case 'g':
    return -count;
  case KEY_END:
  case 'G':
    return count;
  default:
    return 0;
  }
}

static void sort_by_next(struct screen *screen, int step) {
  int count = TOP_COLUMN_COUNT, next = ((int)screen->request.view.sort + step + count) % count;
  screen->request.view.sort = (enum top_column)next;
  select_rows(screen);
}

static void open_map(struct screen *screen) {
  if (screen->row_count == 0)
    return;
  lines_free(&screen->map);
  screen->map.first = 0;
  screen->map.left = 0;
  screen->map_pid = screen->selected_pid;
  screen->map_deep = false;
  screen->mode = MODE_MAP;
  look_at_map(screen);
}

static void change_delay(struct screen *screen, double factor) {
  double delay = screen->request.delay * factor;
  screen->request.delay = delay < shortest_delay ? shortest_delay : delay > longest_delay ? longest_delay : delay;
}

static void key_in_filter(struct screen *screen, int key) {
  size_t length = strlen(screen->filter);
  if (key == '\n' || key == KEY_ENTER) {
    screen->has_cursor_prompt = false;
  } else if (key == ESCAPE) {
    screen->has_cursor_prompt = false;
    memcpy(screen->filter, screen->filter_before, sizeof screen->filter);
  } else if (key == KEY_BACKSPACE || key == 127 || key == '\b') {
    while (length > 0 && ((unsigned char)screen->filter[--length] & 0xc0) == 0x80)
      continue;
    screen->filter[length] = '\0';
  } else if (key >= ' ' && key < 256 && length + 1 < FILTER_BYTES) {
    screen->filter[length] = (char)key;
    screen->filter[length + 1] = '\0';
  }
  select_rows(screen);
}

/* False: quit. */
static bool key_in_list(struct screen *screen, int key) {
  switch (key) {
  case 'q':
    return false;
  case '\n':
  case KEY_ENTER:
    open_map(screen);
    break;
  case '<':
  case KEY_LEFT:
    sort_by_next(screen, -1);
    break;
  case '>':
  case KEY_RIGHT:
  case 's':
    sort_by_next(screen, 1);
    break;
  case 'r':
    screen->request.view.reversed = !screen->request.view.reversed;
    select_rows(screen);
    break;
  case '/':
    memcpy(screen->filter_before, screen->filter, sizeof screen->filter);
    screen->filter[0] = '\0';
    screen->has_cursor_prompt = true;
    select_rows(screen);
    break;
  case 'a':
    screen->request.wish.all = !screen->request.wish.all;
    look_at_list(screen);
    break;
  case '?':
  case 'h':
    screen->mode = MODE_HELP;
    screen->help.first = 0;
    screen->help.left = 0;
    break;
  default:
    move_selection(screen, movement(key, list_height(), (long)screen->row_count));
    break;
  }
  return true;
}

static void key_in_lines(struct screen *screen, int key) {
  struct lines *lines = screen->mode == MODE_MAP ? &screen->map : &screen->help;
  if (key == 'q' || key == ESCAPE || key == KEY_BACKSPACE || key == 127) {
    screen->mode = MODE_LIST;
  } else if (key == 'd' && screen->mode == MODE_MAP) {
    screen->map_deep = !screen->map_deep;
    look_at_map(screen);
  } else if (key == KEY_LEFT || key == KEY_RIGHT) {
    int left = lines->left + (key == KEY_LEFT ? -SIDEWARD : SIDEWARD);
    lines->left = left < 0 ? 0 : left > LEFT_MOST ? LEFT_MOST : left;
  } else {
    lines_scroll(lines, movement(key, list_height(), (long)lines->count), list_height());
  }
}

/* False: quit. */
static bool take_key(struct screen *screen, int key) {
  if (key == KEY_RESIZE || key == ERR)
    return true;
  if (screen->has_cursor_prompt)
    return key_in_filter(screen, key), true;
  switch (key) {
  case 'p':
    screen->paused = !screen->paused;
    return true;
  case '+':
    change_delay(screen, 0.5);
    return true;
  case '-':
    change_delay(screen, 2);
    return true;
  case ' ':
    look(screen);
    return true;
  default:
    break;
  }
  if (screen->mode == MODE_LIST)
    return key_in_list(screen, key);
  key_in_lines(screen, key);
  return true;
}

/* ---- From start to end. ---- */

/* Also when the command ends elsewhere, without memory: no terminal may be left as curses had it. */
static void restore_terminal(void) {
  if (!isendwin())
    endwin();
}

/* A dumb terminal can't; closed again then. */
static bool can_move_cursor(void) {
  const char *move = tigetstr("cup");
  if (move != NULL && move != (const char *)-1)
    return true;
  endwin();
  return false;
}

static bool open_terminal(void) {
  setlocale(LC_CTYPE, "");
  const char *kind = getenv("TERM");
  if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
    message_error("top shows itself on a terminal, and this is none: --batch prints text, --json one object a look");
    return false;
  }
  if (newterm(NULL, stdout, stdin) == NULL || !can_move_cursor()) {
    message_error(
        "top can't use a terminal of the kind TERM=%s: set TERM to what it is (xterm, screen, linux), or use "
        "--batch",
        kind != NULL ? kind : "");
    return false;
  }
  atexit(restore_terminal);
  cbreak();
  noecho();
  nonl();
  keypad(stdscr, TRUE);
  set_escdelay(50);
  curs_set(0);
  return true;
}

int top_screen_run(const struct top_request *request) {
  struct screen screen = {.request = *request};
  if (request->view.filter != NULL)
    snprintf(screen.filter, sizeof screen.filter, "%s", request->view.filter);
  if (!open_terminal())
    return EXIT_CODE_USAGE;
  static const int ends[] = {SIGINT, SIGTERM, SIGHUP};
  struct sigaction action = {.sa_handler = end_soon};
  for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
    sigaction(ends[i], &action, NULL);
  lines_set(&screen.help, make_help());
  double next = 0;
  for (uint64_t looks = 0;;) {
    double now = now_seconds();
    if (now >= next && !(screen.paused && next > 0)) {
      if (request->iterations != 0 && looks == request->iterations)
        break;
      look(&screen);
      looks++;
      next = now + screen.request.delay;
    }
    draw(&screen);
    double wait = screen.paused ? screen.request.delay : next - now_seconds();
    timeout(wait > 0 ? (int)(wait * 1000) + 1 : 0);
    int key = getch();
    key = key == '\r' ? '\n' : key;
    double delay_before = screen.request.delay;
    bool hung_up = key == ERR && isatty(STDIN_FILENO) == 0;
    if (told_to_end != 0 || hung_up || !take_key(&screen, key))
      break;
    if (screen.request.delay != delay_before)
      next = now_seconds() + screen.request.delay;
  }
  restore_terminal();
  lines_free(&screen.map);
  lines_free(&screen.help);
  free(screen.rows);
  memory_watch_destroy(&screen.watch);
  if (told_to_end == SIGTERM || told_to_end == SIGHUP) { /* whoever waits for it learns what has ended it */
    signal(told_to_end, SIG_DFL);
    raise(told_to_end);
  }
  return EXIT_CODE_TOP_SHOWN;
}
