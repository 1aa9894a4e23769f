/*
 * EINVAL: MAP_STACK on an object, shared, or with nothing left above its guard
 * (off); MAP_FIXED where address and offset do not agree within the page, which
 * only private anonymous memory may.
 */
#include "target.h"

static void test(struct target *t)
{
	int fd = memfd_of(3);
	unsigned char *a = free_range(t, 16 * PAGE);
	const struct bad_call bad[] = {
		{ "stack of an object", NULL, 2 * PAGE, PROT_READ, MAP_PRIVATE | MAP_STACK, fd, 0, EINVAL },
		{ "shared stack", NULL, 2 * PAGE, PROT_READ, MAP_SHARED | MAP_STACK, NOFD, 0, EINVAL },
		{ "stack of one page, all guard", NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_STACK, NOFD, PAGE, EINVAL },
		{ "stack with more guard than room", NULL, 2 * PAGE, PROT_READ, MAP_PRIVATE | MAP_STACK, NOFD, 65536, EINVAL },
		{ "stack with a negative guard", NULL, 2 * PAGE, PROT_READ, MAP_PRIVATE | MAP_STACK, NOFD, -PAGE, EINVAL },
		{ "address inside a page", a + 1, PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0, EINVAL },
		{ "offset inside a page", a, PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 1, EINVAL },
		{ "both, not the same", a + 16, PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, fd, PAGE + 32, EINVAL },
		{ "private object", a + 1, PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 0, EINVAL },
		{ "shared anonymous", a + 1, PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, NOFD, 0, EINVAL },
		{ "shared anonymous, offset", a, PAGE, PROT_READ, MAP_SHARED | MAP_ANON | MAP_FIXED, NOFD, PAGE - 1, EINVAL },
	};
	CHECK_BAD_CALLS(t, bad);
	close(fd);
}

int main(void)
{
	own_and_peer(NULL, test);
	return 0;
}
