/*
 * A server fills a range that it has reserved in its client: a thousand pieces,
 * physical memory (the stand-in) and a shared object in turn, each at its place
 * by MAP_FIXED. Each piece shows its own memory, and one munmap_peer() of the
 * range takes them all away.
 *
 * time-limit: 60
 */
#include "physmem.h"

#define PIECES ((size_t)check_rounds(1000))
static int object;

static void *piece(struct target *t, unsigned char *range, size_t i)
{
	int flags = MAP_SHARED | MAP_FIXED | (i % 2 == 0 ? MAP_PHYS : 0);
	return mmap64_peer(t->pid, range + i * PAGE, PAGE, READ_WRITE, flags,
		i % 2 == 0 ? NOFD : object, (int64_t)i * PAGE);
}

static void test(struct target *t)
{
	unsigned char *range, *a;
	size_t i;
	CHECK_MAPS(range, mmap_peer(t->pid, NULL, PIECES * PAGE, PROT_NONE, MAP_ANON | MAP_LAZY, NOFD, 0));
	for (i = 0; i < PIECES; i++) {
		CHECK_MAPS(a, piece(t, range, i));
		CHECK(a == range + i * PAGE);
	}
	for (i = 0; i < PIECES; i++) {
		unsigned char mark = (unsigned char)(i * 7 + t->own);
		target_write(t, range + i * PAGE, mark);
		CHECK(object_byte(i % 2 == 0 ? physmem : object, (off_t)i * PAGE) == mark);
	}
	CHECK_OK(munmap_peer(t->pid, range, PIECES * PAGE));
	CHECK_RANGE_FREE(t, range, PIECES * PAGE);
}

int main(int argc, char **argv)
{
	(void)argc;
	physmem_begin(argv, PIECES * PAGE);
	CHECK((object = memfd_create("object", MFD_CLOEXEC)) != -1 && ftruncate(object, PIECES * PAGE) == 0);
	own_and_peer(NULL, test);
	return 0;
}
