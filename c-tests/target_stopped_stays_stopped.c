/*
 * A target is stopped by SIGSTOP. Mappings are made and removed in it, and it
 * stays stopped: its parent is told nothing, no counter of it moves, and SIGCONT
 * continues it as ever. Its memory is mapped although it does not run.
 */
#include "disturb.h"

static atomic_ulong *counter;

static int target(int channel)
{
	(void)channel;
	for (;;) {
		++*counter;
		if (*counter % 1024 == 0)
			usleep(100);
	}
	return 0;
}

static int writes_into(pid_t pid, void *at)
{
	char byte = 'x';
	struct iovec from = { &byte, 1 }, to = { at, 1 };
	return process_vm_writev(pid, &from, 1, &to, 1, 0) == 1;
}

int main(void)
{
	struct peer p;
	unsigned long count;
	int status, round, i, fd = an_object();
	void *m;
	counter = shared_memory(sizeof *counter);
	p = peer_start(target);
	for (round = 0; round < 5; round++) {
		AWAIT(*counter > 0);
		CHECK(kill(p.pid, SIGSTOP) == 0);
		CHECK(waitpid(p.pid, &status, WUNTRACED) == p.pid && WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
		count = *counter;
		for (i = 0; i < check_rounds(20); i++) {
			m = map_in(p.pid);
			CHECK(writes_into(p.pid, m));
			unmap_in(p.pid, m);
			CHECK(!writes_into(p.pid, m));
			disturb_by_file(p.pid, fd);
		}
		/* When it is let go it stops again, by itself and soon. */
		AWAIT(task_state(p.pid) == 'T');
		CHECK(waitpid(p.pid, &status, WUNTRACED | WCONTINUED | WNOHANG) == 0);
		CHECK(*counter == count);
		CHECK(tracer_of(p.pid) == 0);
		CHECK(kill(p.pid, SIGCONT) == 0);
		CHECK(waitpid(p.pid, &status, WUNTRACED | WCONTINUED) == p.pid && WIFCONTINUED(status));
		AWAIT(*counter > count);
	}
	peer_kill(&p);
	return 0;
}
