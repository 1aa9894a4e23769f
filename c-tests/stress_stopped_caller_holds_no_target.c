/*
 * A caller, or its whole process group, that is stopped (SIGSTOP, Ctrl-Z) at a
 * random instant does not hold its target: while the caller stands still the
 * target goes on, untraced. After SIGCONT the caller's calls go on, too.
 *
 * time-limit: 60
 */
#include "killing.h"

enum { STOPS = 150 };

static int judge(int channel)
{
	unsigned seed = 3;
	pid_t caller = 0;
	(void)channel;
	for (int i = 0; i < check_rounds(STOPS); i++) {
		unsigned long calls;
		int group = i % 2;
		if (i % 25 == 0) {
			if (caller != 0) {
				CHECK(kill(caller, SIGKILL) == 0);
				CHECK(waitpid(caller, NULL, 0) == caller);
			}
			caller = caller_start(i % 50 ? killing_memfd : NOFD);
		}
		usleep(random_below(&seed, 900));
		CHECK(kill(group ? -caller : caller, group ? SIGTSTP : SIGSTOP) == 0);
		await_state(caller, 'T');
		AWAIT(proc_status(killing_target.pid, "TracerPid") == 0);
		witness_goes_on(&killing_target);
		calls = told->calls;
		CHECK(kill(group ? -caller : caller, SIGCONT) == 0);
		AWAIT(told->calls > calls + 1);
	}
	CHECK(kill(caller, SIGKILL) == 0);
	CHECK(waitpid(caller, NULL, 0) == caller);
	return 0;
}

int main(int argc, char **argv)
{
	be_patient(argc, argv);
	killing_prepare();
	judged(judge);
	return 0;
}
