/*
 * The service of a busy or stopped target comes late to an order, and the
 * caller may not trace. The call waits as long as MMAN_PEER_TIMEOUT_MS says; then it
 * is EAGAIN, which can be tried again, and not the EPERM of the tracing. If the target
 * ends meanwhile, that is ESRCH.
 */
#include "caller.h"
#include "service.h"

/* Sends the process a signal when it has kept the caller for longer than a service is
 * waited for first. */
static int sends(int channel)
{
	pid_t target = (pid_t)hear_word(channel);
	int sig = (int)hear_word(channel);
	double until = check_now() + 0.4;
	AWAIT(check_now() > until);
	CHECK(kill(target, sig) == 0);
	return 0;
}

static struct peer stopped_and_sent(struct peer *target, int sig)
{
	struct peer other = peer_start(sends);
	CHECK(kill(target->pid, SIGSTOP) == 0);
	await_state(target->pid, 'T');
	tell_word(other.channel, (uintptr_t)target->pid);
	tell_word(other.channel, (uintptr_t)sig);
	return other;
}

/* It takes the kernel a while to end it. */
static int has_much_memory(int channel)
{
	size_t size = (size_t)128 << 20;
	char *much = mmap(NULL, size, READ_WRITE, PRIVATE_ANON, -1, 0);
	CHECK(much != MAP_FAILED);
	for (size_t i = 0; i < size; i += check_page())
		much[i] = 1;
	return serving_body(channel);
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

	other = stopped_and_sent(&target, SIGCONT);
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

	for (int i = 0; i < check_fewer(4); i++) {
		target = peer_start(has_much_memory);
		(void)peer_mapped(&target, NULL);
		other = stopped_and_sent(&target, SIGKILL);
		CHECK_MAP_FAILS(mmap_peer(target.pid, NULL, check_page(), READ_WRITE, PRIVATE_ANON, NOFD, 0), ESRCH);
		CHECK(peer_status(&other) == 0);
		close(other.channel);
		peer_kill(&target);
	}
	return 0;
}
