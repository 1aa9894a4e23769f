/*
 * The service of a busy or stopped target comes late to an order, and the
 * caller may not trace. The call waits as long as MMAN_PEER_TIMEOUT_MS says; then it
 * is EAGAIN, which can be tried again, and not the EPERM of the tracing.
 */
#include "caller.h"
#include "service.h"

/* Lets the process go on when it has kept the caller for longer than a service is
 * waited for first. */
static int continues(int channel)
{
	pid_t target = (pid_t)hear_word(channel);
	double until = check_now() + 0.4;
	AWAIT(check_now() > until);
	CHECK(kill(target, SIGCONT) == 0);
	return 0;
}

int main(int argc, char **argv)
{
	static char maps[65536], text[65536];
	struct peer target, other;
	void *a;
	(void)argc;
	rerun_with(argv, "MMAN_PEER_TIMEOUT_MS", "1500");
	forbid_tracing();
	target = serving_peer();
	use_service(&target);
	proc_text(target.pid, "maps", maps, sizeof maps);

	other = peer_start(continues);
	CHECK(kill(target.pid, SIGSTOP) == 0);
	await_state(target.pid, 'T');
	tell_word(other.channel, (uintptr_t)target.pid);
	CHECK_MAPS(a, mmap_peer(target.pid, NULL, check_page(), READ_WRITE, PRIVATE_ANON, NOFD, 0));
	CHECK(peer_status(&other) == 0);
	CHECK_OK(munmap_peer(target.pid, a, check_page()));

	CHECK(kill(target.pid, SIGSTOP) == 0);
	await_state(target.pid, 'T');
	CHECK_MAP_FAILS(mmap_peer(target.pid, NULL, check_page(), READ_WRITE, PRIVATE_ANON, NOFD, 0), EAGAIN);
	CHECK(kill(target.pid, SIGCONT) == 0);
	use_service(&target);
	check_same_text("mappings", maps, proc_text(target.pid, "maps", text, sizeof text));
	peer_dismiss(&target);
	return 0;
}
