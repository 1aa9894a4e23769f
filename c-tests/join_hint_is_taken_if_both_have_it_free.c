/*
 * mmap64_join() with a hint: exactly there if the place is free in both
 * processes; if one of them has something there, the next place behind it that
 * both have free, and what was there stays.
 */
#include "join.h"

/* Something in one of them, at the hint or overlapping its end. */
static void taken(struct target *t, int fd, int in_caller, size_t at)
{
	const size_t page = check_page();
	const pid_t pid = in_caller ? getpid() : t->pid;
	unsigned char *other, *a;
	CHECK(free_in_both(t, JOIN_PLACE, 64 * page));
	CHECK_MAPS(other, mmap_peer(pid, JOIN_PLACE + at, 2 * page, READ_WRITE,
				    PRIVATE_ANON | MAP_FIXED_NOREPLACE, NOFD, 0));
	if (in_caller)
		other[page] = 99;
	else
		target_write(t, other + page, 99);
	CHECK_MAPS(a, mmap64_join(t->pid, JOIN_PLACE, 4 * page, READ_WRITE, MAP_SHARED, fd, 0));
	CHECK(a == JOIN_PLACE + at + 2 * page);
	CHECK_JOINED(t, a, 4 * page, "rw-s");
	CHECK((in_caller ? other[page] : target_read(t, other + page)) == 99);
	CHECK(range_held(pid, other, 2 * page, "rw-p") == 2 * page);
	unmap_both(t, a, 4 * page);
	CHECK_OK(munmap_peer(pid, other, 2 * page));
}

static void test(struct target *t)
{
	const size_t page = check_page();
	int fd = memfd_of(8), in_caller;
	unsigned char *a, *b, *here, *there;

	CHECK(free_in_both(t, JOIN_PLACE, 64 * page));
	CHECK_MAPS(a, mmap64_join(t->pid, JOIN_PLACE, 4 * page, READ_WRITE, MAP_SHARED, fd, 0));
	CHECK(a == JOIN_PLACE);
	CHECK_JOINED(t, a, 4 * page, "rw-s");
	/* The same hint again: behind the first. */
	CHECK_MAPS(b, mmap64_join(t->pid, JOIN_PLACE, 4 * page, READ_WRITE, MAP_SHARED, fd, 0));
	CHECK(b == a + 4 * page);
	unmap_both(t, a, 4 * page);
	unmap_both(t, b, 4 * page);
	/* A hint inside a page counts as the page; the offset decides the result. */
	CHECK_MAPS(a, mmap64_join(t->pid, JOIN_PLACE + 100, page, READ_WRITE, MAP_SHARED, fd, 0));
	CHECK(a == JOIN_PLACE);
	unmap_both(t, a, page);
	CHECK_MAPS(a, mmap64_join(t->pid, JOIN_PLACE, page, READ_WRITE, MAP_SHARED, fd, (off64_t)page + 9));
	CHECK(a == JOIN_PLACE + 9);
	unmap_both(t, a, page);

	for (in_caller = 0; in_caller < 2; in_caller++) {
		taken(t, fd, in_caller, 0);
		taken(t, fd, in_caller, page);
		taken(t, fd, in_caller, 3 * page);
	}
	/* One place taken here and the next one there; the gap between is too small. */
	CHECK_MAPS(here, mmap_peer(getpid(), JOIN_PLACE, page, PROT_READ, PRIVATE_ANON | MAP_FIXED_NOREPLACE, NOFD, 0));
	CHECK_MAPS(there, mmap_peer(t->pid, JOIN_PLACE + 4 * page, page, PROT_READ,
				    PRIVATE_ANON | MAP_FIXED_NOREPLACE, NOFD, 0));
	CHECK_MAPS(a, mmap64_join(t->pid, JOIN_PLACE, 4 * page, READ_WRITE, MAP_SHARED, fd, 0));
	CHECK(a == JOIN_PLACE + 5 * page);
	CHECK_MAPS(b, mmap64_join(t->pid, JOIN_PLACE, 3 * page, READ_WRITE, MAP_SHARED, fd, 0));
	CHECK(b == JOIN_PLACE + page);
	unmap_both(t, a, 4 * page);
	unmap_both(t, b, 3 * page);
	CHECK_OK(munmap_peer(getpid(), here, page));
	CHECK_OK(munmap_peer(t->pid, there, page));
	close(fd);
}

int main(void) { on_peer(NULL, test); return 0; }
