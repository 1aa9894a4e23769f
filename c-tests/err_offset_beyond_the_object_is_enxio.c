/*
 * An offset that the object cannot address is ENXIO, where mmap() says
 * EOVERFLOW; so is a negative one, which counts without sign. Anonymous memory
 * has no end.
 */
#define _FILE_OFFSET_BITS 64
#include "target.h"

#define LAST_PAGE (INT64_MAX - (PAGE - 1))

static void refuses(struct target *t, int fd)
{
	const struct bad_call bad[] = {
		{ "last page below 2^63", NULL, PAGE, PROT_READ, MAP_SHARED, fd, LAST_PAGE, ENXIO },
		{ "two pages across 2^63", NULL, 2 * PAGE, PROT_READ, MAP_SHARED, fd, LAST_PAGE, ENXIO },
		{ "-4096", NULL, PAGE, PROT_READ, MAP_SHARED, fd, -PAGE, ENXIO },
		{ "-4096, private", NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, -PAGE, ENXIO },
		{ "-1", NULL, 1, PROT_READ, MAP_SHARED, fd, -1, ENXIO },
		{ "lowest", NULL, PAGE, PROT_READ, MAP_SHARED, fd, INT64_MIN, ENXIO },
	};
	CHECK_BAD_CALLS(t, bad);
	close(fd);
}

static void test(struct target *t)
{
	unsigned char *a;
	int file = file_of("object", 1);
	/* In 32 bits the C library knows by itself (EINVAL) that the kernel cannot be asked. */
	CHECK(mmap64(NULL, PAGE, PROT_READ, MAP_SHARED, file, LAST_PAGE) == MAP_FAILED);
	CHECK(errno == EOVERFLOW || sizeof(void *) == 4);
	refuses(t, file);
	refuses(t, memfd_of(1));
	CHECK_MAPS(a, mmap64_peer(t->pid, NULL, PAGE, PROT_READ, MAP_SHARED, NOFD, -PAGE));
	CHECK_OK(munmap_peer(t->pid, a, PAGE));
	unlink("object");
}

int main(void)
{
	own_and_peer(NULL, test);
	return 0;
}
