/*
 * A caller whose descriptor table is full gets EMFILE, with RLIMIT_NOFILE as
 * the reason, or its mapping; in its own address space always the latter. As
 * soon as there is room again, calls succeed. Nothing was left behind.
 */
#include "limits.h"

int main(int argc, char **argv)
{
	be_patient(argc, argv);
	static const int errnos[] = { EMFILE, 0 };
	static struct residue before, after;
	struct peer target = consenting_peer();
	int fd = marked_memfd('n');
	struct rlimit old, full;
	void *at;

	residue_look(&before, target.pid);
	CHECK(getrlimit(RLIMIT_NOFILE, &old) == 0);
	for (int room = 0; room < 4; room++) {
		full = old;
		full.rlim_cur = (rlim_t)fd + 1 + (rlim_t)room;
		CHECK(setrlimit(RLIMIT_NOFILE, &full) == 0);
		(void)call_allowing("anonymous", target.pid, PRIVATE_ANON, NOFD, errnos, "RLIMIT_NOFILE");
		(void)call_allowing("descriptor", target.pid, MAP_SHARED, fd, errnos, "RLIMIT_NOFILE");
		CHECK_MAPS(at, mmap_peer(getpid(), NULL, check_page(), READ_WRITE, MAP_SHARED, fd, 0));
		CHECK_OK(munmap_peer(getpid(), at, check_page()));
		CHECK(setrlimit(RLIMIT_NOFILE, &old) == 0);
		residue_look(&after, target.pid);
		check_same_text("the target's mappings", before.maps, after.maps);
		check_same_text("the target's descriptors", before.fds, after.fds);
		check_same_text("the caller's descriptors", before.own_fds, after.own_fds);
	}
	CHECK_MAPS(at, mmap_peer(target.pid, NULL, check_page(), READ_WRITE, MAP_SHARED, fd, 0));
	CHECK(peer_read(&target, at) == 'n');
	peer_dismiss(&target);
	return 0;
}
