/*
 * victim.c: a program with something to hide. victim NOTE_FILE SECONDS NAME
 *
 * It leaves a secret in its memory, a file in /dev/shm and in /tmp, a System V segment and an abstract socket,
 * writes where they are into NOTE_FILE, waits, and says on standard output whether all is as it was.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static void leave(const char *directory, const char *name) {
  char path[256];
  snprintf(path, sizeof path, "%s/%s", directory, name);
  int file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0666);
  if (file < 0 || write(file, "secret", 6) != 6)
    perror(path);
}

static volatile sig_atomic_t signals;

static void count(int number) {
  (void)number;
  signals++;
}

int main(int argument_count, char **arguments) {
  if (argument_count != 4)
    return 2;
  for (int number = SIGHUP; number <= SIGUSR2; number++)
    if (number != SIGKILL && number != SIGSEGV)
      signal(number, count);
  char *secret = malloc(64);
  strcpy(secret, "the victim's secret");
  setenv("SECRET", "secret", 1);
  leave("/dev/shm", arguments[3]);
  leave("/tmp", arguments[3]);
  int key = (int)strtol(arguments[3] + strcspn(arguments[3], "0123456789"), NULL, 10);
  int segment = shmget(key, 4096, IPC_CREAT | 0666);
  int socket_file = socket(AF_UNIX, SOCK_STREAM, 0);
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strncpy(address.sun_path + 1, arguments[3], sizeof address.sun_path - 2);
  if (bind(socket_file, (struct sockaddr *)&address, sizeof address) != 0 || listen(socket_file, 4) != 0)
    perror("socket");
  struct rlimit before, after;
  getrlimit(RLIMIT_NOFILE, &before);
  char fresh[512];
  snprintf(fresh, sizeof fresh, "%s.new", arguments[1]);
  FILE *note = fopen(fresh, "w");
  fprintf(note, "%d %p %d %d\n", (int)getpid(), (void *)secret, socket_file, (int)getppid());
  fclose(note);
  rename(fresh, arguments[1]);
  time_t end = time(NULL) + atoi(arguments[2]);
  snprintf(fresh, sizeof fresh, "%s.done", arguments[1]);
  while (time(NULL) < end && access(fresh, F_OK) != 0)
    usleep(20000);
  getrlimit(RLIMIT_NOFILE, &after);
  printf("secret %s, %d signals, limit %s\n", secret, (int)signals,
         before.rlim_cur == after.rlim_cur ? "kept" : "changed");
  shmctl(segment, IPC_RMID, NULL);
  return 0;
}
