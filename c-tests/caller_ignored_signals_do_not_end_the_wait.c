/*
 * Signals that the caller ignores, that are ignored by default, or that it has
 * blocked do not end a call's wait for a target that cannot be reached: it
 * lasts until MMAN_PEER_TIMEOUT_MS and says EAGAIN. The blocked one is still
 * pending afterwards.
 */
#include "caller.h"

static volatile sig_atomic_t handled;
static void on_signal(int signal) { (void)signal; handled++; }

static volatile int calls_are_over;

/* Sends them to the calling thread and to the process, and takes none itself. */
static void *pelts(void *caller)
{
	static const int signals[] = { SIGUSR1, SIGUSR2, SIGCHLD, SIGWINCH, SIGURG, SIGCONT };
	sigset_t all;
	sigfillset(&all);
	CHECK(pthread_sigmask(SIG_SETMASK, &all, NULL) == 0);
	while (!calls_are_over) {
		for (size_t i = 0; i < LENGTH_OF(signals); i++) {
			kill(getpid(), signals[i]);
			pthread_kill(*(pthread_t *)caller, signals[i]);
		}
		usleep(2000);
	}
	return NULL;
}

static void waits_in_full(pid_t target)
{
	double begun = check_now();
	CHECK_MAP_FAILS(mmap_peer(target, NULL, check_page(), READ_WRITE, PRIVATE_ANON, NOFD, 0), EAGAIN);
	CHECK(check_now() - begun >= 0.29);
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct peer held, debugger, vforked;
	sigset_t blocked, pending;
	pthread_t pelter, self = pthread_self();

	(void)argc;
	rerun_with(argv, "MMAN_PEER_TIMEOUT_MS", "300");
	held = consenting_peer();
	debugger = debugger_start(held.pid);
	vforked = vfork_peer();
	CHECK(signal(SIGUSR1, SIG_IGN) != SIG_ERR);
	CHECK(sigaction(SIGUSR2, &action, NULL) == 0);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGUSR2);
	CHECK(sigprocmask(SIG_BLOCK, &blocked, NULL) == 0);
	pelter = thread_start(pelts, &self);

	waits_in_full(held.pid);
	waits_in_full(vforked.pid);
	CHECK(handled == 0);
	calls_are_over = 1;
	thread_end(pelter);
	CHECK(sigpending(&pending) == 0 && sigismember(&pending, SIGUSR2) == 1);

	vfork_release();
	peer_dismiss(&vforked);
	peer_kill(&debugger);
	peer_dismiss(&held);
	return 0;
}
