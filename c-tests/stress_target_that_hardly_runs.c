/*
 * A target that gets a processor only now and then (the lowest policy, beside
 * a process that never rests) takes long for each step of a call. The call
 * waits, or says EAGAIN and has left nothing; and when its caller is killed
 * meanwhile, the helper finishes all the same, or has not begun.
 *
 * time-limit: 60
 */
#include "killing.h"
#include <sched.h>

enum { CALLS = 6, KILLS = 12 };

static void pin(pid_t pid, int policy)
{
	struct sched_param none = { 0 };
	cpu_set_t first;
	int cpu = 0;
	CHECK(sched_getaffinity(0, sizeof first, &first) == 0);
	while (!CPU_ISSET(cpu, &first))
		cpu++;
	CPU_ZERO(&first);
	CPU_SET(cpu, &first);
	CHECK(sched_setaffinity(pid, sizeof first, &first) == 0);
	CHECK(sched_setscheduler(pid, policy, &none) == 0);
}

static int never_rests(int channel)
{
	(void)channel;
	for (volatile unsigned long i = 0;; i++)
		if (i == ~0ul)
			return 0;
}

static int judge(int channel)
{
	static char before[131072], after[131072];
	unsigned seed = 9;
	(void)channel;
	CHECK(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
	killing_residue(before, sizeof before);
	for (int i = 0; i < check_rounds(CALLS); i++) {
		void *at = mmap_peer(killing_target.pid, killing_place, killing_length(), READ_WRITE,
			MAP_SHARED | MAP_FIXED, killing_memfd, 0);
		if (at == MAP_FAILED && errno != EAGAIN)
			fprintf(stderr, "errno %d: %s\n", errno, mman_peer_explain());
		CHECK(at == killing_place || (at == MAP_FAILED && errno == EAGAIN));
		check_same_text("the target after a call", before, killing_residue(after, sizeof after));
	}
	for (int i = 0; i < check_rounds(KILLS); i++) {
		pid_t caller;
		told->inside = 0;
		caller = fork();
		CHECK(caller != -1);
		if (caller == 0) {
			killing_call(0, killing_memfd);
			_exit(0);
		}
		AWAIT(told->inside);
		usleep(random_below(&seed, 60000));
		CHECK(kill(caller, SIGKILL) == 0);
		CHECK(waitpid(caller, NULL, 0) == caller);
		await_helpers();
		CHECK(proc_status(killing_target.pid, "TracerPid") == 0);
		check_same_text("the target after a kill", before, killing_residue(after, sizeof after));
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct peer busy;
	(void)argc;
	rerun_with(argv, "MMAN_PEER_TIMEOUT_MS", "300");
	killing_prepare();
	busy = peer_start(never_rests);
	pin(busy.pid, SCHED_OTHER);
	pin(killing_target.pid, SCHED_IDLE);
	judged(judge);
	peer_kill(&busy);
	return 0;
}
