/* A program with some of everything that an address space can hold; docs/address-space.md walks through it. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { BOOKS = 40000, TITLE = 80, MEBIBYTE = 1 << 20 };

static const char heading[] = "a library of books"; /* read-only data */
static int shelf[1024] = {1};                       /* data, in the file */
static char lending[4 * MEBIBYTE];                  /* data, zeroed, not in the file */

static void *read_books(void *unused) {
  char notes[100000]; /* on a thread's stack */
  memset(notes, 'n', sizeof notes);
  getchar();
  return unused;
}

int main(void) {
  char **titles = malloc(BOOKS * sizeof *titles); /* one large object */
  for (int i = 0; i < BOOKS; i++) {
    titles[i] = malloc(TITLE); /* many small ones */
    snprintf(titles[i], TITLE, "%s, %d", heading, i);
  }
  for (int i = 0; i < BOOKS; i++)
    if (i % 4 != 0) {
      free(titles[i]); /* room between those that stay */
      titles[i] = NULL;
    }
  memset(lending, 1, MEBIBYTE);
  char *plan = mmap(NULL, 64 * MEBIBYTE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  char *board = mmap(NULL, 8 * MEBIBYTE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (plan == MAP_FAILED || board == MAP_FAILED)
    return 1;
  memset(plan, 1, 16 * MEBIBYTE); /* of 64 reserved */
  memset(board, 1, 8 * MEBIBYTE);
  pthread_t thread;
  pthread_create(&thread, NULL, read_books, NULL);
  puts("open");
  fflush(stdout);
  pthread_join(thread, NULL);
  printf("%s: %d, on %d shelf\n", heading, BOOKS / 4, shelf[0]);
  return 0;
}
