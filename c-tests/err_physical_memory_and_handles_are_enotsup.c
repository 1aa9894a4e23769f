/*
 * MAP_HANDLE is ENOTSUP, and MAP_BELOW16M with MAP_PHYS and MAP_ANON. So is
 * every other form of MAP_PHYS in this version, with an explanation; wrong
 * arguments that QNX finds earlier keep their EINVAL.
 */
#include "target.h"

static void test(struct target *t)
{
	int fd = memfd_of(1);
	const struct bad_call bad[] = {
		{ "a handle", NULL, 4096, PROT_READ, MAP_SHARED | MAP_HANDLE, fd, 0, ENOTSUP },
		{ "a handle, NOFD", NULL, 4096, PROT_READ, MAP_SHARED | MAP_HANDLE, NOFD, 0, ENOTSUP },
		{ "below 16 MiB", NULL, 4096, PROT_READ, MAP_SHARED | MAP_PHYS | MAP_ANON | MAP_BELOW16M, NOFD, 0, ENOTSUP },
		{ "physical", NULL, 4096, PROT_READ, MAP_SHARED | MAP_PHYS, NOFD, 0x10000000, ENOTSUP },
		{ "physical, private", NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_PHYS, NOFD, 0x10000000, ENOTSUP },
		{ "physical, uncached", NULL, 4096, PROT_READ | PROT_NOCACHE, MAP_SHARED | MAP_PHYS, NOFD, 0, ENOTSUP },
		{ "physical, lazy", NULL, 4096, PROT_READ, MAP_SHARED | MAP_PHYS | MAP_LAZY, NOFD, 0, ENOTSUP },
		{ "contiguous", NULL, 65536, PROT_READ, MAP_SHARED | MAP_PHYS | MAP_ANON, NOFD, 0, ENOTSUP },
		{ "contiguous and lazy", NULL, 65536, PROT_READ, MAP_SHARED | MAP_PHYS | MAP_ANON | MAP_LAZY, NOFD, 0, EINVAL },
		{ "contiguous with a descriptor", NULL, 65536, PROT_READ, MAP_SHARED | MAP_PHYS | MAP_ANON, fd, 0, EINVAL },
		{ "physical, len 0", NULL, 0, PROT_READ, MAP_SHARED | MAP_PHYS, NOFD, 0, EINVAL },
		{ "physical, no type", NULL, 4096, PROT_READ, MAP_PHYS, NOFD, 0, EINVAL },
	};
	CHECK_BAD_CALLS(t, bad);
	CHECK_MAP_FAILS(mmap_peer(t->pid, NULL, 4096, PROT_READ, MAP_SHARED | MAP_PHYS, NOFD, 0), ENOTSUP);
	CHECK(strstr(mman_peer_explain(), "MAP_PHYS") != NULL);
	close(fd);
}

int main(void)
{
	own_and_peer(NULL, test);
	return 0;
}
