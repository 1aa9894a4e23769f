/*
 * A caller at its own RLIMIT_AS gets ENOMEM with an explanation, or its mapping,
 * whose room is the target's affair; nothing is left, and with room again the
 * call succeeds.
 */
#include "limits.h"

int main(int argc, char **argv)
{
	be_patient(argc, argv);
	static const int errnos[] = { ENOMEM, 0 };
	static struct residue before, after;
	struct peer target = consenting_peer();
	int fd = marked_memfd('v');
	struct rlimit old, full;
	void *at;

	residue_look(&before, target.pid);
	CHECK(getrlimit(RLIMIT_AS, &old) == 0);
	full = old;
	full.rlim_cur = check_page();
	CHECK(setrlimit(RLIMIT_AS, &full) == 0);
	CHECK(mmap(NULL, check_page(), READ_WRITE, PRIVATE_ANON, -1, 0) == MAP_FAILED && errno == ENOMEM);
	(void)call_allowing("anonymous", target.pid, PRIVATE_ANON, NOFD, errnos, NULL);
	(void)call_allowing("descriptor", target.pid, MAP_SHARED, fd, errnos, NULL);
	CHECK_MAP_FAILS(mmap_peer(getpid(), NULL, check_page(), READ_WRITE, MAP_SHARED, fd, 0), ENOMEM);
	CHECK(setrlimit(RLIMIT_AS, &old) == 0);
	residue_look(&after, target.pid);
	check_same_text("the target's mappings", before.maps, after.maps);
	check_same_text("the target's descriptors", before.fds, after.fds);
	check_same_text("the caller's descriptors", before.own_fds, after.own_fds);
	CHECK_MAPS(at, mmap_peer(target.pid, NULL, check_page(), READ_WRITE, MAP_SHARED, fd, 0));
	CHECK(peer_read(&target, at) == 'v');
	peer_dismiss(&target);
	return 0;
}
