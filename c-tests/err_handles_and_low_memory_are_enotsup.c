/*
 * What Linux has nothing for is ENOTSUP with an explanation: MAP_HANDLE, and
 * MAP_BELOW16M with MAP_PHYS and MAP_ANON. Wrong arguments that QNX finds
 * earlier keep their EINVAL.
 */
#include "target.h"

static void test(struct target *t)
{
	int fd = memfd_of(1);
	const int contiguous = MAP_SHARED | MAP_PHYS | MAP_ANON;
	const struct bad_call bad[] = {
		{ "a handle", NULL, PAGE, PROT_READ, MAP_SHARED | MAP_HANDLE, fd, 0, ENOTSUP },
		{ "a handle, NOFD", NULL, PAGE, PROT_READ, MAP_SHARED | MAP_HANDLE, NOFD, 0, ENOTSUP },
		{ "a physical handle", NULL, PAGE, PROT_READ, MAP_SHARED | MAP_PHYS | MAP_HANDLE, NOFD, 0, ENOTSUP },
		{ "below 16 MiB", NULL, PAGE, PROT_READ, contiguous | MAP_BELOW16M, NOFD, 0, ENOTSUP },
		{ "below 16 MiB, private", NULL, PAGE, PROT_READ, MAP_PHYS | MAP_ANON | MAP_BELOW16M, NOFD, 0, ENOTSUP },
		{ "contiguous and lazy", NULL, 65536, PROT_READ, contiguous | MAP_LAZY, NOFD, 0, EINVAL },
		{ "contiguous, lazy, below 16 MiB", NULL, 65536, PROT_READ, contiguous | MAP_LAZY | MAP_BELOW16M, NOFD, 0, EINVAL },
		{ "contiguous and lazy, private", NULL, 65536, PROT_READ, MAP_PHYS | MAP_PRIVATE | MAP_ANON | MAP_LAZY, NOFD, 0, EINVAL },
		{ "contiguous with a descriptor", NULL, 65536, PROT_READ, contiguous, fd, 0, EINVAL },
		{ "contiguous, len 0", NULL, 0, PROT_READ, contiguous, NOFD, 0, EINVAL },
		{ "contiguous, not congruent", (void *)0x200001, PAGE, PROT_READ, contiguous | MAP_FIXED, NOFD, 0, EINVAL },
	};
	CHECK_BAD_CALLS(t, bad);
	CHECK_MAP_FAILS(mmap_peer(t->pid, NULL, PAGE, PROT_READ, MAP_SHARED | MAP_HANDLE, fd, 0), ENOTSUP);
	CHECK(strstr(mman_peer_explain(), "MAP_HANDLE") != NULL);
	CHECK_MAP_FAILS(mmap_peer(t->pid, NULL, PAGE, PROT_READ, contiguous | MAP_BELOW16M, NOFD, 0), ENOTSUP);
	CHECK(strstr(mman_peer_explain(), "MAP_BELOW16M") != NULL);
	close(fd);
}

int main(void)
{
	own_and_peer(NULL, test);
	return 0;
}
