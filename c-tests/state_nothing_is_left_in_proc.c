/*
 * What /proc says of a target is the same before and after mappings have been
 * made and removed, anonymous and of a file, and after calls that failed: its
 * maps to the byte, descriptors, signal sets, seccomp state, limits, parent,
 * session and terminal; and nobody traces it.
 */
#include "disturb.h"

static int target(int channel)
{
	sigset_t some;
	sigemptyset(&some);
	sigaddset(&some, SIGUSR1);
	sigaddset(&some, SIGRTMIN);
	CHECK(sigprocmask(SIG_SETMASK, &some, NULL) == 0);
	CHECK(signal(SIGHUP, SIG_IGN) != SIG_ERR);
	CHECK(raise(SIGUSR1) == 0);     /* stays pending */
	tell_word(channel, 1);
	return (int)hear_word(channel);
}

int main(void)
{
	static struct portrait before, after;
	struct peer p = peer_start(target);
	int i, fd = an_object();
	CHECK(hear_word(p.channel) == 1);
	await_syscall(p.pid, CALL_OF_RECV);
	portrait_take(p.pid, &before);
	for (i = 0; i < check_rounds(20); i++) {
		disturb(p.pid);
		disturb_by_file(p.pid, fd);
		/* The target's own mmap() refuses: no room of that size. */
		CHECK_MAP_FAILS(mmap_peer(p.pid, NULL, TOO_LONG, PROT_READ,
			MAP_PRIVATE | MAP_ANON, NOFD, 0), ENOMEM);
		CHECK(tracer_of(p.pid) == 0);
	}
	await_syscall(p.pid, CALL_OF_RECV);
	portrait_take(p.pid, &after);
	portrait_same(&before, &after);
	CHECK(task_state(p.pid) == 'S');
	tell_word(p.channel, 0);
	CHECK(peer_status(&p) == 0);
	return 0;
}
