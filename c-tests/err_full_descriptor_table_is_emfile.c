/*
 * A target without a free descriptor, or with a single one, gives EMFILE for a
 * map of an object, and is left as it was; anonymous memory needs no descriptor.
 * Nor does a caller that maps into itself.
 */
#include "target.h"
#include <sys/resource.h>

static void fill_table(void)
{
	struct rlimit limit;
	int fd, last = 0;
	CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	limit.rlim_cur = 32;
	CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	while ((fd = dup(0)) != -1)
		last = fd;
	CHECK(errno == EMFILE && last == 31);
}

static void fill_table_but_for_one(void)
{
	fill_table();
	CHECK(close(31) == 0);
}

static void full(struct target *t)
{
	int fd = memfd_of(2);
	unsigned char *a;
	MAP_FAILS_CLEANLY(t, mmap_peer(t->pid, NULL, 2 * PAGE, PROT_READ, MAP_SHARED, fd, 0), EMFILE);
	a = free_range(t, 2 * PAGE);
	MAP_FAILS_CLEANLY(t, mmap_peer(t->pid, a, 2 * PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0), EMFILE);
	MAP_FAILS_CLEANLY(t, mmap_peer(t->pid, NULL, 1 << 20, PROT_READ, MAP_SHARED, fd, 0), EMFILE);
	close(fd);
}

/* The own pid needs none; for another process the caller may need one itself. */
static void full_caller(void)
{
	struct target t = target_start(NULL);
	int fd = memfd_of(2);
	unsigned char *a;
	fill_table();
	CHECK_MAPS(a, mmap_peer(getpid(), NULL, 2 * PAGE, PROT_READ, MAP_SHARED, fd, 0));
	CHECK(a[PAGE] == 2);
	CHECK_OK(munmap_peer(getpid(), a, 2 * PAGE));
	a = mmap_peer(t.pid, NULL, 2 * PAGE, PROT_READ, MAP_SHARED, fd, 0);
	if (a == MAP_FAILED) {
		CHECK(errno == EMFILE && mman_peer_explain()[0] != '\0');
	} else {
		CHECK(target_read(&t, a + PAGE) == 2);
		CHECK_OK(munmap_peer(t.pid, a, 2 * PAGE));
	}
	peer_dismiss(&t.peer);
}

int main(void)
{
	on_peer(fill_table, full);
	on_peer(fill_table_but_for_one, full);
	in_child(full_caller);
	return 0;
}
