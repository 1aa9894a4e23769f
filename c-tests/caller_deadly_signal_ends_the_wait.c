/*
 * While a call waits for a target that cannot be reached, a signal that ends
 * the caller does so, and one that stops it does so: Ctrl-C and Ctrl-Z need
 * not wait for MMAN_PEER_TIMEOUT_MS. The target is left alone.
 */
#include "caller.h"

static pid_t target;
static volatile int *begun;

static int caller_body(int channel)
{
	(void)channel;
	/* SIGTSTP stops nobody in an orphaned process group, as the test's may be. */
	CHECK(setpgid(0, 0) == 0);
	*begun = 1;
	(void)mmap_peer(target, NULL, check_page(), READ_WRITE, PRIVATE_ANON, NOFD, 0);
	return 0;
}

static void strike(int deadly)
{
	double start = check_now();
	struct peer caller;
	int status;
	*begun = 0;
	caller = peer_start(caller_body);
	stop_in_call(caller.pid, begun);
	CHECK(kill(caller.pid, SIGCONT) == 0);
	CHECK(kill(caller.pid, deadly) == 0);
	CHECK(waitpid(caller.pid, &status, 0) == caller.pid);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == deadly);
	CHECK(check_now() - start < 5);
	close(caller.channel);
}

int main(int argc, char **argv)
{
	struct peer held, vforked, debugger;

	(void)argc;
	rerun_with(argv, "MMAN_PEER_TIMEOUT_MS", "10000");
	begun = mmap(NULL, check_page(), READ_WRITE, MAP_SHARED | MAP_ANON, -1, 0);
	CHECK(begun != MAP_FAILED);
	held = consenting_peer();
	debugger = debugger_start(held.pid);
	vforked = vfork_peer();
	target = held.pid;
	strike(SIGINT);
	strike(SIGKILL);
	target = vforked.pid;
	strike(SIGTERM);
	strike(SIGKILL);
	AWAIT(proc_status(vforked.pid, "TracerPid") == 0);
	vfork_release();
	CHECK(!peer_mapped(&vforked, NULL));
	peer_kill(&debugger);
	peer_dismiss(&vforked);
	peer_dismiss(&held);
	return 0;
}
