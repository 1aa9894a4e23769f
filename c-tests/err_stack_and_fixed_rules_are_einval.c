/*
 * EINVAL: MAP_STACK on an object, shared, or with nothing left above its guard
 * (off); MAP_FIXED where address and offset do not agree within the page, which
 * only private anonymous memory may.
 */
#include "target.h"

static void test(struct target *t)
{
	int fd = memfd_of(3);
	unsigned char *a = free_range(t, 16 * 4096);
	const struct bad_call bad[] = {
		{ "stack of an object", NULL, 8192, PROT_READ, MAP_PRIVATE | MAP_STACK, fd, 0, EINVAL },
		{ "shared stack", NULL, 8192, PROT_READ, MAP_SHARED | MAP_STACK, NOFD, 0, EINVAL },
		{ "stack of one page, all guard", NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_STACK, NOFD, 4096, EINVAL },
		{ "stack with more guard than room", NULL, 8192, PROT_READ, MAP_PRIVATE | MAP_STACK, NOFD, 65536, EINVAL },
		{ "stack with a negative guard", NULL, 8192, PROT_READ, MAP_PRIVATE | MAP_STACK, NOFD, -4096, EINVAL },
		{ "address inside a page", a + 1, 4096, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0, EINVAL },
		{ "offset inside a page", a, 4096, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 1, EINVAL },
		{ "both, not the same", a + 16, 4096, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 4096 + 32, EINVAL },
		{ "private object", a + 1, 4096, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 0, EINVAL },
		{ "shared anonymous", a + 1, 4096, PROT_READ, MAP_SHARED | MAP_FIXED, NOFD, 0, EINVAL },
		{ "shared anonymous, offset", a, 4096, PROT_READ, MAP_SHARED | MAP_ANON | MAP_FIXED, NOFD, 4095, EINVAL },
	};
	CHECK_BAD_CALLS(t, bad);
	close(fd);
}

int main(void)
{
	own_and_peer(NULL, test);
	return 0;
}
