/* calls_file_test.c: the wrappers of streams. */
#include "calls_test.h"

void test_files(void) {
  FILE *file = tmpfile();
  char *line = text("hello\n"), *to = fake_object(16);
  GIVES(fwrite, (line, 1, 6, file), 6, READ(line, 6));
  GIVES(fwrite_unlocked, (line, 2, 3, file), 3, READ(line, 6));
  GIVES(fputs, (line, file), 1, STRING(line, 6));
  GIVES(fputs_unlocked, (line, file), 1, STRING(line, 6));
  output_off();
  GIVES(puts, (line), 7, STRING(line, 6));
  output_on();
  FILE *errors = stderr;
  stderr = fopen("/dev/null", "w");
  char *head = text("head");
  DOES(perror, (head), STRING(head, 4));
  fclose(stderr);
  stderr = errors;
#define READS_BLOCK(name, arguments, result, room, got)                                                              \
  rewind(file);                                                                                                      \
  GIVES(name, arguments, result, FILL(to, room, got));                                                               \
  EXPECT_EQUAL(fake.refused, 0)
  READS_BLOCK(fread, (to, 2, 8, file), 8, 16, 16);
  READS_BLOCK(fread_unlocked, (to, 2, 8, file), 8, 16, 16);
  READS_BLOCK(__fread_chk, (to, 16, 2, 8, file), 8, 16, 16);
  READS_BLOCK(__fread_unlocked_chk, (to, 16, 2, 8, file), 8, 16, 16);
  fseek(file, -4, SEEK_END);
  GIVES(fread, (to, 1, 100, file), 4, FILL(to, 16, 4)); /* the program promised more than it has, and got less */
  EXPECT_EQUAL(fake.refused, 0);
  rewind(file);
  REFUSES(1, fread, (to, 1, 17, file));
#define READS_LINE(name, arguments)                                                                                  \
  rewind(file);                                                                                                      \
  GIVES(name, arguments, to, FILL(to, 16, 7))
  READS_LINE(fgets, (to, 16, file));
  READS_LINE(fgets_unlocked, (to, 16, file));
  READS_LINE(__fgets_chk, (to, 16, 16, file));
  READS_LINE(__fgets_unlocked_chk, (to, 16, 16, file));
  rewind(file);
  REFUSES(1, fgets, (fake_object(6), 7, file));

  char **fresh = NEW(char *);
  size_t *room = NEW(size_t);
#define READS_FRESH(name, arguments, ...)                                                                            \
  rewind(file);                                                                                                      \
  GIVES(name, arguments, 6, READ(fresh, sizeof *fresh), __VA_ARGS__ WRITE(room, sizeof *room))
  READS_FRESH(getline, (fresh, room, file), );
  READS_FRESH(getdelim, (fresh, room, '\n', file), READ(room, sizeof *room), );
  READS_FRESH(__getdelim, (fresh, room, '\n', file), READ(room, sizeof *room), );
  EXPECT(strcmp(*fresh, "hello\n") == 0);
  free(*fresh);
  fclose(file);

  file = tmpfile();
  wchar_t *wide_line = wide_text(L"ab\n"), *wide_to = fake_object(WIDE(8));
  GIVES(fputws, (wide_line, file), 1, WIDE_STRING(wide_line, 3));
  rewind(file);
  GIVES(fgetws, (wide_to, 8, file), wide_to, OPEN(wide_to, WIDE(8)), CARRY(wide_to, WIDE(7)), READ(wide_to, WIDE(4)),
        WRITE(wide_to, WIDE(4)));
  fclose(file);

  char *path = text("/dev/null"), *mode = text("r");
#define OPENS_FILE(name, arguments)                                                                                  \
  do {                                                                                                               \
    extern __typeof__(name) call_##name;                                                                             \
    note_called(#name);                                                                                              \
    fake_forget();                                                                                                   \
    FILE *opened = call_##name arguments;                                                                            \
    EXPECT(opened != NULL);                                                                                          \
    EXPECT_EFFECTS(name, STRING(path, strlen(path)), STRING(mode, 1));                                               \
    file = opened;                                                                                                   \
  } while (0)
  OPENS_FILE(fopen, (path, mode));
  OPENS_FILE(freopen, (path, mode, file));
  OPENS_FILE(freopen64, (path, mode, file));
  fclose(file);
  OPENS_FILE(fopen64, (path, mode));
  char *buffer = fake_object(BUFSIZ);
  GIVES(setvbuf, (file, buffer, _IOFBF, 64), 0, CARRY(buffer, 64), OPEN(buffer, 64));
  DOES(setbuf, (file, buffer), CARRY(buffer, BUFSIZ), OPEN(buffer, BUFSIZ));
  DOES(setbuffer, (file, buffer, 64), CARRY(buffer, 64), OPEN(buffer, 64));
  fclose(file);
  int fd = open("/dev/null", O_RDONLY);
  {
    extern __typeof__(fdopen) call_fdopen;
    note_called("fdopen");
    fake_forget();
    file = call_fdopen(fd, mode);
    EXPECT_EFFECTS(fdopen, STRING(mode, 1));
    fclose(file);
  }
  path = text("exit 3");
  {
    extern __typeof__(popen) call_popen;
    note_called("popen");
    fake_forget();
    file = call_popen(path, mode);
    EXPECT_EFFECTS(popen, STRING(path, 6), STRING(mode, 1), OPEN_ALL);
    EXPECT_EQUAL(WEXITSTATUS(pclose(file)), 3);
  }
  GIVES(system, (path), 3 << 8, STRING(path, 6), OPEN_ALL);
}
