/*
 * wide.h: what a 32-bit test and its 64-bit caller say to each other. The test
 * is linked with a library that has the names of ours (narrow.c) and hands each
 * call to another process, a 64-bit program with the real one (wide_caller.c).
 * So every test whose targets are its own forks becomes, as it stands, a test of
 * a 64-bit caller with 32-bit targets.
 */
#ifndef WIDE_H
#define WIDE_H
#include <stdint.h>

enum wide_call {
	WIDE_MAP, WIDE_UNMAP, WIDE_UNMAP_FLAGS, WIDE_MAP2, WIDE_LOCK, WIDE_UNLOCK, WIDE_OFFSET
};

/* The descriptor, if it is one, comes with the message (SCM_RIGHTS). */
struct wide_request {
	uint64_t addr, len;
	int64_t off;
	int32_t call, pid, prot, flags, fd, with_fd;
};

struct wide_answer {
	uint64_t result, first, second;
	int32_t error;
	char explained[500];
};

#endif
