/*
 * While mappings are made and removed without a break, a target is stopped and
 * continued, by SIGSTOP and by SIGTSTP. Each stop and each continuation takes
 * effect and is reported to the parent once; the mappings go on in both states.
 */
#include "disturb.h"

static atomic_ulong *counter;

static int target(int channel)
{
	(void)channel;
	/* A group that is not orphaned, or SIGTSTP is ignored. */
	CHECK(setpgid(0, 0) == 0);
	for (;;) {
		++*counter;
		usleep(*counter % 3 * 50);
	}
	return 0;
}

int main(void)
{
	static const int stops[] = { SIGSTOP, SIGTSTP };
	struct peer p;
	struct storm storm;
	unsigned long count;
	int status, round, pairs;
	counter = shared_memory(sizeof *counter);
	p = peer_start(target);
	AWAIT(*counter > 0);
	storm_begin(&storm, p.pid, an_object());
	for (round = 0; round < check_fewer(60); round++) {
		int sig = stops[round % 2];
		CHECK(kill(p.pid, sig) == 0);
		CHECK(waitpid(p.pid, &status, WUNTRACED) == p.pid && WIFSTOPPED(status) && WSTOPSIG(status) == sig);
		AWAIT(task_state(p.pid) == 'T' || task_state(p.pid) == 't');
		pairs = storm.pairs;
		AWAIT(storm.pairs > pairs + 1);
		count = *counter;
		CHECK(kill(p.pid, SIGCONT) == 0);
		CHECK(waitpid(p.pid, &status, WCONTINUED) == p.pid && WIFCONTINUED(status));
		AWAIT(*counter > count);
	}
	CHECK(storm_end(&storm) > check_fewer(60));
	CHECK(waitpid(p.pid, &status, WUNTRACED | WCONTINUED | WNOHANG) == 0);
	peer_kill(&p);
	return 0;
}
