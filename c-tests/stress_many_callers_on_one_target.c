/*
 * Eight processes call on one target at once. Each waits for its turn, none
 * fails, and the target is in the end as it was, its registers and memory all
 * the while.
 *
 * time-limit: 60
 */
#include "witness.h"

enum { CALLERS = 8, PAIRS = 60 };

static struct peer target;

static int caller_body(int channel)
{
	size_t length = check_page() * (size_t)hear_word(channel);
	int fd = marked_memfd('1');
	for (int i = 0; i < check_rounds(PAIRS); i++) {
		void *at;
		CHECK_MAPS(at, mmap_peer(target.pid, NULL, length, READ_WRITE,
			i % 3 ? PRIVATE_ANON : MAP_SHARED, i % 3 ? NOFD : fd, 0));
		CHECK_OK(munmap_peer(target.pid, at, length));
	}
	return 0;
}

int main(int argc, char **argv)
{
	be_patient(argc, argv);
	static char maps[65536], fds[8192], text[65536];
	struct peer callers[CALLERS];

	target = witness_start();
	CHECK_OK(munmap_peer(target.pid, (void *)check_page(), check_page()));
	proc_text(target.pid, "maps", maps, sizeof maps);
	fd_list(target.pid, fds, sizeof fds);
	for (int i = 0; i < CALLERS; i++)
		callers[i] = peer_start(caller_body);
	for (int i = 0; i < CALLERS; i++)
		tell_word(callers[i].channel, (uintptr_t)i + 1);
	for (int i = 0; i < CALLERS; i++)
		CHECK(peer_status(&callers[i]) == 0);
	witness_goes_on(&target);
	check_same_text("the target's mappings", maps, proc_text(target.pid, "maps", text, sizeof text));
	check_same_text("the target's descriptors", fds, fd_list(target.pid, text, sizeof text));
	CHECK(proc_status(target.pid, "TracerPid") == 0);
	peer_kill(&target);
	return 0;
}
