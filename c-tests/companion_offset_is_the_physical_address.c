/*
 * mem_offset64_peer() tells what /proc/PID/pagemap shows: the physical address
 * of each page, and how many bytes from there on are contiguous. A page that is
 * absent is brought in. Either result may be left out.
 * runs-as: root
 */
#include "pagemap.h"

enum { PAGES = 24 };

/* The kernel may move a page meanwhile: then it is asked again. */
static void same_as_pagemap(pid_t pid, unsigned char *a, size_t len)
{
	int tries;
	for (tries = 0; tries < 100; tries++) {
		const uint64_t before = physical_of(pid, a);
		const size_t contiguous_before = contiguous_of(pid, a, len);
		off64_t offset = -1;
		size_t contiguous = 0;
		CHECK_OK(mem_offset64_peer(pid, (uintptr_t)a, len, &offset, &contiguous));
		if (physical_of(pid, a) != before || contiguous_of(pid, a, len) != contiguous_before)
			continue;
		CHECK(before != 0);
		CHECK((uint64_t)offset == before);
		CHECK(contiguous == contiguous_before);
		return;
	}
	check_failed(__FILE__, __LINE__, "the page is moved again and again");
}

/* Present already, all of it. */
static void present(struct target *t, int flags, int fd)
{
	const size_t page = check_page();
	unsigned char *a;
	size_t i;
	CHECK_MAPS(a, mmap_peer(t->pid, NULL, PAGES * page, READ_WRITE, flags, fd, 0));
	for (i = 0; i < PAGES; i++)
		target_write(t, a + i * page, (unsigned char)(i + 1));
	for (i = 0; i < PAGES; i++) {
		same_as_pagemap(t->pid, a + i * page, (PAGES - i) * page);
		same_as_pagemap(t->pid, a + i * page + 0x123, 2);
		same_as_pagemap(t->pid, a + i * page + page - 1, i + 1 < PAGES ? page : 1);
	}
	/* Not beyond the mapping, however long it is asked for. */
	same_as_pagemap(t->pid, a + (PAGES - 1) * page + 1, page - 1);
	CHECK_OK(munmap_peer(t->pid, a, PAGES * page));
}

/* The first page is absent, and so is the one behind it. */
static void absent(struct target *t, int prot, int flags, int fd)
{
	const size_t page = check_page();
	off64_t offset = -1;
	size_t contiguous = 0;
	unsigned char *a;
	CHECK_MAPS(a, mmap_peer(t->pid, NULL, 4 * page, prot, flags | MAP_LAZY, fd, 0));
	CHECK(!page_is_present(t->pid, a + page));
	CHECK_OK(mem_offset64_peer(t->pid, (uintptr_t)a + page + 9, 3 * page - 9, &offset, &contiguous));
	CHECK(page_is_present(t->pid, a + page));
	CHECK(offset > 0 && offset % (off64_t)page == 9 && contiguous >= page - 9);
	if (prot & PROT_WRITE) {
		/* Its own page, which writing does not change for another. */
		same_as_pagemap(t->pid, a + page + 9, 3 * page - 9);
		CHECK(target_read(t, a + page) == (fd == NOFD ? 0 : 2));
	}
	CHECK_OK(munmap_peer(t->pid, a, 4 * page));
}

static void test(struct target *t)
{
	const size_t page = check_page();
	unsigned char *a;
	off64_t offset = -1;
	size_t contiguous = 0;
	int fd = memfd_of(PAGES);

	present(t, PRIVATE_ANON, NOFD);
	present(t, MAP_SHARED, NOFD);
	present(t, MAP_SHARED, fd);
	present(t, MAP_PRIVATE, fd);
	absent(t, READ_WRITE, PRIVATE_ANON, NOFD);
	absent(t, READ_WRITE, MAP_SHARED, NOFD);
	absent(t, READ_WRITE, MAP_SHARED, fd);
	absent(t, READ_WRITE, MAP_PRIVATE, fd);
	absent(t, PROT_READ, MAP_SHARED, fd);
	absent(t, PROT_READ, PRIVATE_ANON, NOFD);

	CHECK_MAPS(a, mmap_peer(t->pid, NULL, 2 * page, READ_WRITE, PRIVATE_ANON, NOFD, 0));
	target_write(t, a + 5, 1);
	CHECK_OK(mem_offset64_peer(t->pid, (uintptr_t)a + 5, 10, &offset, NULL));
	CHECK(offset % (off64_t)page == 5);
	CHECK_OK(mem_offset64_peer(t->pid, (uintptr_t)a + 5, 10, NULL, &contiguous));
	CHECK(contiguous == 10);
	CHECK_OK(mem_offset64_peer(t->pid, (uintptr_t)a + 5, SIZE_MAX, NULL, &contiguous));
	CHECK(contiguous <= 2 * page - 5);
	CHECK_OK(mem_offset64_peer(t->pid, (uintptr_t)a + 5, 10, NULL, NULL));
	CHECK_OK(munmap_peer(t->pid, a, 2 * page));
	close(fd);
}

int main(void)
{
	unsigned char here = 1;
	if (physical_of(getpid(), &here) == 0)
		check_skip("the kernel hides the frame numbers from root, too");
	own_and_peer(NULL, test);
	return 0;
}
