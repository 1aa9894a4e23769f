/*
 * A signal whose handler has SA_RESTART reaches a sleeping target just while
 * mappings are created and removed in it. Calls that restart after such a
 * signal do so, calls that do not (nanosleep, poll, epoll_wait ...) answer
 * EINTR; the handler runs once.
 *
 * runs-alone
 */
#include "landing.h"

int main(void)
{
	CHECK(play_all(one_signal_a_round, SA_RESTART, 1.0, same_result) == 0);
	return 0;
}
