/*
 * MAP_POPULATE: when the call returns the pages are there, of anonymous memory
 * and of an object, shared and private; without it they come when touched. With
 * MAP_NONBLOCK nothing is read in advance, as mmap(2) says.
 */
#include "target.h"

#define LEN (32 * PAGE)

static size_t present(struct target *t, int prot, int flags, int fd)
{
	unsigned char *a;
	size_t n;
	CHECK_MAPS(a, mmap_peer(t->pid, NULL, LEN, prot, flags, fd, 0));
	n = pages_present(t->pid, a, LEN);
	CHECK(target_read(t, a) == (fd == NOFD ? 0 : 1));
	CHECK_OK(munmap_peer(t->pid, a, LEN));
	return n;
}

static void test(struct target *t)
{
	const int both = PROT_READ | PROT_WRITE;
	int fd = memfd_of(32);

	CHECK(present(t, both, MAP_PRIVATE | MAP_POPULATE, NOFD) == 32);
	CHECK(present(t, both, MAP_SHARED | MAP_POPULATE, NOFD) == 32);
	CHECK(present(t, both, MAP_SHARED | MAP_POPULATE, fd) == 32);
	CHECK(present(t, both, MAP_PRIVATE | MAP_POPULATE, fd) == 32);
	CHECK(present(t, PROT_READ, MAP_SHARED | MAP_POPULATE, fd) == 32);
	CHECK(present(t, PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd) == 32);
	CHECK(present(t, both, MAP_SHARED | MAP_POPULATE | MAP_NONBLOCK, fd) == 0);
	CHECK(present(t, both, MAP_SHARED, fd) == 0);
	CHECK(present(t, both, MAP_PRIVATE | MAP_POPULATE | MAP_LAZY, NOFD) == 32);
	close(fd);
}

/* What cannot be populated is no error, as for mmap(): no access, or past the object's end. */
static void not_an_error(struct target *t)
{
	int fd = memfd_of(1);
	unsigned char *a;
	CHECK_MAPS(a, mmap_peer(t->pid, NULL, LEN, PROT_NONE, MAP_PRIVATE | MAP_POPULATE, NOFD, 0));
	CHECK(pages_present(t->pid, a, LEN) == 0);
	CHECK_OK(munmap_peer(t->pid, a, LEN));
	CHECK_MAPS(a, mmap_peer(t->pid, NULL, LEN, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, 0));
	CHECK_OK(munmap_peer(t->pid, a, LEN));
	close(fd);
}

int main(void)
{
	own_and_peer(NULL, test);
	own_and_peer(NULL, not_an_error);
	return 0;
}
