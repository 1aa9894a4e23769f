/*
 * One munmap_peer() removes whatever lies in the range: objects, anonymous
 * memory, guards, locked pages, what the target mapped itself, and holes.
 */
#include "target.h"

enum { PAGES = 20 };

/* Maps a page at every address it hears, as the target does for itself. */
static int body(int channel)
{
	void *a;
	while ((a = (void *)hear_word(channel)) != NULL) {
		CHECK(mmap(a, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANON | MAP_FIXED, -1, 0) == a);
		tell_word(channel, 0);
	}
	return 0;
}

int main(void)
{
	struct peer p = peer_start(body);
	struct target t = { .pid = p.pid, .peer = p };
	const int prot = PROT_READ | PROT_WRITE;
	int fd = memfd_of(4);
	unsigned char *a = free_range(&t, PAGES * PAGE), *b;

	CHECK_MAPS(b, mmap_peer(p.pid, a, 2 * PAGE, prot, MAP_SHARED | MAP_FIXED, fd, 0));
	CHECK_MAPS(b, mmap_peer(p.pid, a + 3 * PAGE, 2 * PAGE, prot, MAP_PRIVATE | MAP_FIXED, fd, PAGE));
	CHECK_MAPS(b, mmap_peer(p.pid, a + 5 * PAGE, 3 * PAGE, PROT_NONE, MAP_ANON | MAP_LAZY | MAP_FIXED, NOFD, 0));
	CHECK_MAPS(b, mmap_peer(p.pid, a + 8 * PAGE, PAGE, prot, MAP_SHARED | MAP_LOCKED | MAP_FIXED, NOFD, 0));
	CHECK_MAPS(b, mmap_peer(p.pid, a + 12 * PAGE, 4 * PAGE, prot, MAP_PRIVATE | MAP_NOINHERIT | MAP_FIXED, NOFD, 0));
	tell_word(p.channel, (uintptr_t)a + 10 * PAGE);
	hear_word(p.channel);
	tell_word(p.channel, (uintptr_t)a + 19 * PAGE);
	hear_word(p.channel);
	CHECK(range_held(p.pid, a, PAGES * PAGE, NULL) == 14 * check_page());

	CHECK_OK(munmap_peer(p.pid, a + 1, PAGES * PAGE - 2));
	CHECK_RANGE_FREE(&t, a, PAGES * PAGE);
	CHECK(status_value(p.pid, "VmLck") == 0);
	CHECK(object_byte(fd, PAGE) == 2);
	tell_word(p.channel, 0);
	CHECK(peer_status(&p) == 0);
	return 0;
}
