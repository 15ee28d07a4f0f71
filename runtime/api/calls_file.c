/*
 * calls_file.c: stdio's streams, but for printf and scanf. The notation is explained in calls.h.
 */
#include "api/calls.h"
#include "api/calls_own.h"

#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>

/* clang-format off */

/* ---- Whole strings ---- */

CALL(int, puts, (const char *string), (string), AT(string), STRING(string), NOTHING)
CALL(int, fputs, (const char *string, FILE *file), (string, file), AT(string), STRING(string), NOTHING)
CALL(int, fputs_unlocked, (const char *string, FILE *file), (string, file), AT(string), STRING(string), NOTHING)
CALL(int, fputws, (const wchar_t *string, FILE *file), (string, file), AT(string),
     effect_wide_string(&site, string, SIZE_MAX), NOTHING)

/* A stream of the program's own functions, or one in memory, may fail in any way: what is to be opened is a string
 * anyway. */
CALL(FILE *, fopen, (const char *path, const char *mode), (path, mode), AT(path) || AT(mode), STRING(path);
     STRING(mode), NOTHING)
CALL(FILE *, fopen64, (const char *path, const char *mode), (path, mode), AT(path) || AT(mode), STRING(path);
     STRING(mode), NOTHING)
CALL(FILE *, freopen, (const char *path, const char *mode, FILE *file), (path, mode, file), AT(path) || AT(mode),
     STRING(path); STRING(mode), NOTHING)
CALL(FILE *, freopen64, (const char *path, const char *mode, FILE *file), (path, mode, file), AT(path) || AT(mode),
     STRING(path); STRING(mode), NOTHING)
CALL(FILE *, fdopen, (int fd, const char *mode), (fd, mode), AT(mode), STRING(mode), NOTHING)
/* The shell gets the text by exec. */
CALL(FILE *, popen, (const char *command, const char *mode), (command, mode), ALWAYS,
     STRING(command); STRING(mode); access_release_all(), NOTHING)
CALL(int, system, (const char *command), (command), ALWAYS, STRING(command); access_release_all(), NOTHING)

/* From now on libc fills the buffer, when and how it likes. */
CALL(int, setvbuf, (FILE *file, char *buffer, int mode, size_t bytes), (file, buffer, mode, bytes), AT(buffer),
     CARRIES(buffer, bytes); RELEASES(buffer, bytes), NOTHING)
CALL_NOTHING(setbuf, (FILE *file, char *buffer), (file, buffer), AT(buffer), CARRIES(buffer, BUFSIZ);
             RELEASES(buffer, BUFSIZ))
CALL_NOTHING(setbuffer, (FILE *file, char *buffer, size_t bytes), (file, buffer, bytes), AT(buffer),
             CARRIES(buffer, bytes); RELEASES(buffer, bytes))

/* ---- Blocks. A stream may pass the buffer on to the kernel; the end of the file may come before all of it is
 * filled. ---- */

#define READ_BLOCK OPENS(to, product(bytes, count))
#define BLOCK_READ block_read(&site, to, bytes, count, result, file)

/* clang-format on */
static void block_read(const struct call_site *site, void *to, size_t bytes, size_t count, size_t result,
                       FILE *file) {
  bool failed = result < count && errno == EFAULT && ferror(file);
  effect_filled(site, to, product(bytes, count), failed ? 0 : product(bytes, result), failed);
}
/* clang-format off */

CALL(size_t, fread, (void *to, size_t bytes, size_t count, FILE *file), (to, bytes, count, file), AT(to), READ_BLOCK,
     BLOCK_READ)
CALL(size_t, fread_unlocked, (void *to, size_t bytes, size_t count, FILE *file), (to, bytes, count, file), AT(to),
     READ_BLOCK, BLOCK_READ)
CALL(size_t, __fread_chk, (void *to, size_t room, size_t bytes, size_t count, FILE *file),
     (to, room, bytes, count, file),
     AT(to), READ_BLOCK, BLOCK_READ)
CALL(size_t, __fread_unlocked_chk, (void *to, size_t room, size_t bytes, size_t count, FILE *file),
     (to, room, bytes, count, file), AT(to), READ_BLOCK, BLOCK_READ)
CALL(size_t, fwrite, (const void *from, size_t bytes, size_t count, FILE *file), (from, bytes, count, file), AT(from),
     READS(from, product(bytes, count)), NOTHING)
CALL(size_t, fwrite_unlocked, (const void *from, size_t bytes, size_t count, FILE *file), (from, bytes, count, file),
     AT(from), READS(from, product(bytes, count)), NOTHING)

/* ---- Lines ---- */

#define GET_LINE OPENS(to, positive(most))
#define LINE_GOT                                                                                                     \
  if (result != NULL && most > 0)                                                                                    \
  FILLED(to, (size_t)most, own_strnlen(to, least((size_t)most - 1, access_room(to))) + 1)

CALL(char *, fgets, (char *to, int most, FILE *file), (to, most, file), AT(to), GET_LINE, LINE_GOT)
CALL(char *, fgets_unlocked, (char *to, int most, FILE *file), (to, most, file), AT(to), GET_LINE, LINE_GOT)
CALL(char *, __fgets_chk, (char *to, size_t room, int most, FILE *file), (to, room, most, file), AT(to), GET_LINE,
     LINE_GOT)
CALL(char *, __fgets_unlocked_chk, (char *to, size_t room, int most, FILE *file), (to, room, most, file), AT(to),
     GET_LINE, LINE_GOT)
CALL(wchar_t *, fgetws, (wchar_t *to, int most, FILE *file), (to, most, file), AT(to), OPENS(to, wide(positive(most))),
     if (result != NULL && most > 0)
       WRITES(to, wide(effect_wide_length(&site, to, (size_t)most - 1) + 1)))

/* The line's memory is libc's to enlarge, so it must be as large as the caller says. */
#define GET_FRESH_LINE                                                                                               \
  READS(line, sizeof *line);                                                                                         \
  if (*line != NULL) {                                                                                               \
    READS(room, sizeof *room);                                                                                       \
    OPENS(*line, *room);                                                                                             \
  }                                                                                                                  \
  WRITES(room, sizeof *room)
#define FRESH_LINE_GOT                                                                                               \
  if (result >= 0)                                                                                                   \
  WRITES(*line, (size_t)result + 1)

CALL(ssize_t, getline, (char **line, size_t *room, FILE *file), (line, room, file), ALWAYS, GET_FRESH_LINE,
     FRESH_LINE_GOT)
CALL(ssize_t, getdelim, (char **line, size_t *room, int end, FILE *file), (line, room, end, file), ALWAYS,
     GET_FRESH_LINE, FRESH_LINE_GOT)
CALL(ssize_t, __getdelim, (char **line, size_t *room, int end, FILE *file), (line, room, end, file), ALWAYS,
     GET_FRESH_LINE, FRESH_LINE_GOT)
