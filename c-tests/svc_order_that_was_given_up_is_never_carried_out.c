/*
 * A stopped target's service is silent. What the caller has given up is not
 * carried out when the target is continued; and without MMAN_PEER_ENGINE the call
 * reaches the target by injection, with its stop.
 */
#include "caller.h"
#include "service.h"

static int body(int channel)
{
	CHECK(mman_peer_allow(-1) == 0);
	return serving_body(channel);
}

int main(int argc, char **argv)
{
	static char maps[65536], text[65536];
	struct peer target;
	void *a;
	double began;
	(void)argc;
	rerun_with(argv, "MMAN_PEER_TIMEOUT_MS", "300");
	int only = getenv("MMAN_PEER_ENGINE") && strcmp(getenv("MMAN_PEER_ENGINE"), "service") == 0;
	target = peer_start(body);
	use_service(&target);
	proc_text(target.pid, "maps", maps, sizeof maps);
	CHECK(kill(target.pid, SIGSTOP) == 0);
	await_state(target.pid, 'T');
	for (int i = 0; i < 5; i++) {
		began = check_now();
		if (only) {
			CHECK_MAP_FAILS(mmap_peer(target.pid, NULL, check_page(), READ_WRITE, PRIVATE_ANON, NOFD, 0), EAGAIN);
			CHECK(check_now() - began < 5);
		} else {
			CHECK_MAPS(a, mmap_peer(target.pid, NULL, check_page(), READ_WRITE, PRIVATE_ANON, NOFD, 0));
			CHECK_OK(munmap_peer(target.pid, a, check_page()));
		}
	}
	CHECK(kill(target.pid, SIGCONT) == 0);
	use_service(&target);
	check_same_text("mappings", maps, proc_text(target.pid, "maps", text, sizeof text));
	peer_dismiss(&target);
	return 0;
}
