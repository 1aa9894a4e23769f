/*
 * MAP_PHYS with MAP_PRIVATE: what physical memory holds, and a copy of it once
 * the target writes. No right to write physical memory is needed for that.
 */
#include "physmem.h"

enum { AT = 0x40000 };

static void test(struct target *t)
{
	unsigned char *a;
	CHECK_MAPS(a, mmap_peer(t->pid, NULL, 2 * PAGE, READ_WRITE, MAP_PHYS | MAP_PRIVATE, NOFD, AT));
	CHECK_RANGE(t, a, 2 * PAGE, "rw-p");
	CHECK(target_read(t, a) == 21);
	target_write(t, a, 22);
	CHECK(target_read(t, a) == 22);
	CHECK(object_byte(physmem, AT) == 21);
	CHECK_OK(munmap_peer(t->pid, a, 2 * PAGE));
	CHECK_RANGE_FREE(t, a, 2 * PAGE);
}

/* A stand-in that may only be read. */
static void read_only(struct target *t)
{
	unsigned char *a;
	test(t);
	CHECK_MAPS(a, mmap_peer(t->pid, NULL, PAGE, PROT_READ, MAP_PHYS | MAP_SHARED, NOFD, AT));
	CHECK(target_read(t, a) == 21);
	CHECK_OK(munmap_peer(t->pid, a, PAGE));
	MAP_FAILS_CLEANLY(t, mmap_peer(t->pid, NULL, PAGE, READ_WRITE, MAP_PHYS | MAP_SHARED, NOFD, AT), EPERM);
	MAP_FAILS_CLEANLY(t, mmap_peer(t->pid, NULL, PAGE, PROT_WRITE, MAP_PHYS | MAP_SHARED, NOFD, AT), EPERM);
	CHECK(strstr(mman_peer_explain(), "MMAN_PEER_PHYSMEM") != NULL);
	/* The right comes before the other arguments. */
	MAP_FAILS_CLEANLY(t, mmap_peer(t->pid, NULL, PAGE, READ_WRITE, MAP_PHYS | MAP_SHARED, physmem, AT), EPERM);
	MAP_FAILS_CLEANLY(t, mmap64_peer(t->pid, NULL, PAGE, READ_WRITE, MAP_PHYS | MAP_SHARED, NOFD, GIB), EPERM);
	MAP_FAILS_CLEANLY(t, mmap_peer(t->pid, NULL, PAGE, PROT_READ, MAP_PHYS | MAP_SHARED, physmem, AT), EINVAL);
}

static void ordinary(void)
{
	if (geteuid() == 0)
		become_user(65431);
	own_and_peer(NULL, read_only);
}

int main(int argc, char **argv)
{
	(void)argc;
	physmem_begin(argv, 0x100000);
	physmem_put(AT, 21);
	own_and_peer(NULL, test);
	CHECK(fchmod(physmem, 0444) == 0);
	in_child(ordinary);
	return 0;
}
