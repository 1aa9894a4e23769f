/*
 * A target that is killed at any instant of a call: the call says ESRCH, if it
 * does not succeed before, nothing else, and it does not hang; the parent still
 * gets how its child ended, and neither a process nor a descriptor is left.
 *
 * time-limit: 40
 */
#include "caller.h"
#include "killer.h"

enum { TARGETS = 300 };

int main(int argc, char **argv)
{
	be_patient(argc, argv);
	static char before[8192], after[8192];
	struct peer killer = peer_start(killer_body);
	int fd = marked_memfd('K');
	unsigned long done = 0;

	fd_list(getpid(), before, sizeof before);
	for (unsigned i = 0; i < (unsigned)check_rounds(TARGETS); i++) {
		struct peer target = consenting_peer();
		int status, failed;
		killer_order(&killer, target.pid, i * 20000 * (TARGETS / (unsigned)check_rounds(TARGETS)) * (unsigned)check_slowness());    /* from no call to many */
		do {
			int by_fd = (int)(i % 2);
			void *at;
			errno = 0;
			at = mmap_peer(target.pid, NULL, check_page(), READ_WRITE,
				by_fd ? MAP_SHARED : PRIVATE_ANON, by_fd ? fd : NOFD, 0);
			failed = at == MAP_FAILED || munmap_peer(target.pid, at, check_page()) != 0;
			done += !failed;
		} while (!failed);
		if (errno != ESRCH)
			fprintf(stderr, "errno %d: %s\n", errno, mman_peer_explain());
		CHECK(errno == ESRCH);
		CHECK(waitpid(target.pid, &status, 0) == target.pid);
		CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
		close(target.channel);
	}
	CHECK(done > 0);
	CHECK(waitpid(-1, NULL, WNOHANG | __WALL) == 0);        /* the killer, and nobody else */
	check_same_text("descriptors", before, fd_list(getpid(), after, sizeof after));
	killer_dismiss(&killer);
	return 0;
}
