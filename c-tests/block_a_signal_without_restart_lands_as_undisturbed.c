/*
 * A signal whose handler has no SA_RESTART reaches a sleeping target just
 * while mappings are created and removed in it. The call answers EINTR as it
 * does undisturbed, and the handler runs once.
 *
 * runs-alone
 */
#include "landing.h"

int main(void)
{
	CHECK(play_all(one_signal_a_round, 0, 1.0, same_result) == 0);
	return 0;
}
