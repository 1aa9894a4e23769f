/*
 * A pid that is zero, negative or nobody's is ESRCH, for both calls: 0 is not
 * the caller, -1 (a failed fork()) not everybody.
 */
#include "target.h"

static pid_t pid_of_nobody(void)
{
	pid_t pid = fork();
	if (pid == 0)
		_exit(0);
	CHECK(pid != -1 && waitpid(pid, NULL, 0) == pid);
	return pid;
}

int main(void)
{
	pid_t pids[] = { 0, -1, -getpid(), -12345, 0x7fffffff, -0x7fffffff - 1, pid_of_nobody() };
	struct target t = { .pid = getpid(), .own = 1 };
	size_t i;

	target_warm_up(&t);
	for (i = 0; i < sizeof pids / sizeof *pids; i++) {
		MAP_FAILS_CLEANLY(&t, mmap_peer(pids[i], NULL, PAGE, PROT_READ, MAP_SHARED, NOFD, 0), ESRCH);
		MAP_FAILS_CLEANLY(&t, mmap64_peer(pids[i], NULL, PAGE, PROT_READ, MAP_SHARED, NOFD, 0), ESRCH);
		UNMAP_FAILS_CLEANLY(&t, munmap_peer(pids[i], (void *)0x10000, PAGE), ESRCH);
	}
	return 0;
}
