/*
 * A target in seccomp's strict mode is killed by any call but read, write and
 * exit. It survives mappings: a caller that may suspend seccomp makes them, any
 * other is told EPERM.
 */
#include "seccomped.h"

static int target(int channel)
{
	CHECK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) == 0);
	echo(channel);
}

int main(void)
{
	struct peer p = peer_start(target);
	int i, done, fd = an_object();
	await_echo(&p);
	for (i = 0; i < 5; i++) {
		done = try_pair(p.pid, i % 2 ? fd : NOFD);
		CHECK(!done || may_suspend());
		if (!done)
			CHECK_UNMAP_FAILS(munmap_peer(p.pid, (void *)0x200000000, check_page()), EPERM);
		check_echo(&p);
		CHECK(task_status(p.pid, "Seccomp:", 10) == 1);
	}
	end_echo(&p);
	return 0;
}
