/*
 * A thousand maps and unmaps of each kind leave the mappings and descriptors of
 * both processes as they were before.
 *
 * time-limit: 60
 */
#include "target.h"

enum { TIMES = 1000 };

static void test(struct target *t)
{
	static const int flags[] = { MAP_SHARED, MAP_PRIVATE, MAP_PRIVATE | MAP_NOINHERIT, MAP_SHARED | MAP_LOCKED };
	int fd = memfd_of(2), i;
	unsigned char *a;
	snapshot_take(&snapshots_before[0], getpid());
	snapshot_take(&snapshots_before[1], t->pid);
	for (i = 0; i < check_rounds(TIMES); i++) {
		CHECK_MAPS(a, mmap_peer(t->pid, NULL, 5000, PROT_READ, flags[i % 4], i % 3 ? fd : NOFD, 0));
		CHECK_OK(munmap_peer(t->pid, a, 5000));
	}
	snapshot_take(&snapshots_after[0], getpid());
	snapshot_take(&snapshots_after[1], t->pid);
	snapshot_compare(&snapshots_before[0], &snapshots_after[0], "caller", __FILE__, __LINE__, "the pairs");
	snapshot_compare(&snapshots_before[1], &snapshots_after[1], "target", __FILE__, __LINE__, "the pairs");
	close(fd);
}

int main(void)
{
	own_and_peer(NULL, test);
	return 0;
}
