/* Ordinary memory of a process that knows nothing of the library, mapped
 * shared, is one memory: what either writes the other reads at once. */
#include "utek.h"

enum { PAGES = 5 };
static unsigned char *theirs;

int main(void)
{
	size_t len = PAGES * check_page();
	theirs = utek_memory(len, 7);
	struct peer p = peer_start(obedient_body);
	(void)peer_read(&p, theirs); /* it has come to its work */
	int before = utek_open_descriptors(p.pid);
	unsigned char *view = utek_room(len);
	CHECK_OK(utek_call(p.pid, theirs, view, len, RW_SELF, SHARED));
	CHECK(memcmp(view, theirs, len) == 0); /* ours is a copy from before the fork */
	for (size_t i = 0; i < PAGES; i++) {
		size_t at = i * check_page() + 17 * i;
		peer_write(&p, theirs + at, 0x5a + i);
		CHECK(view[at] == 0x5a + i);
		view[at + 1] = (unsigned char)(0xa5 - i);
		CHECK(peer_read(&p, theirs + at + 1) == (unsigned char)(0xa5 - i));
	}
	/* Nothing of the call is left in it. */
	CHECK(utek_open_descriptors(p.pid) == before);
	/* A second view, by another process's area that is shared already. */
	unsigned char *second = utek_room(len);
	CHECK_OK(utek_call(p.pid, theirs, second, len, RW_SELF, SHARED));
	view[3] = 99;
	CHECK(second[3] == 99 && peer_read(&p, theirs + 3) == 99);
	CHECK(munmap(view, len) == 0 && munmap(second, len) == 0);
	CHECK(peer_read(&p, theirs + 3) == 99);
	peer_dismiss(&p);
	return 0;
}
