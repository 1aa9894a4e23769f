/* runs-as: root
 * A service ends while its caller has yet to take the answer of its desk. The
 * caller takes it all the same, and does not have the order carried out once more.
 */
#include "large.h"

int main(void)
{
	target = large_target();
	for (int round = 0; round < check_fewer(4); round++) {
		long before = proc_status(target.pid, "VmSize");
		struct peer caller = peer_start(large_caller);
		void *at;
		while (large_growth(before) == 0)
			;
		CHECK(kill(caller.pid, SIGSTOP) == 0);
		await_state(caller.pid, 'T');
		large_target_serves(0);
		CHECK(kill(caller.pid, SIGCONT) == 0);
		at = (void *)hear_word(caller.channel);
		tell_word(caller.channel, 0);
		CHECK(peer_status(&caller) == 0);
		close(caller.channel);
		CHECK(at != MAP_FAILED && large_growth(before) == 1);
		large_target_serves(1);
		CHECK_OK(munmap_peer(target.pid, at, LARGE));
	}
	peer_kill(&target);
	return 0;
}
