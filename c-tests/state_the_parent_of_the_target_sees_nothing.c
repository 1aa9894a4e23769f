/*
 * The target's parent is neither the caller nor told anything: while a third
 * process maps and unmaps hundreds of times, the parent's wait for its children,
 * stopped and continued ones included, returns only when the target has exited,
 * with the target's status, and one SIGCHLD is all that it gets.
 */
#include "disturb.h"

static struct { atomic_int target, dismissed; atomic_int sigchld, waits; int status; } *shared;

static void count_sigchld(int sig) { (void)sig; shared->sigchld++; }

static void target(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (!shared->dismissed)
		usleep(1000);
	_exit(5);
}

static int parent(int channel)
{
	struct sigaction a = { .sa_handler = count_sigchld, .sa_flags = SA_RESTART };
	pid_t child;
	int status;
	(void)channel;
	CHECK(sigaction(SIGCHLD, &a, NULL) == 0);
	child = fork();
	CHECK(child != -1);
	if (child == 0)
		target();
	shared->target = child;
	for (;;) {
		CHECK(waitpid(-1, &status, WUNTRACED | WCONTINUED | __WALL) == child);
		shared->waits++;
		shared->status = status;
		if (!WIFSTOPPED(status) && !WIFCONTINUED(status))
			return 0;
	}
}

int main(void)
{
	struct peer p;
	shared = shared_memory(sizeof *shared);
	p = peer_start(parent);
	AWAIT(shared->target != 0);
	await_syscall(p.pid, SYS_wait4);
	disturb_times(shared->target, 300);
	await_syscall(p.pid, SYS_wait4);
	CHECK(shared->waits == 0 && shared->sigchld == 0);
	CHECK(tracer_of(shared->target) == 0);
	shared->dismissed = 1;
	CHECK(peer_status(&p) == 0);
	CHECK(shared->waits == 1 && shared->sigchld == 1);
	CHECK(WIFEXITED(shared->status) && WEXITSTATUS(shared->status) == 5);
	return 0;
}
