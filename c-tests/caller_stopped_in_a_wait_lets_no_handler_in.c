/*
 * A call waits for its target, and Ctrl-Z stops the caller. A handler that is due
 * when it goes on, of SIGCONT or of a signal that came meanwhile, runs when the
 * call has ended, and may leave by siglongjmp(): nothing of the call is open.
 */
#include "caller.h"
#include <setjmp.h>

static pid_t target;
static volatile int *begun;
static int handled;
static sigjmp_buf back;

static void leaves(int sig) { (void)sig; siglongjmp(back, 1); }

static int caller_body(int channel)
{
	static char fds[8192], text[8192];
	(void)channel;
	/* SIGTSTP stops nobody in an orphaned process group, as the test's may be. */
	CHECK(setpgid(0, 0) == 0);
	CHECK(signal(handled, leaves) != SIG_ERR);
	fd_list(getpid(), fds, sizeof fds);
	if (sigsetjmp(back, 1) == 0) {
		*begun = 1;
		(void)mmap_peer(target, NULL, check_page(), READ_WRITE, PRIVATE_ANON, NOFD, 0);
		CHECK(!"the handler has run");
	}
	check_same_text("the caller's descriptors", fds, fd_list(getpid(), text, sizeof text));
	return 0;
}

static void stop_and_continue(int sig)
{
	struct peer caller;
	*begun = 0;
	handled = sig;
	caller = peer_start(caller_body);
	stop_in_call(caller.pid, begun);
	CHECK(kill(caller.pid, sig) == 0);
	CHECK(kill(caller.pid, SIGCONT) == 0);
	CHECK(peer_status(&caller) == 0);
	close(caller.channel);
}

int main(int argc, char **argv)
{
	struct peer held, debugger;
	(void)argc;
	rerun_with(argv, "MMAN_PEER_TIMEOUT_MS", "10000");
	begun = mmap(NULL, check_page(), READ_WRITE, MAP_SHARED | MAP_ANON, -1, 0);
	CHECK(begun != MAP_FAILED);
	held = consenting_peer();
	debugger = debugger_start(held.pid);
	target = held.pid;
	stop_and_continue(SIGUSR1);
	stop_and_continue(SIGCONT);
	peer_kill(&debugger);
	peer_dismiss(&held);
	return 0;
}
