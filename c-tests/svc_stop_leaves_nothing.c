/*
 * When mman_peer_serve_stop() returns, the service's threads are gone, its name
 * is free, and the process is as it was; it can serve again, any number of times.
 */
#include "caller.h"
#include "service.h"

static int body(int channel)
{
	static char fds[8192], text[8192];
	CHECK_OK(mman_peer_serve_stop());
	CHECK(thread_count(getpid()) == 1);
	fd_list(getpid(), fds, sizeof fds);
	for (int i = 0; i < check_rounds(50); i++) {
		CHECK_OK(mman_peer_serve());
		CHECK(thread_count(getpid()) == 3);
		tell_word(channel, 1);
		CHECK(hear_word(channel) == 1);
		CHECK_OK(mman_peer_serve_stop());
		CHECK(thread_count(getpid()) == 1);
		CHECK(service_connect(getpid()) == -1 && errno == ECONNREFUSED);
		check_same_text("descriptors", fds, fd_list(getpid(), text, sizeof text));
	}
	CHECK_OK(mman_peer_serve_stop());
	return 0;
}

int main(void)
{
	struct peer target = peer_start(body);
	for (int i = 0; i < check_rounds(50); i++) {
		void *a;
		CHECK(hear_word(target.channel) == 1);
		CHECK_MAPS(a, mmap_peer(target.pid, NULL, check_page(), READ_WRITE, PRIVATE_ANON, NOFD, 0));
		CHECK_OK(munmap_peer(target.pid, a, check_page()));
		tell_word(target.channel, 1);
	}
	CHECK(peer_status(&target) == 0);
	return 0;
}
