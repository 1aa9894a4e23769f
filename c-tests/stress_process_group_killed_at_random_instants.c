/*
 * SIGKILL to the caller's whole process group, as a terminal's or a batch
 * system's is, does not meet a helper that holds the target: that is in a
 * session of its own. The target goes on, as in
 * stress_caller_killed_at_random_instants.
 *
 * time-limit: 60
 */
#include "killing.h"

enum { KILLS = 200 };

static int judge(int channel)
{
	int inside = kill_callers(check_rounds(KILLS), 1, 2);
	(void)channel;
	printf("%d process groups killed, %d of them inside a call\n", check_rounds(KILLS), inside);
	fflush(stdout);
	CHECK(inside >= check_rounds(KILLS) / 2);
	return 0;
}

int main(int argc, char **argv)
{
	be_patient(argc, argv);
	killing_prepare();
	judged(judge);
	return 0;
}
