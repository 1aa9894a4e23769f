/*
 * A caller of which one thread is in a call while another ends the process or
 * replaces its program by exec: the target goes on unharmed, as in
 * stress_caller_killed_at_random_instants, and neither waits for the call.
 *
 * time-limit: 60
 */
#include "killing.h"

enum { ROUNDS = 300 };

static void *thread_calls(void *fd) { (void)calls_for_ever((int)(intptr_t)fd); return NULL; }

/* Ends by _exit(7), or by a new program that does so, at a random instant. */
static int caller(int fd, unsigned delay, int by_exec)
{
	char *again[] = { "again", "exit", NULL };
	(void)thread_start(thread_calls, (void *)(intptr_t)fd);
	while (told->calls == 0)
		sched_yield();
	usleep(delay);
	if (by_exec)
		execv("/proc/self/exe", again);
	return 7;
}

static int judge(int channel)
{
	unsigned seed = 5;
	(void)channel;
	CHECK(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
	judge_target();
	for (int i = 0; i < check_rounds(ROUNDS); i++) {
		unsigned delay = random_below(&seed, 700);
		int status;
		pid_t pid;
		told->calls = 0;
		pid = fork();
		CHECK(pid != -1);
		if (pid == 0)
			_exit(caller(i % 4 < 2 ? killing_memfd : NOFD, delay, i % 2));
		CHECK(waitpid(pid, &status, 0) == pid);
		CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 7);
		judge_target();
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 2)
		return 7;
	be_patient(argc, argv);
	killing_prepare();
	judged(judge);
	return 0;
}
