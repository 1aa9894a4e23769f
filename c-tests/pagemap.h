/*
 * pagemap.h: where memory of a process really lies, by /proc/PID/pagemap
 * (Documentation/admin-guide/mm/pagemap.rst).
 */
#ifndef PAGEMAP_H
#define PAGEMAP_H
#include "caller.h"
#include "target.h"
#include <mman_peer/companions.h>

/* The entry of the page that holds the address: bit 63 present, bits 0-54 the frame. */
static inline uint64_t pagemap_entry(pid_t pid, const volatile void *a)
{
	char path[64];
	uint64_t entry;
	int fd;
	snprintf(path, sizeof path, "/proc/%d/pagemap", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	CHECK(fd != -1);
	CHECK(pread(fd, &entry, sizeof entry, (off_t)((uintptr_t)a / check_page() * sizeof entry)) == sizeof entry);
	close(fd);
	return entry;
}

static inline int page_is_present(pid_t pid, const volatile void *a)
{
	return (int)(pagemap_entry(pid, a) >> 63);
}

/* The physical address; 0: the page is absent, or its frame is hidden. */
static inline uint64_t physical_of(pid_t pid, const volatile void *a)
{
	uint64_t entry = pagemap_entry(pid, a), frame = entry & (((uint64_t)1 << 55) - 1);
	if (!(entry >> 63) || frame == 0)
		return 0;
	return frame * check_page() + (uintptr_t)a % check_page();
}

/* How many bytes from the address on are physically contiguous, at most len. */
static inline size_t contiguous_of(pid_t pid, const volatile unsigned char *a, size_t len)
{
	const uint64_t first = physical_of(pid, a);
	size_t have = check_page() - (uintptr_t)a % check_page();
	while (first != 0 && have < len && physical_of(pid, a + have) == first + have)
		have += check_page();
	return have < len ? have : len;
}

#endif
