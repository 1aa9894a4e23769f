/*
 * mmap64_join() with NOFD: the same address in both processes, zeroed, but two
 * objects that have nothing to do with each other, shared or private.
 */
#include "join.h"

static void test(struct target *t)
{
	static const int types[] = { MAP_SHARED, MAP_PRIVATE, MAP_SHARED | MAP_ANON, MAP_PRIVATEANON };
	const size_t page = check_page();
	unsigned char *a;
	size_t i;
	for (i = 0; i < LENGTH_OF(types); i++) {
		CHECK_MAPS(a, mmap64_join(t->pid, NULL, 3 * page, READ_WRITE, types[i], NOFD, 0));
		CHECK_JOINED(t, a, 3 * page, types[i] & MAP_SHARED ? "rw-s" : "rw-p");
		CHECK(a[page] == 0 && target_read(t, a + page) == 0);
		a[page] = 1;
		target_write(t, a + page + 1, 2);
		CHECK(target_read(t, a + page) == 0 && a[page + 1] == 0);
		CHECK(a[page] == 1 && target_read(t, a + page + 1) == 2);
		unmap_both(t, a, 3 * page);
	}
}

int main(void) { on_peer(NULL, test); return 0; }
