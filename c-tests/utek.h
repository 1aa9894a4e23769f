/* utek.h: what the tests of utek_mmap() share. */
#ifndef UTEK_H
#define UTEK_H
#include "check.h"
#include <pthread.h>

/* The overlay defines mmap as UTek's: the tests call both, so they take the
 * declaration and the constants, and give the name back. */
#include <mman_peer/utek/sys/mman.h>
#undef mmap

#define RW_SELF (M_R_SELF | M_W_SELF)

/* Fresh private memory, filled with bytes that tell places apart. */
static inline unsigned char *utek_memory(size_t len, unsigned char seed)
{
	unsigned char *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(p != MAP_FAILED);
	for (size_t i = 0; i < len; i++)
		p[i] = (unsigned char)(seed + i / 61 + i / check_page());
	return p;
}

/* Addresses where nothing is mapped, others at each call. */
static inline unsigned char *utek_room(size_t len)
{
	static unsigned char *next, *end;
	unsigned char *room;
	if ((size_t)(end - next) < len + check_page()) {
		size_t all = len + (64 << 20);
		next = mmap(NULL, all, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		CHECK(next != MAP_FAILED);
		end = next + all;
	}
	room = next;
	next += len + check_page();
	CHECK(munmap(room, len) == 0);
	return room;
}

static inline int utek_is_mapped(const void *p)
{
	unsigned char v;
	return mincore((void *)((uintptr_t)p & ~(check_page() - 1)), check_page(), &v) == 0;
}

static inline int utek_call(int pid, const volatile void *from, const volatile void *to, size_t len, unsigned prot, unsigned share)
{
	return utek_mmap(pid, (char *)(uintptr_t)from, (char *)(uintptr_t)to, (unsigned)len, prot, share);
}

/* The contents of /proc/self/maps, to compare address spaces. */
static inline size_t utek_maps(pid_t pid, char *into, size_t size)
{
	char path[64];
	size_t have = 0;
	ssize_t n;
	int fd;
	snprintf(path, sizeof path, "/proc/%d/maps", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	CHECK(fd != -1);
	while ((n = read(fd, into + have, size - 1 - have)) > 0)
		have += (size_t)n;
	close(fd);
	into[have] = '\0';
	return have;
}

/* How many descriptors a process has open. */
static inline int utek_open_descriptors(pid_t pid)
{
	char path[64];
	struct stat st;
	int count = 0;
	for (int fd = 0; fd < 256; fd++) {
		snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)pid, fd);
		count += lstat(path, &st) == 0;
	}
	return count;
}
#endif
