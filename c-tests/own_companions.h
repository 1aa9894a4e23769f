/*
 * own_companions.h: a QNX program that brings all nine companions along in a
 * file of its own. They do nothing but tell that they were called; the
 * library's own three functions work beside them.
 */
#ifndef OWN_COMPANIONS_H
#define OWN_COMPANIONS_H
#include "caller.h"
#include "target.h"
#include <mman_peer/companions.h>

static int own_calls;
static char own_place[9];

static void *own_called(int which)
{
	own_calls |= 1 << which;
	return &own_place[which];
}

int munmap_flags_peer(pid_t pid, void *addr, size_t len, unsigned flags)
{
	(void)pid, (void)addr, (void)len, (void)flags;
	own_called(0);
	return 1000;
}

int munmap64_peer(pid_t pid, void *addr, size_t len)
{
	(void)pid, (void)addr, (void)len;
	own_called(1);
	return 1001;
}

void *_mmap2_peer(pid_t pid, void *addr, size_t len, int prot, int flags, int fd, mman_peer_off64_t off,
		  unsigned align, unsigned preload, void **base, size_t *size)
{
	(void)pid, (void)addr, (void)len, (void)prot, (void)flags, (void)fd, (void)off;
	(void)align, (void)preload, (void)base, (void)size;
	return own_called(2);
}

void *mmap64_join(pid_t pid, void *addr, size_t len, int prot, int flags, int fd, mman_peer_off64_t off)
{
	(void)pid, (void)addr, (void)len, (void)prot, (void)flags, (void)fd, (void)off;
	return own_called(3);
}

int mem_offset64_peer(pid_t pid, const uintptr_t addr, size_t len, mman_peer_off64_t *offset, size_t *contig_len)
{
	(void)pid, (void)addr, (void)len, (void)offset, (void)contig_len;
	own_called(4);
	return 1004;
}

int mlock_peer(pid_t pid, uintptr_t addr, size_t len)
{
	(void)pid, (void)addr, (void)len;
	own_called(5);
	return 1005;
}

int munlock_peer(pid_t pid, uintptr_t addr, size_t len)
{
	(void)pid, (void)addr, (void)len;
	own_called(6);
	return 1006;
}

void *mmap_device_memory(void *addr, size_t len, int prot, int flags, uint64_t physical)
{
	(void)addr, (void)len, (void)prot, (void)flags, (void)physical;
	return own_called(7);
}

int munmap_device_memory(void *addr, size_t len)
{
	(void)addr, (void)len;
	own_called(8);
	return 1008;
}

static void own_companions_win(struct target *t)
{
	const size_t page = check_page();
	unsigned char *a;
	CHECK(munmap_flags_peer(0, NULL, 0, 0) == 1000);
	CHECK(munmap64_peer(0, NULL, 0) == 1001);
	CHECK(_mmap2_peer(0, NULL, 0, 0, 0, 0, 0, 0, 0, NULL, NULL) == &own_place[2]);
	CHECK(mmap64_join(0, NULL, 0, 0, 0, 0, 0) == &own_place[3]);
	CHECK(mem_offset64_peer(0, 0, 0, NULL, NULL) == 1004);
	CHECK(mlock_peer(0, 0, 0) == 1005);
	CHECK(munlock_peer(0, 0, 0) == 1006);
	CHECK(mmap_device_memory(NULL, 0, 0, 0, 0) == &own_place[7]);
	CHECK(munmap_device_memory(NULL, 0) == 1008);
	CHECK(own_calls == 0x1ff);

	/* The library's own functions call none of them. */
	own_calls = 0;
	CHECK_MAPS(a, mmap_peer(t->pid, NULL, page, READ_WRITE, PRIVATE_ANON, NOFD, 0));
	target_write(t, a, 1);
	CHECK_OK(munmap_peer(t->pid, a, page));
	CHECK_MAPS(a, mmap64_peer(t->pid, NULL, page, READ_WRITE, MAP_SHARED, NOFD, 0));
	CHECK_OK(munmap_peer(t->pid, a, page));
	CHECK_RANGE_FREE(t, a, page);
	CHECK(own_calls == 0);
}

#endif
