/*
 * A target is in the middle of an exec() that waits: for one of its threads, which
 * has ended, and whose tracer does not collect it. Nobody can attach to it meanwhile,
 * and the attempt itself would wait without end. The call is EAGAIN in time, and
 * leaves no process behind.
 */
#include "caller.h"

static void *is_traced(void *unused)
{
	CHECK(ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0);
	return unused;
}

static int execs(int channel)
{
	(void)channel;
	thread_end(thread_start(is_traced, NULL));
	execl("/proc/self/exe", "begun", NULL);
	return 1;
}

int main(int argc, char **argv)
{
	struct peer p;
	double began;
	if (argc > 0 && strcmp(argv[0], "begun") == 0)
		return 0;
	rerun_with(argv, "MMAN_PEER_TIMEOUT_MS", "300");
	p = peer_start(execs);
	await_state(p.pid, 'D');
	for (int i = 0; i < 2; i++) {
		began = check_now();
		CHECK_MAP_FAILS(mmap_peer(p.pid, NULL, check_page(), READ_WRITE, PRIVATE_ANON, NOFD, 0), EAGAIN);
		CHECK(check_now() - began < 5);
	}
	/* The helpers have ended, and so has whatever they waited for. */
	AWAIT(proc_status(p.pid, "TracerPid") == 0);
	kill(p.pid, SIGKILL);
	while (waitpid(-1, NULL, __WALL) > 0)
		;
	CHECK(errno == ECHILD);
	return 0;
}
