/* runs-as: user
 * A target begins to serve just after a call has injected it, and lets nobody trace
 * it from then on. The next call goes by its service.
 */
#include "caller.h"
#include "service.h"

enum { TARGETS = 100 };

static int body(int channel)
{
	CHECK(mman_peer_allow(-1) == 0);
	CHECK(hear_word(channel) == 1);
	CHECK_OK(mman_peer_serve());
	CHECK(prctl(PR_SET_DUMPABLE, 0) == 0);
	tell_word(channel, 1);
	return obedient_body(channel);
}

int main(void)
{
	for (int i = 0; i < check_rounds(TARGETS); i++) {
		struct peer p = peer_start(body);
		void *a;
		CHECK_MAPS(a, mmap_peer(p.pid, NULL, check_page(), READ_WRITE, PRIVATE_ANON, NOFD, 0));
		tell_word(p.channel, 1);
		CHECK(hear_word(p.channel) == 1);
		CHECK_OK(munmap_peer(p.pid, a, check_page()));
		peer_dismiss(&p);
	}
	return 0;
}
