#include "tool/supervise/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* So much may wait for a reader before the programs have to. */
enum { WAITING_MOST = 1 << 18, LINE_MOST = 1 << 16, READ_BYTES = 1 << 14, FIRST_DESCRIPTOR = 3 };
#define OUTPUT_NOT_POLLED ((size_t)-1)

static int descriptor_of(enum output_stream stream) {
  return stream == OUTPUT_STANDARD ? STDOUT_FILENO : STDERR_FILENO;
}

int output_open(struct output *output, enum output_stream stream, unsigned number) {
  if (!output->relayed[stream])
    return fcntl(descriptor_of(stream), F_DUPFD_CLOEXEC, FIRST_DESCRIPTOR);
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0)
    return -1;
  fcntl(ends[0], F_SETFL, O_NONBLOCK);
  size_t at = 0;
  while (at < output->pipe_count && output->pipes[at].descriptor >= 0)
    at++;
  if (at == output->pipe_count) {
    output->pipes = memory_grow(output->pipes, output->pipe_count, &output->pipe_room, sizeof output->pipes[0]);
    output->pipe_count++;
  }
  output->pipes[at] =
      (struct output_pipe){.descriptor = ends[0], .stream = stream, .number = number, .polled = OUTPUT_NOT_POLLED};
  return ends[1];
}

static void add_line(struct output *output, const struct output_pipe *pipe, const char *line, size_t bytes) {
  struct text *to = &output->waiting[pipe->stream];
  if (output->lost[pipe->stream])
    return;
  if (output->tag)
    text_format(to, "[%u] ", pipe->number);
  text_add_bytes(to, line, bytes);
  if (output->tag && line[bytes - 1] != '\n')
    text_add(to, "\n");
}

/* Takes whole lines out of what has come. */
static void add_lines(struct output *output, struct output_pipe *pipe, const char *bytes, size_t count) {
  while (count > 0) {
    const char *end = memchr(bytes, '\n', count);
    size_t length = end != NULL ? (size_t)(end - bytes) + 1 : count;
    text_add_bytes(&pipe->line, bytes, length);
    if (end != NULL || pipe->line.length > LINE_MOST) {
      add_line(output, pipe, pipe->line.text, pipe->line.length);
      pipe->line.length = 0;
    }
    bytes += length;
    count -= length;
  }
}

static void close_pipe(struct output *output, struct output_pipe *pipe) {
  if (pipe->line.length > 0)
    add_line(output, pipe, pipe->line.text, pipe->line.length);
  free(pipe->line.text);
  pipe->line = (struct text){0};
  close(pipe->descriptor);
  pipe->descriptor = -1;
}

/* Reads once. Whether there may be more at once. */
static bool read_pipe(struct output *output, struct output_pipe *pipe) {
  char buffer[READ_BYTES];
  ssize_t count = read(pipe->descriptor, buffer, sizeof buffer);
  if (count > 0)
    add_lines(output, pipe, buffer, (size_t)count);
  else if (count == 0 || (errno != EAGAIN && errno != EINTR))
    close_pipe(output, pipe);
  return count > 0;
}

/* A pipe that says it can be written to takes so much without making the writer wait. */
enum { WRITE_BYTES = 4096 };

static void drop(struct output *output, enum output_stream stream) {
  output->lost[stream] = true;
  output->waiting[stream].length = 0;
  /* The programs get SIGPIPE, as they would if they wrote there themselves. */
  for (size_t i = 0; i < output->pipe_count; i++)
    if (output->pipes[i].descriptor >= 0 && output->pipes[i].stream == stream)
      close_pipe(output, &output->pipes[i]);
}

static void write_some(struct output *output, enum output_stream stream) {
  struct text *waiting = &output->waiting[stream];
  if (waiting->length == 0)
    return;
  output->before(output->context);
  size_t bytes = waiting->length < WRITE_BYTES ? waiting->length : WRITE_BYTES;
  ssize_t count = write(descriptor_of(stream), waiting->text, bytes);
  if (count < 0) {
    if (errno != EAGAIN && errno != EINTR)
      drop(output, stream);
    return;
  }
  memmove(waiting->text, waiting->text + count, waiting->length - (size_t)count);
  waiting->length -= (size_t)count;
}

size_t output_polled_most(const struct output *output) {
  return output->pipe_count + OUTPUT_STREAMS;
}

size_t output_add_polled(struct output *output, struct pollfd *to, size_t count) {
  for (size_t i = 0; i < output->pipe_count; i++) {
    struct output_pipe *pipe = &output->pipes[i];
    pipe->polled = OUTPUT_NOT_POLLED;
    if (pipe->descriptor < 0 || output->waiting[pipe->stream].length > WAITING_MOST)
      continue;
    pipe->polled = count;
    to[count++] = (struct pollfd){pipe->descriptor, POLLIN, 0};
  }
  for (int stream = 0; stream < OUTPUT_STREAMS; stream++) {
    output->polled[stream] = OUTPUT_NOT_POLLED;
    if (output->waiting[stream].length == 0)
      continue;
    output->polled[stream] = count;
    to[count++] = (struct pollfd){descriptor_of((enum output_stream)stream), POLLOUT, 0};
  }
  return count;
}

void output_take_polled(struct output *output, const struct pollfd *polled) {
  for (size_t i = 0; i < output->pipe_count; i++) {
    struct output_pipe *pipe = &output->pipes[i];
    if (pipe->descriptor >= 0 && pipe->polled != OUTPUT_NOT_POLLED && polled[pipe->polled].revents != 0)
      read_pipe(output, pipe);
    pipe->polled = OUTPUT_NOT_POLLED;
  }
  for (int stream = 0; stream < OUTPUT_STREAMS; stream++)
    if (output->polled[stream] != OUTPUT_NOT_POLLED && polled[output->polled[stream]].revents != 0)
      write_some(output, (enum output_stream)stream);
}

void output_finish(struct output *output, unsigned number) {
  for (size_t i = 0; i < output->pipe_count; i++) {
    struct output_pipe *pipe = &output->pipes[i];
    if (pipe->descriptor < 0 || (number != 0 && pipe->number != number))
      continue;
    while (pipe->descriptor >= 0 && read_pipe(output, pipe))
      continue;
    if (pipe->descriptor >= 0)
      close_pipe(output, pipe);
  }
  for (int stream = 0; stream < OUTPUT_STREAMS && number == 0; stream++)
    while (output->waiting[stream].length > 0) {
      struct pollfd one = {descriptor_of((enum output_stream)stream), POLLOUT, 0};
      poll(&one, 1, -1);
      write_some(output, (enum output_stream)stream);
    }
}

void output_destroy(struct output *output) {
  output_finish(output, 0);
  free(output->pipes);
  for (int stream = 0; stream < OUTPUT_STREAMS; stream++)
    free(output->waiting[stream].text);
}
