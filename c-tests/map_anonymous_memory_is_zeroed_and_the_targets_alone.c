/*
 * An anonymous map appears in the target and only there, zeroed, whole pages
 * with the access asked for; the target writes and reads it. One munmap_peer()
 * takes it away again.
 */
#include "target.h"

#define LEN (3 * PAGE - 100)

static void one(struct target *t, int prot, int flags, const char *perms)
{
	struct snapshot *before = &snapshots_before[0], *after = &snapshots_after[0];
	unsigned char *a;
	size_t i;
	snapshot_take(before, getpid());
	CHECK_MAPS(a, mmap_peer(t->pid, NULL, LEN, prot, flags, NOFD, 0));
	snapshot_take(after, getpid());
	if (!t->own)
		snapshot_compare(before, after, "caller", __FILE__, __LINE__, "mmap_peer of another process");
	CHECK((uintptr_t)a % check_page() == 0);
	CHECK_RANGE(t, a, LEN, perms);
	if (prot & PROT_READ)
		for (i = 0; i < pages_of(a, LEN); i += 1021)
			CHECK(target_read(t, a + i) == 0);
	if (prot & PROT_WRITE) {
		target_write(t, a + pages_of(a, LEN) - 1, 5);
		CHECK(target_read(t, a + pages_of(a, LEN) - 1) == 5);
	}
	CHECK_OK(munmap_peer(t->pid, a, LEN));
	CHECK_RANGE_FREE(t, a, LEN);
	CHECK(!target_mapped(t, a));
}

static void test(struct target *t)
{
	one(t, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, "rw-p");
	one(t, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANON, "rw-s");
	one(t, PROT_READ, MAP_PRIVATE, "r--p");
	one(t, PROT_READ, MAP_SHARED, "r--s");
	one(t, PROT_NONE, MAP_PRIVATE, "---p");
	one(t, PROT_NONE, MAP_SHARED, "---s");
	one(t, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE, "rwxp");
}

int main(void)
{
	own_and_peer(NULL, test);
	return 0;
}
