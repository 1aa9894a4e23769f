/*
 * RLIMIT_SIGPENDING 0 in the caller, so that no signal with data can be queued
 * there, hinders no call; neither do ignored SIGCHLD and SIGALRM, nor
 * SA_NOCLDWAIT.
 */
#include "limits.h"

int main(int argc, char **argv)
{
	be_patient(argc, argv);
	static const int none[] = { 0 };
	struct sigaction action = { .sa_handler = SIG_IGN, .sa_flags = SA_NOCLDWAIT | SA_NOCLDSTOP };
	struct peer target = consenting_peer();
	int fd = marked_memfd('q');
	struct rlimit zero = { 0, 0 };

	CHECK(setrlimit(RLIMIT_SIGPENDING, &zero) == 0);
	CHECK(sigaction(SIGCHLD, &action, NULL) == 0);
	CHECK(signal(SIGALRM, SIG_IGN) != SIG_ERR);
	for (int i = 0; i < 20; i++) {
		CHECK(call_allowing("anonymous", target.pid, PRIVATE_ANON, NOFD, none, NULL));
		CHECK(call_allowing("descriptor", target.pid, MAP_SHARED, fd, none, NULL));
	}
	peer_kill(&target);
	return 0;
}
