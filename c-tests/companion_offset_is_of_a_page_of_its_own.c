/* runs-as: root
 * Pages that were locked or only read have addresses of their own, and keep them when
 * they are written to: none is that of the page of zeros, which everybody has.
 */
#include "caller.h"
#include <mman_peer/companions.h>

enum { PAGES = 4 };

static off64_t offset_of(pid_t pid, unsigned char *at)
{
	off64_t offset;
	size_t len;
	CHECK_OK(mem_offset64_peer(pid, (uintptr_t)at, check_page(), &offset, &len));
	CHECK(len == check_page());
	return offset;
}

static void look(struct peer *p, int locks)
{
	off64_t before[PAGES];
	unsigned char *a;
	CHECK_MAPS(a, mmap_peer(p->pid, NULL, PAGES * check_page(), READ_WRITE, PRIVATE_ANON, NOFD, 0));
	if (locks)
		CHECK_OK(mlock_peer(p->pid, (uintptr_t)a, PAGES * check_page()));
	for (int i = 0; i < PAGES; i++) {
		if (!locks)
			CHECK(peer_read(p, a + (size_t)i * check_page()) == 0);
		before[i] = offset_of(p->pid, a + (size_t)i * check_page());
		for (int j = 0; j < i; j++)
			CHECK(before[i] != before[j]);
	}
	for (int i = 0; i < PAGES; i++) {
		peer_write(p, a + (size_t)i * check_page(), 1);
		CHECK(offset_of(p->pid, a + (size_t)i * check_page()) == before[i]);
	}
	CHECK_OK(munmap_peer(p->pid, a, PAGES * check_page()));
}

int main(void)
{
	struct peer p = consenting_peer();
	look(&p, 1);
	look(&p, 0);
	peer_dismiss(&p);
	return 0;
}
