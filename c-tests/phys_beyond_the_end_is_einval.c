/*
 * A range that passes the end of physical memory, or wraps, is EINVAL. The end
 * is that of the stand-in at the moment of the call. A descriptor with MAP_PHYS
 * is EINVAL, too, and so is everything that is wrong with any other memory.
 */
#include "physmem.h"

enum { SIZE = 0x10000 };

static void test(struct target *t)
{
	const int phys = MAP_PHYS | MAP_SHARED;
	const struct bad_call bad[] = {
		{ "at the end", NULL, 1, PROT_READ, phys, NOFD, SIZE, EINVAL },
		{ "over the end", NULL, PAGE + 1, PROT_READ, phys, NOFD, SIZE - PAGE, EINVAL },
		{ "over the end by an unaligned start", NULL, PAGE, PROT_READ, phys, NOFD, SIZE - (PAGE - 1), EINVAL },
		{ "over the end, private", NULL, PAGE + 1, PROT_READ, MAP_PHYS | MAP_PRIVATE, NOFD, SIZE - PAGE, EINVAL },
		{ "far beyond", NULL, PAGE, PROT_READ, phys, NOFD, GIB, EINVAL },
		{ "wraps", NULL, PAGE, PROT_READ, phys, NOFD, -PAGE, EINVAL },
		{ "wraps, the whole", NULL, SIZE_MAX, PROT_READ, phys, NOFD, 1, EINVAL },
		{ "the last byte there is", NULL, 1, PROT_READ, phys, NOFD, -1, EINVAL },
		{ "a length without end", NULL, SIZE_MAX, PROT_READ, phys, NOFD, 0, EINVAL },
		{ "a descriptor", NULL, PAGE, PROT_READ, phys, physmem, 0, EINVAL },
		{ "a descriptor that is none", NULL, PAGE, PROT_READ, phys, CLOSED_FD, 0, EINVAL },
		{ "a negative descriptor", NULL, PAGE, PROT_READ, phys, -2, 0, EINVAL },
		{ "a descriptor and the end", NULL, PAGE, PROT_READ, phys, physmem, GIB, EINVAL },
		{ "no type", NULL, PAGE, PROT_READ, MAP_PHYS, NOFD, 0, EINVAL },
		{ "both types", NULL, PAGE, PROT_READ, phys | MAP_PRIVATE, NOFD, 0, EINVAL },
		{ "len 0", NULL, 0, PROT_READ, phys, NOFD, 0, EINVAL },
		{ "prot", NULL, PAGE, 0x100, phys, NOFD, 0, EINVAL },
		{ "a stack", NULL, PAGE, PROT_READ, MAP_PHYS | MAP_PRIVATE | MAP_STACK, NOFD, 0, EINVAL },
		{ "a handle", NULL, PAGE, PROT_READ, phys | MAP_HANDLE, NOFD, 0, ENOTSUP },
		{ "not congruent", (void *)0x100001, PAGE, PROT_READ, phys | MAP_FIXED, NOFD, 0, EINVAL },
		{ "the end before congruence", (void *)0x100001, PAGE, PROT_READ, phys | MAP_FIXED, NOFD, SIZE, EINVAL },
	};
	unsigned char *a;
	CHECK_BAD_CALLS(t, bad);
	CHECK_MAP_FAILS(mmap_peer(t->pid, NULL, PAGE, PROT_READ, phys, NOFD, SIZE), EINVAL);
	CHECK(strstr(mman_peer_explain(), "end") != NULL);

	CHECK_MAPS(a, mmap_peer(t->pid, NULL, SIZE, PROT_READ, phys, NOFD, 0));
	CHECK_OK(munmap_peer(t->pid, a, SIZE));
	CHECK(ftruncate(physmem, 2 * SIZE) == 0);
	CHECK_MAPS(a, mmap_peer(t->pid, NULL, SIZE, PROT_READ, phys, NOFD, SIZE));
	CHECK_OK(munmap_peer(t->pid, a, SIZE));
	CHECK(ftruncate(physmem, SIZE) == 0);
}

int main(int argc, char **argv)
{
	(void)argc;
	physmem_begin(argv, SIZE);
	own_and_peer(NULL, test);
	return 0;
}
