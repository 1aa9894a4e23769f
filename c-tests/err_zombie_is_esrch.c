/* A process that has ended is ESRCH at once, though its parent has not waited for it yet. */
#include "target.h"

static int ends_at_once(int channel)
{
	(void)channel;
	return 0;
}

int main(void)
{
	struct peer p = peer_start(ends_at_once);
	struct target t = { .pid = getpid(), .own = 1 };
	double began;

	target_warm_up(&t);
	await_state(p.pid, 'Z');
	began = check_now();
	MAP_FAILS_CLEANLY(&t, mmap_peer(p.pid, NULL, PAGE, PROT_READ, MAP_SHARED, NOFD, 0), ESRCH);
	UNMAP_FAILS_CLEANLY(&t, munmap_peer(p.pid, (void *)0x10000, PAGE), ESRCH);
	CHECK(check_now() - began < 0.9);	/* not MMAN_PEER_TIMEOUT_MS later */
	CHECK(peer_status(&p) == 0);		/* and the wait was left to its parent */
	CHECK_UNMAP_FAILS(munmap_peer(p.pid, (void *)0x10000, PAGE), ESRCH);
	return 0;
}
