/*
 * A caller that is killed by SIGKILL at a random instant, a thousand times,
 * harms no target: its helper finishes what it began. The target, which checks
 * its own registers, memory, signal mask and the results of its own calls,
 * goes on; no tracer, descriptor or mapping is left in it but the mapping that
 * was asked for. Half of the calls map anonymous memory, half a descriptor.
 *
 * time-limit: 90
 */
#include "killing.h"

enum { KILLS = 1000 };

static int judge(int channel)
{
	int inside = kill_callers(check_rounds(KILLS), 0, 1);
	(void)channel;
	printf("%d callers killed, %d of them inside a call\n", check_rounds(KILLS), inside);
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
