/*
 * A child of fork() has no service until it asks for one; started with
 * MMAN_PEER_SERVE=1, a program and its children serve from the beginning, and
 * fork() has returned in the parent only when they do.
 */
#include "caller.h"
#include "service.h"

static int serves_later(int channel)
{
	tell_word(channel, (uintptr_t)thread_count(getpid()));
	CHECK(hear_word(channel) == 1);
	CHECK_OK(mman_peer_serve());
	CHECK_OK(mman_peer_serve());
	CHECK(thread_count(getpid()) == 3);
	tell_word(channel, 1);
	return obedient_body(channel);
}

int main(int argc, char **argv)
{
	struct peer child;
	(void)argc;
	if (getenv("BY_ENVIRONMENT") == NULL) {
		unsetenv("MMAN_PEER_SERVE");
		rerun_with(argv, "ASKED", "1");
		CHECK_OK(mman_peer_serve());
		child = peer_start(serves_later);
		CHECK(hear_word(child.channel) == 1);	/* thread */
		CHECK(service_connect(child.pid) == -1 && errno == ECONNREFUSED);
		tell_word(child.channel, 1);
		CHECK(hear_word(child.channel) == 1);
		for (int i = 0; i < 10; i++)
			use_service(&child);
		peer_dismiss(&child);
		CHECK(setenv("MMAN_PEER_SERVE", "1", 1) == 0);
		rerun_with(argv, "BY_ENVIRONMENT", "1");
	}
	CHECK(thread_count(getpid()) == 3);
	for (int i = 0; i < check_rounds(20); i++) {
		int to;
		child = peer_start(obedient_body);
		to = service_connect(child.pid);	/* at once */
		CHECK(to != -1);
		close(to);
		use_service(&child);
		peer_dismiss(&child);
	}
	return 0;
}
