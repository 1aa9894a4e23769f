/* A length that wraps when it is rounded up, or for which there is no room, is ENOMEM. */
#include "target.h"

static void test(struct target *t)
{
	int fd = memfd_of(1);
	const struct bad_call bad[] = {
		{ "longest", NULL, SIZE_MAX, PROT_NONE, MAP_PRIVATE, NOFD, 0, ENOMEM },
		{ "longest, shared", NULL, SIZE_MAX, PROT_NONE, MAP_SHARED, NOFD, 0, ENOMEM },
		{ "longest, object", NULL, SIZE_MAX, PROT_READ, MAP_SHARED, fd, 0, ENOMEM },
		{ "wraps by its offset in the page", NULL, SIZE_MAX - (PAGE - 1), PROT_NONE, MAP_PRIVATE, NOFD, 1, ENOMEM },
		{ "wraps by its offset, object", NULL, SIZE_MAX - (PAGE - 1), PROT_READ, MAP_SHARED, fd, PAGE - 1, ENOMEM },
		{ "all but the last page", NULL, SIZE_MAX - (PAGE - 1), PROT_NONE, MAP_PRIVATE, NOFD, 0, ENOMEM },
		{ "most of everything", NULL, TOO_LONG, PROT_NONE, MAP_PRIVATE | MAP_NORESERVE, NOFD, 0, ENOMEM },
		{ "most of everything, object", NULL, TOO_LONG, PROT_READ, MAP_SHARED, fd, 0, ENOMEM },
	};
	CHECK_BAD_CALLS(t, bad);
	close(fd);
}

int main(void)
{
	own_and_peer(NULL, test);
	return 0;
}
