/*
 * A free hint is taken exactly, so that a caller can ask for the address that it
 * has itself; a hint inside a page is rounded up; a taken or an impossible one is
 * no error: the map goes elsewhere, and what was there stays.
 */
#include "target.h"

static void hints(struct target *t, int fd)
{
	const int prot = PROT_READ | PROT_WRITE;
	unsigned char *hint = free_range(t, 64 * PAGE) + 32 * PAGE, *a, *b;

	CHECK_MAPS(a, mmap_peer(t->pid, hint, 2 * PAGE, prot, MAP_SHARED, fd, 0));
	CHECK(a == hint);
	target_write(t, a, 61);
	CHECK_MAPS(b, mmap_peer(t->pid, hint, 2 * PAGE, prot, MAP_SHARED, fd, 0));
	CHECK(b + 2 * PAGE <= a || b >= a + 2 * PAGE);
	CHECK_RANGE(t, b, 2 * PAGE, "rw-s");
	CHECK_OK(munmap_peer(t->pid, b, 2 * PAGE));
	CHECK_MAPS(b, mmap_peer(t->pid, hint - PAGE, 2 * PAGE, prot, MAP_SHARED, fd, 0));	/* half taken */
	CHECK(b + 2 * PAGE <= a || b >= a + 2 * PAGE);
	CHECK_OK(munmap_peer(t->pid, b, 2 * PAGE));
	CHECK(target_read(t, a) == 61);
	CHECK_OK(munmap_peer(t->pid, a, 2 * PAGE));

	CHECK_MAPS(a, mmap_peer(t->pid, hint + 1, 2 * PAGE, prot, MAP_SHARED, fd, 0));
	CHECK(a == hint + PAGE);
	CHECK_OK(munmap_peer(t->pid, a, 2 * PAGE));
	CHECK_MAPS(a, mmap_peer(t->pid, hint + PAGE - 1, PAGE, prot, MAP_SHARED, fd, PAGE + 5));
	CHECK(a == hint + PAGE + 5);
	CHECK_OK(munmap_peer(t->pid, a, PAGE));
	CHECK_RANGE_FREE(t, hint, 4 * PAGE);
}

/* A hint where nothing can be is no error either. */
static void impossible(struct target *t, int fd)
{
	void *hints[] = { (void *)1, (void *)-1L, (void *)-(long)PAGE, (void *)(SIZE_MAX / 2 + 1) };
	unsigned char *a;
	size_t i;
	for (i = 0; i < 8; i++) {
		int flags = MAP_SHARED | (i < 4 ? 0 : MAP_BELOW);
		CHECK_MAPS(a, mmap_peer(t->pid, hints[i % 4], PAGE, PROT_READ, flags, fd, 0));
		CHECK((uintptr_t)a >= 32768);	/* what vm.mmap_min_addr is at least */
		CHECK_RANGE(t, a, PAGE, "r--s");
		CHECK_OK(munmap_peer(t->pid, a, PAGE));
	}
}

static void test(struct target *t)
{
	int fd = memfd_of(3);
	hints(t, NOFD);
	hints(t, fd);
	impossible(t, NOFD);
	impossible(t, fd);
	close(fd);
}

/* Map here, and into the peer at the same address: free there, since it is the caller's child. */
static void same_address(struct target *t)
{
	int fd = memfd_of(1), i;
	for (i = 0; i < check_rounds(20); i++) {
		unsigned char *here = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), *there;
		CHECK(here != MAP_FAILED);
		if (target_mapped(t, here))
			continue;
		CHECK_MAPS(there, mmap_peer(t->pid, here, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
		CHECK(there == here);
		here[1] = (unsigned char)i;
		CHECK(target_read(t, there + 1) == i);
	}
	close(fd);
}

int main(void)
{
	own_and_peer(NULL, test);
	on_peer(NULL, same_address);
	return 0;
}
