/* runs-as: root
 * A service takes its time for an order, and the caller has no descriptor free to
 * look after it by. It waits: what is under way has its result told, and is not
 * called an error.
 */
#include "large.h"

enum { TRIES = 50, SPARE = 8 };

static int caller(int channel)
{
	struct rlimit few = { 64, 64 };
	int told = 0;
	(void)channel;
	CHECK(setrlimit(RLIMIT_NOFILE, &few) == 0);
	for (int try = 0; !told && try < TRIES; try++) {
		int spare[64], n = 0;
		long before = proc_status(target.pid, "VmSize");
		void *at;
		while (n < 64 && (spare[n] = dup(0)) != -1)
			n++;
		CHECK(n > SPARE);
		for (int i = 0; i < SPARE; i++)
			close(spare[--n]);
		calls_often();
		while (n < 64 && (spare[n] = dup(0)) != -1)
			n++;
		at = map_large();
		while (n > 0)
			close(spare[--n]);
		/* By a connection it is EMFILE, and nothing is done. */
		CHECK(large_growth(before) == (at != MAP_FAILED));
		told = at != MAP_FAILED;
		if (told)
			CHECK_OK(munmap_peer(target.pid, at, LARGE));
	}
	CHECK(told || check_slowness() > 1);
	return 0;
}

int main(void)
{
	struct peer p;
	target = large_target();
	p = peer_start(caller);
	CHECK(peer_status(&p) == 0);
	peer_kill(&target);
	return 0;
}
