/*
 * lines.h: a standard error that tells single writes apart: each write(2) to
 * this end of a seqpacket socket is one message at the other.
 */
#ifndef LINES_H
#define LINES_H
#include "caller.h"

/* Makes standard error such an end; the other end is returned. */
static inline int lines_begin(int *old_stderr)
{
	int ends[2];
	CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0);
	*old_stderr = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 10);
	CHECK(*old_stderr != -1);
	CHECK(dup2(ends[1], STDERR_FILENO) == STDERR_FILENO);
	close(ends[1]);
	return ends[0];
}

static inline void lines_end(int lines, int old_stderr)
{
	CHECK(dup2(old_stderr, STDERR_FILENO) == STDERR_FILENO);
	close(old_stderr);
	close(lines);
}

/* The next line, or "" if nothing was written. */
static inline const char *next_line(int lines)
{
	static char text[4096];
	ssize_t n = recv(lines, text, sizeof text - 1, MSG_DONTWAIT);
	text[n > 0 ? n : 0] = '\0';
	return text;
}

#endif
