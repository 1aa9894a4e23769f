/*
 * A thread has a table of descriptors of its own (unshare(2)). What it maps into a
 * target is what it has open, and not what the first thread has by that number; by a
 * service, too, however often it comes.
 */
#include "caller.h"
#include "service.h"
#include <sched.h>

enum { CALLS = 200 };

static struct peer target;

static void *maps(void *number)
{
	int fd = (int)(intptr_t)number, mine;
	void *a;
	CHECK(unshare(CLONE_FILES) == 0);
	mine = marked_memfd('x');
	CHECK(dup2(mine, fd) == fd);
	for (int i = 0; i < CALLS; i++) {
		CHECK_MAPS(a, mmap_peer(target.pid, NULL, check_page(), PROT_READ, MAP_SHARED, fd, 0));
		CHECK(peer_read(&target, a) == 'x');
		CHECK_OK(munmap_peer(target.pid, a, check_page()));
	}
	return NULL;
}

int main(void)
{
	int fd = marked_memfd('y');
	target = serving_peer();
	thread_end(thread_start(maps, (void *)(intptr_t)fd));
	peer_dismiss(&target);
	return 0;
}
