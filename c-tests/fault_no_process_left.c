/*
 * A user at the limit of processes (RLIMIT_NPROC) gets EAGAIN with that limit
 * as the reason, after the wait that was asked for, or the mapping; not a
 * hang, and nothing is left. With room again, the call succeeds.
 *
 * runs-as: user
 */
#include "limits.h"

int main(int argc, char **argv)
{
	static const int errnos[] = { EAGAIN, 0 };
	static struct residue before, after;
	struct peer target;
	int fd;
	struct rlimit old, none;
	void *at;

	(void)argc;
	rerun_with(argv, "MMAN_PEER_TIMEOUT_MS", "300");
	target = consenting_peer();
	fd = marked_memfd('p');
	residue_look(&before, target.pid);
	CHECK(getrlimit(RLIMIT_NPROC, &old) == 0);
	none = old;
	none.rlim_cur = 0;
	CHECK(setrlimit(RLIMIT_NPROC, &none) == 0);
	CHECK(fork() == -1 && errno == EAGAIN);         /* the limit holds here */

	(void)call_allowing("anonymous", target.pid, PRIVATE_ANON, NOFD, errnos, "RLIMIT_NPROC");
	(void)call_allowing("descriptor", target.pid, MAP_SHARED, fd, errnos, "RLIMIT_NPROC");
	CHECK_MAPS(at, mmap_peer(getpid(), NULL, check_page(), READ_WRITE, MAP_SHARED, fd, 0));
	CHECK_OK(munmap_peer(getpid(), at, check_page()));
	CHECK_MAP_FAILS(mmap_peer(-1, NULL, 0, 0, 0, NOFD, 0), ESRCH);

	CHECK(setrlimit(RLIMIT_NPROC, &old) == 0);
	residue_look(&after, target.pid);
	check_same_text("the target's mappings", before.maps, after.maps);
	check_same_text("the target's descriptors", before.fds, after.fds);
	check_same_text("the caller's descriptors", before.own_fds, after.own_fds);
	CHECK_MAPS(at, mmap_peer(target.pid, NULL, check_page(), READ_WRITE, MAP_SHARED, fd, 0));
	peer_dismiss(&target);
	return 0;
}
