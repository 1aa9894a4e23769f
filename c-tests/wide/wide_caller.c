/*
 * wide_caller.c: the 64-bit caller behind narrow.c. It makes each call that it
 * is told of, and ends with the process that tells.
 */
#define _GNU_SOURCE
#include "wide.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman_peer.h>
#include <sys/socket.h>
#include <unistd.h>
#include <mman_peer.h>
#include <mman_peer/companions.h>

static uint64_t call(const struct wide_request *r, int fd, struct wide_answer *a)
{
	void *at = (void *)(uintptr_t)r->addr, *base = NULL;
	size_t size = 0;
	off64_t offset = 0;
	uint64_t result;
	switch (r->call) {
	case WIDE_MAP:          return (uintptr_t)mmap64_peer(r->pid, at, r->len, r->prot, r->flags, fd, r->off);
	case WIDE_UNMAP:        return (uint64_t)munmap_peer(r->pid, at, r->len);
	case WIDE_UNMAP_FLAGS:  return (uint64_t)munmap_flags_peer(r->pid, at, r->len, (unsigned)r->flags);
	case WIDE_LOCK:         return (uint64_t)mlock_peer(r->pid, r->addr, r->len);
	case WIDE_UNLOCK:       return (uint64_t)munlock_peer(r->pid, r->addr, r->len);
	case WIDE_MAP2:
		result = (uintptr_t)_mmap2_peer(r->pid, at, r->len, r->prot, r->flags, fd, r->off, 0, 0, &base, &size);
		a->first = (uintptr_t)base;
		a->second = size;
		return result;
	case WIDE_OFFSET:
		result = (uint64_t)mem_offset64_peer(r->pid, r->addr, r->len, &offset, &size);
		a->first = (uint64_t)offset;
		a->second = size;
		return result;
	}
	abort();
}

int main(int argc, char **argv)
{
	int channel = argc == 2 ? atoi(argv[1]) : -1;
	for (;;) {
		union { struct cmsghdr header; char room[CMSG_SPACE(sizeof(int))]; } control;
		struct wide_request r;
		struct wide_answer a;
		struct iovec part = { &r, sizeof r };
		struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control };
		ssize_t got = recvmsg(channel, &m, MSG_CMSG_CLOEXEC);
		int fd;
		if (got == -1 && errno == EINTR)
			continue;
		if (got != sizeof r)
			return got != 0;
		fd = r.fd;
		if (r.with_fd)
			memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof fd);
		else if (fd >= 0)
			fd = 0x7ffffff0;        /* closed there, so closed here */
		memset(&a, 0, sizeof a);
		errno = 0;
		a.result = call(&r, fd, &a);
		a.error = errno;
		snprintf(a.explained, sizeof a.explained, "%s", mman_peer_explain());
		if (r.with_fd)
			close(fd);
		if (send(channel, &a, sizeof a, MSG_NOSIGNAL) != sizeof a)
			return 1;
	}
}
