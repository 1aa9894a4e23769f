/*
 * While a call waits for a target that cannot be reached, a signal for which
 * the caller has a handler ends the wait: EINTR, the handler has run when the
 * call returns, and nothing was done. For either kind of such a target, and
 * whether the signal is for the thread or for the process.
 */
#include "caller.h"

static volatile sig_atomic_t handled;
static void on_signal(int signal) { (void)signal; handled++; }

static volatile int begun_call;

struct strike {
	pthread_t thread;
	pid_t tid;
	int for_the_thread;
};

/* Sends one signal to a thread once that waits inside its call. */
static void *strikes(void *argument)
{
	struct strike *s = argument;
	await_asleep_in_call(s->tid, &begun_call);
	if (s->for_the_thread)
		CHECK(pthread_kill(s->thread, SIGUSR1) == 0);
	else
		CHECK(kill(getpid(), SIGUSR1) == 0);
	return NULL;
}

static void interrupted(pid_t target, int unmap, int flags, int for_the_thread)
{
	static char before[65536], after[65536];
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = flags };
	struct strike strike = { pthread_self(), gettid(), for_the_thread };
	double begun = check_now();
	sigset_t usr1;
	pthread_t striker;

	proc_text(target, "maps", before, sizeof before);
	CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
	begun_call = 0;
	/* The striker leaves the signal to this thread. */
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	CHECK(pthread_sigmask(SIG_BLOCK, &usr1, NULL) == 0);
	striker = thread_start(strikes, &strike);
	CHECK(pthread_sigmask(SIG_UNBLOCK, &usr1, NULL) == 0);
	handled = 0;
	begun_call = 1;
	if (unmap)
		CHECK_UNMAP_FAILS(munmap_peer(target, (void *)before, sizeof before), EINTR);
	else
		CHECK_MAP_FAILS(mmap_peer(target, NULL, check_page(), READ_WRITE, PRIVATE_ANON, NOFD, 0), EINTR);
	CHECK(handled == 1);
	CHECK(check_now() - begun < 5);
	thread_end(striker);
	check_same_text("the target's mappings", before, proc_text(target, "maps", after, sizeof after));
}

int main(int argc, char **argv)
{
	struct peer held, vforked, debugger;

	(void)argc;
	rerun_with(argv, "MMAN_PEER_TIMEOUT_MS", "10000");
	held = consenting_peer();
	debugger = debugger_start(held.pid);
	vforked = vfork_peer();
	interrupted(held.pid, 0, 0, 1);
	interrupted(held.pid, 1, SA_RESTART, 0);
	interrupted(vforked.pid, 0, SA_RESTART, 1);
	interrupted(vforked.pid, 1, 0, 0);
	CHECK(proc_status(vforked.pid, "TracerPid") == 0);
	vfork_release();
	CHECK(!peer_mapped(&vforked, NULL));
	peer_kill(&debugger);
	CHECK(!peer_mapped(&held, NULL));
	peer_dismiss(&vforked);
	peer_dismiss(&held);
	return 0;
}
