/*
 * The caller's own children stay the caller's: one that has ended, one that
 * has stopped and one that was continued are still to be waited for after
 * calls, with the status they had, and the target's own end is, too.
 */
#include "caller.h"

static int ends_with_43(int channel) { (void)channel; return 43; }
static int waits(int channel) { (void)channel; return sleep_for_ever(); }

static void calls(pid_t target)
{
	for (int i = 0; i < check_rounds(100); i++) {
		void *at;
		CHECK_MAPS(at, mmap_peer(target, NULL, check_page(), READ_WRITE, PRIVATE_ANON, NOFD, 0));
		CHECK_OK(munmap_peer(target, at, check_page()));
	}
}

int main(int argc, char **argv)
{
	be_patient(argc, argv);
	struct peer ended = peer_start(ends_with_43);
	struct peer stopped = peer_start(waits);
	struct peer continued = peer_start(waits);
	struct peer target = consenting_peer();
	siginfo_t info;
	int status;

	CHECK(kill(stopped.pid, SIGSTOP) == 0);
	CHECK(kill(continued.pid, SIGSTOP) == 0);
	CHECK(waitpid(continued.pid, &status, WUNTRACED) == continued.pid && WIFSTOPPED(status));
	CHECK(kill(continued.pid, SIGCONT) == 0);
	await_state(ended.pid, 'Z');
	await_state(stopped.pid, 'T');
	await_state(continued.pid, 'S');

	calls(target.pid);
	CHECK(waitpid(ended.pid, &status, WNOHANG) == ended.pid);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 43);
	CHECK(waitpid(stopped.pid, &status, WUNTRACED | WNOHANG) == stopped.pid);
	CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
	CHECK(waitpid(continued.pid, &status, WCONTINUED | WNOHANG) == continued.pid);
	CHECK(WIFCONTINUED(status));

	/* A stopped target takes calls, stays stopped, and its stop is reported once. */
	calls(stopped.pid);
	await_state(stopped.pid, 'T');
	memset(&info, 0, sizeof info);
	CHECK(waitid(P_PID, (id_t)stopped.pid, &info, WSTOPPED | WCONTINUED | WNOHANG) == 0 && info.si_pid == 0);

	CHECK(kill(target.pid, SIGTERM) == 0);
	await_state(target.pid, 'Z');
	CHECK_MAP_FAILS(mmap_peer(target.pid, NULL, check_page(), READ_WRITE, PRIVATE_ANON, NOFD, 0), ESRCH);
	CHECK(waitpid(target.pid, &status, WNOHANG) == target.pid);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
	peer_kill(&stopped);
	peer_kill(&continued);
	return 0;
}
